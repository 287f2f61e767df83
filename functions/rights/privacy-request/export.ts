import type { AtomId } from '../../contracts/ids.ts';
import type { Exporting, PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { EXPORT_DAYS } from '../../contracts/retention.ts';
import { rowRef, type SubjectKey, unseal } from '../../contracts/subject-keys.ts';
import { invariant } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { eventOf, saved, tell } from './evidence.ts';
import { type Entry, liveDocument } from './export-document.ts';
import { keepPart, PartFiller, partsOf, sealingAtom } from './export-parts.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { ArchivedRow, ArchiveFolder, ExportPorts } from './ports.ts';
import { findPerson, located } from './subject.ts';

/** Objects of the archive read at a time. */
const READS_AT_ONCE = 8;
/** Objects after which the place is noted at the latest: what a crash costs. */
const OBJECTS_PER_TURN_MAX = 20_000;

/** `more`: the archive goes on; the place where is kept with the request · `done`. */
export interface Exported {
  readonly outcome: 'more' | 'done';
}

/**
 * One turn of `access` and `port`: gathers of the archive what there is time for, part by part, each sealed under the
 * person's own key and kept for a week; the last turn adds what the live stores have. May be repeated and stopped anywhere:
 * a part's name follows from what it says, and the place in the archive is kept with the request. An erasure meanwhile
 * makes all parts unreadable.
 * @throws TransientError, ThrottledError
 */
export async function exportPerson(
  requestId: string,
  policy: PrivacyPolicy,
  ports: ExportPorts,
  now: EpochMs,
): Promise<Exported> {
  let request = await ports.requests.find(requestId);
  invariant(request !== null && (request.type === 'access' || request.type === 'port'), 'no such export');
  invariant(isProven(request), 'an export that nobody was shown to have asked for');
  if (request.state === 'complete') return { outcome: 'done' };
  if (request.exporting === undefined)
    request = await saved({ ...request, exporting: await begun(request, ports, now) }, ports);
  const { exporting } = request;
  invariant(exporting !== undefined, 'an export that was begun');
  const keys = await ports.keyring.read(exporting.atoms, { fresh: true });
  const { next, last } = await gathered(requestId, exporting, keys, ports);
  if (last === null) {
    await saved({ ...request, exporting: next }, ports);
    return { outcome: 'more' };
  }
  await finish(request, next, last, keys, policy, ports, now);
  return { outcome: 'done' };
}

async function begun(request: PrivacyRequest, ports: ExportPorts, now: EpochMs): Promise<Exporting> {
  const found = located(await findPerson(request.tokens, ports.subjects), request.tokens, null);
  const keys = await ports.keyring.read(found.atoms, { fresh: true });
  const atomId = sealingAtom(found.atoms, keys);
  return { at: now, atoms: found.atoms, atomId, after: '', parts: [], rows: 0, unread: 0 };
}

/** The key under which the parts lie; null when there is nothing to seal; undefined when it was destroyed meanwhile. */
const sealingKey = (
  { atomId }: Exporting,
  keys: ReadonlyMap<AtomId, SubjectKey>,
): SubjectKey | null | undefined => (atomId === null ? null : keys.get(atomId));

/** Goes on through the archive, folder by folder: a row lies in one folder only, though there perhaps in two objects, while
 * small ones are made into a large one.
 * @returns how far it came, and the rows that fill no part when that is the end */
async function gathered(
  requestId: string,
  before: Exporting,
  keys: ReadonlyMap<AtomId, SubjectKey>,
  ports: ExportPorts,
): Promise<{ readonly next: Exporting; readonly last: readonly Entry[] | null }> {
  const sealing = sealingKey(before, keys) ?? null;
  if (sealing === null) return { next: before, last: [] };
  const refs = new WantedRefs(keys);
  const filler = new PartFiller();
  const parts = [...before.parts];
  let { after, rows, unread } = before;
  const keep = async (history: readonly Entry[]): Promise<void> => {
    if (history.length > 0) parts.push(await keepPart(requestId, { history }, sealing, ports.exports));
  };
  let objects = 0;
  for (const folders of inTurns(await ports.archive.folders(after))) {
    if (objects > 0 && (objects > OBJECTS_PER_TURN_MAX || !ports.isInTime())) {
      await keep(filler.take());
      return { next: { ...before, after, parts, rows, unread }, last: null };
    }
    const read = folders.flatMap(({ keys: objectKeys, month }) =>
      objectKeys.map((key) => ports.archive.rows(key, refs.of(month))),
    );
    const found = new Map<string, ArchivedRow>();
    for (const own of await Promise.all(read)) {
      if (own === null) unread += 1;
      for (const row of own ?? []) found.set(`${row.columns.table} ${row.rowId}`, row);
    }
    for (const row of found.values()) await keep(filler.add(openRow(row, keys)));
    rows += found.size;
    objects += read.length;
    after = folders.at(-1)?.prefix ?? after;
  }
  return { next: { ...before, after, parts, rows, unread }, last: filler.take() };
}

/** Folders that are read together: as many objects as are read at a time, or one folder with more. */
function* inTurns(folders: readonly ArchiveFolder[]): Generator<readonly ArchiveFolder[]> {
  let turn: ArchiveFolder[] = [];
  let objects = 0;
  for (const folder of folders) {
    if (objects > 0 && objects + folder.keys.length > READS_AT_ONCE) {
      yield turn;
      turn = [];
      objects = 0;
    }
    turn.push(folder);
    objects += folder.keys.length;
  }
  if (turn.length > 0) yield turn;
}

/** References to the person's rows, by month. */
class WantedRefs {
  readonly #keys: ReadonlyMap<AtomId, SubjectKey>;
  readonly #byMonth = new Map<string, ReadonlySet<string>>();

  constructor(keys: ReadonlyMap<AtomId, SubjectKey>) {
    this.#keys = keys;
  }

  /** @param month such as `2026-05` */
  of(month: string): ReadonlySet<string> {
    const known =
      this.#byMonth.get(month) ??
      new Set([...this.#keys.values()].map((key) => rowRef(key, Date.parse(`${month}-01T00:00:00Z`))));
    this.#byMonth.set(month, known);
    return known;
  }
}

function openRow({ payload, rowId, columns }: ArchivedRow, keys: ReadonlyMap<AtomId, SubjectKey>): Entry {
  if (payload === null) return columns;
  for (const key of keys.values()) {
    const text = unseal(key, payload, rowId);
    if (text !== null) return { ...columns, payload: JSON.parse(text) as unknown };
  }
  return columns;
}

async function finish(
  request: PrivacyRequest,
  exporting: Exporting,
  history: readonly Entry[],
  keys: ReadonlyMap<AtomId, SubjectKey>,
  policy: PrivacyPolicy,
  ports: ExportPorts,
  now: EpochMs,
): Promise<void> {
  const { requestId } = request;
  const { at, atomId, parts, rows } = exporting;
  const key = sealingKey(exporting, keys);
  const first: string[] = [];
  // Whose key was destroyed meanwhile was erased: there is nothing to hand over, and nothing may be kept in the open.
  if (key !== undefined) {
    const live = await liveDocument(request, keys, policy, ports, exporting, at);
    for (const part of partsOf({ ...live, history }))
      first.push(await keepPart(requestId, part, key, ports.exports));
  }
  await tell(
    request,
    [
      { kind: 'subject-exported', reasons: `rows:${rows}`, at, place: 'once' },
      { kind: 'privacy-request-completed', reasons: '', at },
    ],
    policy,
    ports,
  );
  await ports.events.publish([eventOf(request, 'Privacy Request Closed', 'complete', at)]);
  const { exporting: _done, ...rest } = request;
  await saved(
    {
      ...rest,
      state: 'complete',
      exported: { parts: [...first, ...parts], atomId, at, expiresAt: now + EXPORT_DAYS * DAY_MS },
      closedAt: now,
    },
    ports,
  );
}
