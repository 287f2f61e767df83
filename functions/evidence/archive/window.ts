import { isLineageRow } from '../../contracts/archive-columns.ts';
import type { ArchiveTable, LineageRow } from '../../contracts/lineage.ts';
import { pack } from '../../kernel/codec.ts';
import { invariant } from '../../kernel/invariant.ts';
import { utcDate, utcHour } from '../../kernel/time.ts';
import type { LineageDelivery } from './ports.ts';

/** A run of records of one shard. */
export interface Window {
  readonly shardId: string;
  /** Sequence numbers, both included, padded so that text order is number order. */
  readonly first: string;
  readonly last: string;
}

/** Rows that go into one object. */
export interface RowGroup {
  readonly table: ArchiveTable;
  /** Key up to and including the last `/`. */
  readonly prefix: string;
  readonly rows: readonly LineageRow[];
}

/** Something on the stream that is no row: kept as it came. */
export interface Unreadable {
  readonly sequenceNumber: string;
  readonly bytes: Uint8Array;
}

/** Sequence numbers have 56 digits today; the API allows more. */
const SEQUENCE_DIGITS = 64;

function padded(sequenceNumber: string): string {
  invariant(
    /^\d+$/.test(sequenceNumber) && sequenceNumber.length <= SEQUENCE_DIGITS,
    'sequence number is not a number',
  );
  return sequenceNumber.padStart(SEQUENCE_DIGITS, '0');
}

/** @throws InvariantError when there is no record, or records of several shards: an event source never mixes them. */
export function windowOf(records: readonly LineageDelivery[]): Window {
  const [head] = records;
  invariant(head, 'a window has at least one record');
  const { shardId } = head;
  invariant(
    records.every((record) => record.shardId === shardId),
    'a window is of one shard',
  );
  const sequence = records.map((record) => padded(record.sequenceNumber)).sort();
  return { shardId, first: sequence[0] ?? '', last: sequence.at(-1) ?? '' };
}

/** Splits what the records hold into rows, each row id once, and the rest. Of copies the earliest counts. */
export function rowsOf(records: readonly LineageDelivery[]): {
  rows: LineageRow[];
  unreadable: Unreadable[];
} {
  const rows = new Map<string, LineageRow>();
  const unreadable: Unreadable[] = [];
  for (const record of records) {
    const { sequenceNumber } = record;
    if (record.values === null) {
      unreadable.push({ sequenceNumber, bytes: record.raw });
      continue;
    }
    const strangers: unknown[] = [];
    for (const value of record.values) {
      if (!isLineageRow(value)) strangers.push(value);
      else if (!rows.has(idOf(value))) rows.set(idOf(value), value);
    }
    if (strangers.length > 0) unreadable.push({ sequenceNumber, bytes: pack(strangers) });
  }
  return { rows: [...rows.values()], unreadable };
}

/** Row ids are unique within a table. */
const idOf = ({ table, rowId }: LineageRow): string => `${table} ${rowId}`;

/** Groups rows by the folder they belong to, in the order of first appearance. */
export function groupRows(rows: readonly LineageRow[]): RowGroup[] {
  const groups = new Map<string, RowGroup & { rows: LineageRow[] }>();
  for (const row of rows) {
    const prefix = partitionOf(row);
    const group = groups.get(prefix);
    if (group) group.rows.push(row);
    else groups.set(prefix, { table: row.table, prefix, rows: [row] });
  }
  return [...groups.values()];
}

const partitionOf = ({ table, eventClass, receivedAt }: LineageRow): string =>
  `v1/${table}/event_class=${eventClass}/dt=${utcDate(receivedAt)}/hh=${utcHour(receivedAt)}/`;

export const objectKey = (prefix: string, { shardId, first, last }: Window): string =>
  `${prefix}${shardId}_${first}_${last}.parquet`;

export const unreadableKey = ({ shardId }: Window, { sequenceNumber }: Unreadable): string =>
  `v1/unreadable/${shardId}_${padded(sequenceNumber)}`;

/** Windows begun on a shard leave a mark each, ordered by their last record. */
export const marksPrefix = (shardId: string): string => `v1/windows/${shardId}/`;
export const markKey = ({ shardId, first, last }: Window): string =>
  `${marksPrefix(shardId)}${last}_${first}`;
/** Marks of windows that end at or behind `first` are listed after this key. */
export const marksFrom = ({ shardId, first }: Window): string => `${marksPrefix(shardId)}${first}`;

/** Whether another window (other bounds) shares records with this one.
 * @param marks keys of marks listed after {@link marksFrom}. */
export function overlapsAnother(window: Window, marks: readonly string[]): boolean {
  const own = markKey(window);
  return marks.some((mark) => mark !== own && mark.slice(mark.lastIndexOf('_') + 1) <= window.last);
}
