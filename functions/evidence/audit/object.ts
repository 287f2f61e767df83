import { hash } from 'node:crypto';
import type { LogEntry, RowsEntry } from '../../contracts/evidence-log.ts';
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
  const { columns, broken } = await readableColumns(bytes);
  if (columns === null)
    return { ...finding, what: `is no Parquet file any more: all its ${entry.rows} rows are affected` };
  const rowIds = columns.find(({ name }) => name === 'row_id')?.cells ?? null;
  const named = (rows: readonly number[]): readonly string[] =>
    rows.slice(0, ROWS_NAMED_MAX).map((at) => (rowIds === null ? `number ${at}` : String(rowIds[at])));
  if (broken.length > 0) {
    const all = Array.from({ length: entry.rows }, (_, at) => at);
    return {
      ...finding,
      what: `has other bytes than were logged: ${broken.join(', ')} of its ${entry.rows} rows cannot be read`,
      rows: named(all),
    };
  }
  const hashes = rowHashes(ownColumns(columns));
  const checks = columns.find(({ name }) => name === ROW_CHECK)?.cells ?? [];
  const wrong = hashes.flatMap((own, at) => (rowCheck(own) === checks[at] ? [] : [at]));
  if (wrong.length > 0)
    return {
      ...finding,
      what: `has other bytes than were logged: ${wrong.length} of its rows are not what they were`,
      rows: named(wrong),
    };
  if (rowsRoot(hashes) === entry.rowsRoot)
    return {
      ...finding,
      what: 'has other bytes than were logged; its rows are still those that were logged',
    };
  return {
    ...finding,
    what: `was replaced by another file: ${hashes.length} rows, where ${entry.rows} others were logged`,
    rows: named(hashes.map((_, at) => at)),
  };
}

/** Reads what can be read, one column at a time. */
async function readableColumns(
  bytes: Uint8Array,
): Promise<{ readonly columns: readonly CellColumn[] | null; readonly broken: readonly string[] }> {
  let names: readonly string[];
  try {
    names = columnsIn(bytes).map(({ name }) => name);
  } catch {
    return { columns: null, broken: [] };
  }
  const columns: CellColumn[] = [];
  const broken: string[] = [];
  for (const name of names) {
    try {
      columns.push(...(await readColumns(bytes, [name])));
    } catch {
      broken.push(name);
    }
  }
  return { columns, broken };
}
