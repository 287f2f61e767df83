import { DAY_MS } from '../kernel/time.ts';
import { EVENT_CLASSES } from './event-classes.ts';
import {
  ARCHIVE_TABLES,
  type ArchiveTable,
  type EffectRow,
  type LineageRow,
  type RefusalRow,
  type SignalRow,
} from './lineage.ts';

/** `date` is whole days since 1970-01-01, as Parquet has it. */
export type ColumnType = 'string' | 'int32' | 'date' | 'bytes';

/** One column of an archive table. */
export interface Column<Row extends LineageRow = LineageRow> {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable?: true;
  readonly meaning: string;
  value(row: Row): string | number | Uint8Array | null;
}

const common: readonly Column[] = [
  {
    name: 'row_id',
    type: 'string',
    meaning: 'identifies the row; the same wherever and whenever it is derived',
    value: (row) => row.rowId,
  },
  {
    name: 'row_ref',
    type: 'string',
    nullable: true,
    meaning: 'keyed token of customer and month: joins rows of one customer within a month, and no further',
    value: (row) => row.rowRef,
  },
  {
    name: 'payload',
    type: 'bytes',
    nullable: true,
    meaning: 'the whole of it, sealed under a key that erasure destroys',
    value: (row) => (typeof row.payload === 'string' ? Buffer.from(row.payload, 'base64') : null),
  },
  {
    name: 'policy_version',
    type: 'string',
    meaning: 'the definitions that produced the row',
    value: (row) => row.policyVersion,
  },
];

const signals: readonly Column<SignalRow>[] = [
  {
    name: 'source_id',
    type: 'string',
    meaning: 'the source that sent the signal',
    value: (row) => row.sourceId,
  },
  {
    name: 'signal_name',
    type: 'string',
    meaning: "the signal's name in the catalogue, or `other`",
    value: (row) => row.signalName,
  },
  {
    name: 'purposes',
    type: 'string',
    meaning: 'purposes it was applied for, comma-separated',
    value: (row) => row.purposes,
  },
  {
    name: 'occurred_date',
    type: 'date',
    meaning: 'UTC day on which it happened, by the source',
    value: (row) => daysOf(row.occurredDate),
  },
  {
    name: 'latency_ms',
    type: 'int32',
    meaning: 'from receipt to the write of the profile',
    value: (row) => row.latencyMs,
  },
];

const refusals: readonly Column<RefusalRow>[] = [
  {
    name: 'source_id',
    type: 'string',
    meaning: 'the source that sent the event',
    value: (row) => row.sourceId,
  },
  {
    name: 'signal_name',
    type: 'string',
    meaning: "the signal's name in the catalogue, or `other`",
    value: (row) => row.signalName,
  },
  {
    name: 'outcome',
    type: 'string',
    meaning: 'duplicate, quarantined, withheld, suppressed or misdirected',
    value: (row) => row.outcome,
  },
  { name: 'reason', type: 'string', meaning: 'reason code', value: (row) => row.reason },
];

const effects: readonly Column<EffectRow>[] = [
  {
    name: 'kind',
    type: 'string',
    meaning: 'what happened: a merge, a segment move, an alert',
    value: (row) => row.kind,
  },
  {
    name: 'name',
    type: 'string',
    meaning: 'segment, alert rule or identifier type, by its registry name',
    value: (row) => row.name,
  },
  { name: 'reasons', type: 'string', meaning: 'reason codes, comma-separated', value: (row) => row.reasons },
  {
    name: 'latency_ms',
    type: 'int32',
    nullable: true,
    meaning: 'from receipt of the signal that caused it to the write of the profile; null when no signal did',
    value: (row) => row.latencyMs,
  },
];

/** Every column of every archive table. No identifiers, no free text, no exact time (law 10). Three more come from
 * the key of the object that holds a row: {@link PARTITIONS}. */
export const columnsOf = {
  signals: [...common, ...signals],
  refusals: [...common, ...refusals],
  effects: [...common, ...effects],
} as unknown as Readonly<Record<ArchiveTable, readonly Column[]>>; // a table's columns only ever see rows of that table

/** Columns that are folders of the key, outermost first: event class, UTC day and UTC hour of receipt. */
export const PARTITIONS = { event_class: 'string', dt: 'date', hh: 'int32' } as const satisfies Record<
  string,
  ColumnType
>;

const daysOf = (utcDate: string): number => Date.parse(`${utcDate}T00:00:00Z`) / DAY_MS;

/** Whether a value from the stream is a row that the archive can hold: known table and class, every column filled
 * with its type. */
export function isLineageRow(value: unknown): value is LineageRow {
  if (typeof value !== 'object' || value === null) return false;
  const row = value as LineageRow;
  return (
    ARCHIVE_TABLES.includes(row.table) &&
    EVENT_CLASSES.includes(row.eventClass) &&
    Number.isSafeInteger(row.receivedAt) &&
    Math.abs(row.receivedAt) < LAST_TIME_MS &&
    columnsOf[row.table].every((column) => fits(column, column.value(row)))
  );
}

/** The end of the year 9999: later days do not fit `YYYY-MM-DD`. */
const LAST_TIME_MS = 253_402_300_800_000;

function fits(column: Column, value: string | number | Uint8Array | null | undefined): boolean {
  if (value === null) return column.nullable === true;
  if (column.type === 'bytes') return value instanceof Uint8Array;
  if (column.type === 'string') return typeof value === 'string';
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}
