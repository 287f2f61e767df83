import { createHash } from 'node:crypto';
import type { ConsentState } from '../../contracts/consent.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { PURPOSES } from '../../contracts/purposes.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import { EXPORT_DAYS } from '../../contracts/retention.ts';
import { NOTHING_PUBLISHED } from '../../contracts/subject.ts';
import { rowRef, type SubjectKey, seal, unseal } from '../../contracts/subject-keys.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import { invariant, TransientError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { personOf } from '../../pipeline/3-profile/person.ts';
import { wholeState } from '../../pipeline/3-profile/revocable.ts';
import { decodeState } from '../../pipeline/3-profile/state-codec.ts';
import { openPersons } from '../../pipeline/understand/person.ts';
import { sources } from '../../registry/sources/index.ts';
import { begun } from './begun.ts';
import { eventOf, tell } from './evidence.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { ArchivedRow, ExportPorts } from './ports.ts';
import { type FoundPerson, findPerson, located } from './subject.ts';

/** Objects of the archive read at a time. */
const READS_AT_ONCE = 8;

/** Everything held of a person, in words that need no explanation of ours (GDPR art. 15 and 20). */
export interface PersonExport {
  readonly about: Readonly<Record<string, unknown>>;
  readonly identifiers: readonly { readonly type: string; readonly count: number }[];
  readonly profile: readonly Readonly<Record<string, unknown>>[];
  readonly segments: readonly Readonly<Record<string, unknown>>[];
  readonly attributes: readonly Readonly<Record<string, unknown>>[];
  readonly consent: readonly Readonly<Record<string, unknown>>[];
  readonly alerts: readonly Readonly<Record<string, unknown>>[];
  readonly quarantined: readonly Readonly<Record<string, unknown>>[];
  readonly history: readonly Readonly<Record<string, unknown>>[];
  readonly sources: readonly Readonly<Record<string, unknown>>[];
  readonly recipients: readonly Readonly<Record<string, unknown>>[];
  readonly retention: readonly Readonly<Record<string, unknown>>[];
}

const iso = (at: EpochMs): string => new Date(at).toISOString();

/**
 * `access` and `port`: gathers everything, seals it under the person's own key and keeps it for a week. An erasure meanwhile
 * makes it unreadable too.
 * @throws TransientError, ThrottledError
 */
export async function exportPerson(
  requestId: string,
  policy: PrivacyPolicy,
  ports: ExportPorts,
  now: EpochMs,
): Promise<void> {
  const found = await ports.requests.find(requestId);
  invariant(found !== null && (found.type === 'access' || found.type === 'port'), 'no such export');
  invariant(isProven(found), 'an export that nobody was shown to have asked for');
  if (found.state === 'complete') return;
  const request = await begun(found, ports.requests, now);
  const person = await findPerson(request.tokens, ports.subjects);
  const whole = located(person, request.tokens, null);
  const keys = await ports.keyring.read(whole.atoms, { fresh: true });
  const [sealing] = whole.atoms.filter((atom) => keys.has(atom));
  const at = request.startedAt;
  const gathered = await gather(request, person, keys, policy, ports, at);
  const key = `v1/${requestId}/${createHash('sha256').update(requestId).digest('hex').slice(0, 16)}`;
  const text = JSON.stringify(gathered);
  const sealingKey = sealing === undefined ? undefined : keys.get(sealing);
  // Of a person of whom nothing is held there is nothing to seal: the export says that.
  await ports.exports.put(
    key,
    sealingKey === undefined ? Buffer.from(text) : seal(sealingKey, text, `export ${requestId}`),
  );
  await tell(
    request,
    [
      { kind: 'subject-exported', reasons: `rows:${gathered.history.length}`, at, place: 'once' },
      { kind: 'privacy-request-completed', reasons: '', at },
    ],
    policy,
    ports,
  );
  await ports.events.publish([eventOf(request, 'Privacy Request Closed', 'complete', at)]);
  const next: PrivacyRequest = {
    ...request,
    state: 'complete',
    located: { ...whole, nodes: [], cues: [], subjectIds: [], atoms: sealing === undefined ? [] : [sealing] },
    exported: { key, at, expiresAt: at + EXPORT_DAYS * DAY_MS },
    closedAt: now,
  };
  if ((await ports.requests.save(next)) === null) throw new TransientError('the request is being changed');
}

/** Opens an export; null when it has expired or the person was erased since. @throws TransientError, ThrottledError */
export async function openExport(
  request: PrivacyRequest,
  ports: {
    readonly exports: Pick<ExportPorts['exports'], 'get'>;
    readonly keyring: ExportPorts['keyring'];
  },
  now: EpochMs,
): Promise<PersonExport | null> {
  const { exported, located: found, requestId } = request;
  if (exported === null || exported.expiresAt <= now) return null;
  const bytes = await ports.exports.get(exported.key);
  if (bytes === null) return null;
  const [atom] = found?.atoms ?? [];
  if (atom === undefined) return JSON.parse(Buffer.from(bytes).toString('utf8')) as PersonExport;
  const key = (await ports.keyring.read([atom], { fresh: true })).get(atom);
  const text = key === undefined ? null : unseal(key, bytes, `export ${requestId}`);
  return text === null ? null : (JSON.parse(text) as PersonExport);
}

async function gather(
  request: PrivacyRequest,
  person: FoundPerson,
  keys: ReadonlyMap<AtomId, SubjectKey>,
  policy: PrivacyPolicy,
  ports: ExportPorts,
  now: EpochMs,
): Promise<PersonExport> {
  const { jurisdiction } = policy;
  const found = located(person, request.tokens, null);
  const counts = new Map<string, number>();
  for (const node of person.nodes.keys()) {
    const type = typeOfToken(node);
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const published = [
    ...[...person.nodes.values()].map((node) => node.published ?? NOTHING_PUBLISHED),
    ...[...person.subjects.values()].map((subject) => subject.published),
  ];
  const [alerts, quarantined, history] = await Promise.all([
    ports.hot.alertsOf(found.subjectIds),
    ports.hot.quarantinedAbout(found.nodes).then((records) => contentOf(records, ports)),
    historyOf(keys, ports),
  ]);
  const world = await ports.subjects.read([], [], true, found.atoms);
  const persons = await openPersons(world, new Map(keys), ports.keyring);
  const states = [...person.nodes.values()].flatMap(({ state }) =>
    state === null ? [] : [decodeState(state)],
  );
  return {
    about: {
      requestId: request.requestId,
      law: jurisdiction.law,
      jurisdiction: jurisdiction.code,
      gatheredAt: iso(now),
      note: 'Identifiers are stored as keyed tokens only, and cannot be read back; they are counted by type.',
    },
    identifiers: [...counts].map(([type, count]) => ({ type, count })),
    profile: states.map(wholeState).map((state) => ({
      ...state,
      consent: undefined,
      revocable: undefined,
      weeks: [...state.weeks].map(([week, each]) => ({ week, ...each })),
    })),
    segments: published.flatMap(({ segments }) =>
      Object.entries(segments).map(([name, since]) => ({ name, since: iso(since) })),
    ),
    attributes: [...persons.values()].flatMap((each) =>
      Object.entries(personOf(each)).map(([attribute, value]) => ({ attribute, value })),
    ),
    consent: states.flatMap(({ consent }) => choicesIn(consent)),
    alerts: alerts.map((alert) => ({ ...alert })),
    quarantined,
    history,
    sources: sources.map(({ id, kind, steward }) => ({ id, kind, steward })),
    recipients: PURPOSES.map((purpose) => ({
      purpose,
      recipients: 'the operational systems of the controller in this account',
      transferred: jurisdiction.transfers.value,
    })),
    retention: Object.entries(jurisdiction.retention).map(([eventClass, { value }]) => ({
      eventClass,
      ...value,
    })),
  };
}

/** Everything that was chosen, stated or signalled, with its time. */
const choicesIn = ({ gpc, age, purposes }: ConsentState): readonly Readonly<Record<string, unknown>>[] => [
  ...Object.entries(purposes).flatMap(([purpose, { explicit, stated }]) => [
    ...explicit.map(({ at, depth }) => ({ purpose, origin: 'explicit', depth, at: iso(at) })),
    ...stated.map(({ at, depth }) => ({ purpose, origin: 'stated', depth, at: iso(at) })),
  ]),
  ...(gpc === null ? [] : [{ purpose: 'all', origin: 'gpc', depth: 'none', at: iso(gpc.lastAt) }]),
  ...(age === null ? [] : [{ purpose: 'all', origin: 'age', years: age.years, at: iso(age.at) }]),
];

async function contentOf(
  records: readonly OutcomeRecord[],
  ports: Pick<ExportPorts, 'quarantine'>,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const keys = [...new Set(records.flatMap(({ quarantine }) => quarantine?.key ?? []))];
  const objects = new Map(
    await Promise.all(keys.map(async (key) => [key, await ports.quarantine.get(key)] as const)),
  );
  return records.map(({ reason, sourceId, receivedAt, quarantine: place }) => ({
    reason,
    sourceId,
    receivedAt: iso(receivedAt),
    event: place === undefined ? null : (objects.get(place.key)?.[place.line]?.event ?? null),
  }));
}

/** Rows of the archive that are the person's: found by the references that their keys make for each month, and opened. */
async function historyOf(
  keys: ReadonlyMap<AtomId, SubjectKey>,
  { archive }: Pick<ExportPorts, 'archive'>,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  if (keys.size === 0) return [];
  const objects = await archive.keys();
  // A row may lie in two objects for a while, when small ones are made into a large one.
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  const wantedOf = new Map<string, ReadonlySet<string>>();
  const wantedIn = (month: string): ReadonlySet<string> => {
    const known =
      wantedOf.get(month) ??
      new Set([...keys.values()].map((key) => rowRef(key, Date.parse(`${month}-01T00:00:00Z`))));
    wantedOf.set(month, known);
    return known;
  };
  for (let from = 0; from < objects.length; from += READS_AT_ONCE) {
    const pages = await Promise.all(
      objects.slice(from, from + READS_AT_ONCE).map((key) => {
        const [, month = ''] = /\/dt=(\d{4}-\d\d)-\d\d\//.exec(key) ?? [];
        return month === '' ? [] : archive.rows(key, wantedIn(month));
      }),
    );
    for (const row of pages.flat()) found.set(`${row.columns.table} ${row.rowId}`, openRow(row, keys));
  }
  return [...found.values()];
}

function openRow(row: ArchivedRow, keys: ReadonlyMap<AtomId, SubjectKey>): Readonly<Record<string, unknown>> {
  const { payload } = row;
  for (const key of payload === null ? [] : keys.values()) {
    const text = payload === null ? null : unseal(key, payload, row.rowId);
    if (text !== null) return { ...row.columns, payload: JSON.parse(text) as unknown };
  }
  return { ...row.columns };
}
