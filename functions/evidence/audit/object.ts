import { hash } from 'node:crypto';
import type { LogEntry, RowsEntry } from '../../contracts/evidence-log.ts';
import { type DamagedChunk, damagedChunks } from '../archive/intact.ts';
import { columnsIn, readColumns } from '../archive/parquet.ts';
import type { Hash } from '../log/merkle.ts';
import { type CellColumn, ROW_CHECK, rowCheck, rowHashes, rowsRoot } from '../log/rows.ts';
import { type Finding, ROWS_NAMED_MAX } from './findings.ts';

/**
 * Compares an object with its entry: bytes, then each row with the root, then, of a compacted object, the rows of each
 * object that it replaced with that one's root.
 */
export async function checkObject(
  entry: LogEntry,
  bytes: Uint8Array,
  parts: readonly RowsEntry[] = [],
): Promise<readonly Finding[]> {
  if (hash('sha256', bytes) !== entry.sha256) return [await changed(entry, bytes)];
  if (entry.kind !== 'rows') return [];
  const hashes = rowHashes(ownColumns(await readColumns(bytes)));
  const findings: Finding[] = [];
  if (hashes.length !== entry.rows || rowsRoot(hashes) !== entry.rowsRoot)
    findings.push({
      kind: 'object-changed',
      where: entry.key,
      what: 'has the bytes that were logged, but its rows do not give the root that was logged with them',
    });
  return [...findings, ...unfaithfulParts(entry.key, hashes, parts)];
}

const ownColumns = (columns: readonly CellColumn[]): readonly CellColumn[] =>
  columns.filter(({ name }) => name !== ROW_CHECK);

function unfaithfulParts(
  key: string,
  hashes: readonly Hash[],
  parts: readonly RowsEntry[],
): readonly Finding[] {
  let from = 0;
  return parts.flatMap((part): readonly Finding[] => {
    const own = hashes.slice(from, from + part.rows);
    from += part.rows;
    return rowsRoot(own) === part.rowsRoot
      ? []
      : [
          {
            kind: 'compaction-unfaithful',
            where: key,
            what: `its rows ${from - part.rows} to ${from - 1} are not those of ${part.key}, which it replaced`,
          },
        ];
  });
}

/** An object whose bytes are not the logged ones: which of its rows are not what they were. */
async function changed(entry: LogEntry, bytes: Uint8Array): Promise<Finding> {
  const finding = { kind: 'object-changed', where: entry.key } as const;
  if (entry.kind !== 'rows') return { ...finding, what: 'has other bytes than were logged' };
  try {
    const damaged = damagedChunks(bytes);
    const broken = new Set(damaged.map(({ column }) => column));
    const names = columnsIn(bytes).map(({ name }) => name);
    const columns = await readColumns(
      bytes,
      names.filter((name) => !broken.has(name)),
    );
    const found = damaged.length > 0 ? damageOf(entry, damaged) : rewritingOf(entry, columns);
    const rowIds = columns.find(({ name }) => name === 'row_id')?.cells;
    const rows = found.rows
      .slice(0, ROWS_NAMED_MAX)
      .map((at) => (rowIds?.[at] === undefined ? `number ${at}` : String(rowIds[at])));
    return { ...finding, what: found.what, ...(rows.length === 0 ? {} : { rows }) };
  } catch {
    return {
      ...finding,
      what: `has other bytes than were logged, and its footer cannot be read: all its ${entry.rows} rows are affected`,
    };
  }
}

interface Extent {
  readonly what: string;
  /** Numbers of the rows, from 0. */
  readonly rows: readonly number[];
}

/** Damage in place, such as a flipped byte: the rows of the column chunks that it lies in. */
function damageOf({ rows: count }: RowsEntry, damaged: readonly DamagedChunk[]): Extent {
  const ranges = new Map(damaged.map(({ rows: [from, to] }) => [from, Math.min(to, count)]));
  const rows = [...ranges].flatMap(([from, to]) =>
    Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at),
  );
  const columns = [...new Set(damaged.map(({ column }) => column))].join(', ');
  return {
    what: `has other bytes than were logged: ${columns} of ${rows.length} of its ${count} rows`,
    rows,
  };
}

/** A file that is whole in itself: the rows whose hash is not the one beside them. */
function rewritingOf(entry: RowsEntry, columns: readonly CellColumn[]): Extent {
  const hashes = rowHashes(ownColumns(columns));
  if (rowsRoot(hashes) === entry.rowsRoot)
    return { what: 'has other bytes than were logged; its rows are still those that were logged', rows: [] };
  const checks = columns.find(({ name }) => name === ROW_CHECK)?.cells ?? [];
  const wrong = hashes.flatMap((own, at) => (rowCheck(own) === checks[at] ? [] : [at]));
  return wrong.length > 0
    ? {
        what: `has other bytes than were logged: ${wrong.length} of its ${entry.rows} rows are not what they were`,
        rows: wrong,
      }
    : {
        what: `was replaced by another file: ${hashes.length} rows, where ${entry.rows} others were logged`,
        rows: hashes.map((_, at) => at),
      };
}
