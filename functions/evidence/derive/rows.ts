import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { ArchiveTable } from '../../contracts/lineage.ts';
import { effectPayloadIn, matchIn, type SignalPayload, signalPayloadIn } from '../../contracts/payloads.ts';
import { type MatchChange, pairKey } from '../../contracts/subject.ts';
import { rowRef, type SubjectKey, unseal } from '../../contracts/subject-keys.ts';
import { DAY_MS, type EpochMs, utcDate } from '../../kernel/time.ts';
import { type ArchivedRow, readRows } from '../archive/parquet.ts';
import type { DerivePorts } from './ports.ts';

/** Keys that open an archive's rows, by the reference that each has in each month. */
export type KeysByRef = ReadonlyMap<string, { readonly atomId: AtomId; readonly key: SubjectKey }>;

/** First instants of the UTC months from one time to another. */
export function monthsOf(from: EpochMs, to: EpochMs): readonly EpochMs[] {
  const months: EpochMs[] = [];
  const start = new Date(from);
  for (let month = 0; ; month += 1) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month);
    if (at > to) return months;
    months.push(at);
  }
}

/** UTC days from one time to another, as `YYYY-MM-DD`. */
export const daysOf = (from: EpochMs, to: EpochMs): ReadonlySet<string> => {
  const days = new Set<string>();
  for (let at = from; at < to + DAY_MS; at += DAY_MS) days.add(utcDate(Math.min(at, to)));
  return days;
};

/** Adds the references that an atom's rows of these months have. */
export function addRefs(
  into: Map<string, { readonly atomId: AtomId; readonly key: SubjectKey }>,
  atomId: AtomId,
  key: SubjectKey,
  months: readonly EpochMs[],
): void {
  for (const month of months) into.set(rowRef(key, month), { atomId, key });
}

/** Keys of objects of one archive table on the given days, in order. A key says the day: `dt=YYYY-MM-DD`. */
export async function objectsOf(
  table: ArchiveTable,
  days: ReadonlySet<string>,
  { evidence }: Pick<DerivePorts, 'evidence'>,
): Promise<readonly string[]> {
  const keys = await evidence.keys(`v1/${table}/`);
  return keys.filter(
    (key) => days.has(/\/dt=([\d-]{10})\//.exec(key)?.[1] ?? '') && key.endsWith('.parquet'),
  );
}

/** A row's payload in the open, and whose it is; null when its key is gone, or it has none. */
export function opened(
  row: ArchivedRow,
  keys: KeysByRef,
): { readonly atomId: AtomId; readonly text: string } | null {
  const owner = row.rowRef === null ? undefined : keys.get(row.rowRef);
  if (owner === undefined || row.payload === null) return null;
  const text = unseal(owner.key, row.payload, row.rowId);
  return text === null ? null : { atomId: owner.atomId, text };
}

/** What matching concluded of two atoms, as the archive remembers it. */
export interface ArchivedMatch extends MatchChange {
  readonly rowId: string;
  /** When: of two about one pair the later holds. */
  readonly at: EpochMs;
}

/** What was decided about identity, by people and by matching. */
export interface ArchivedIdentity {
  readonly orders: readonly IdentityOrder[];
  readonly matches: readonly ArchivedMatch[];
}

/** What was decided about identity, as the archive remembers it and as far as these keys open it: a match takes those of
 * both its atoms. */
export async function identityIn(bytes: Uint8Array, keys: KeysByRef): Promise<ArchivedIdentity> {
  const orders: IdentityOrder[] = [];
  const matches: ArchivedMatch[] = [];
  for (const row of await readRows(bytes)) {
    const open = opened(row, keys);
    const payload = open === null ? null : effectPayloadIn(open.text);
    if (payload?.ordered !== undefined)
      orders.push({ orderId: row.rowId, ...payload.ordered, receivedAt: payload.at });
    const key = payload?.matched === undefined ? undefined : keysByAtom(keys).get(payload.matched.other);
    if (payload?.matched === undefined || key === undefined) continue;
    const change = matchIn(payload.matched, key, row.rowId);
    if (change !== null) matches.push({ ...change, rowId: row.rowId, at: payload.at });
  }
  return { orders, matches };
}

const byAtom = new WeakMap<KeysByRef, ReadonlyMap<AtomId, SubjectKey>>();

function keysByAtom(keys: KeysByRef): ReadonlyMap<AtomId, SubjectKey> {
  const known = byAtom.get(keys);
  if (known !== undefined) return known;
  const made = new Map([...keys.values()].map(({ atomId, key }) => [atomId, key] as const));
  byAtom.set(keys, made);
  return made;
}

/** Of each pair what was concluded last, as orders that a replay obeys. Whether a pair is linked follows from that alone. */
export function concludedLast(matches: readonly ArchivedMatch[]): readonly IdentityOrder[] {
  const last = new Map<string, ArchivedMatch>();
  for (const match of [...matches].sort((x, y) => x.at - y.at)) last.set(pairKey(match.a, match.b), match);
  return [...last.values()].map(
    ({ rowId, at, a, b, link }): IdentityOrder => ({
      orderId: rowId,
      decisions: [],
      severed: [],
      receivedAt: at,
      concluded: link === null ? { links: [], withdrawn: [[a, b]] } : { links: [link], withdrawn: [] },
    }),
  );
}

/** A signal as the archive remembers it. */
export interface ArchivedSignal extends SignalPayload {
  readonly rowId: string;
  readonly atomId: AtomId;
}

/** The signals that an object holds and these keys open, and how many rows with a payload they do not. */
export async function signalsIn(
  bytes: Uint8Array,
  keys: KeysByRef,
): Promise<{ readonly signals: readonly ArchivedSignal[]; readonly sealed: number }> {
  const signals: ArchivedSignal[] = [];
  let sealed = 0;
  for (const row of await readRows(bytes)) {
    if (row.payload === null) continue;
    const open = opened(row, keys);
    const payload = open === null ? null : signalPayloadIn(open.text);
    if (open === null || payload === null) sealed += 1;
    else signals.push({ ...payload, rowId: row.rowId, atomId: open.atomId });
  }
  return { signals, sealed };
}
