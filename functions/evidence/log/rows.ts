import { DAY_MS, utcDate } from '../../kernel/time.ts';
import { type Hash, leafHash, rootOf } from './merkle.ts';

/** `date` is whole days since 1970-01-01, as Parquet has it. */
export type CellType = 'string' | 'bytes' | 'int32' | 'date';
export type Cell = string | Uint8Array | number | null;

/** One column of some rows, in the order of the rows. */
export interface CellColumn {
  readonly name: string;
  readonly type: CellType;
  readonly nullable: boolean;
  readonly cells: readonly Cell[];
}

/**
 * A row as text, of which the hash is a leaf: JSON, `[[name, type, value], …]` in the order of the file's columns, without
 * spaces, strings as `JSON.stringify` writes them (RFC 8785 section 3.2.2.2), bytes as base64, dates as `YYYY-MM-DD`. It
 * depends on the file alone, so a file of any version of the columns can be checked.
 * @param at number of the row, from 0
 */
export function rowText(columns: readonly CellColumn[], at: number): string {
  let text = '[';
  for (const { name, type, cells } of columns) {
    const cell = cells[at] ?? null;
    text += `${text.length > 1 ? ',' : ''}["${name}","${type}",${cell === null ? 'null' : cellText(type, cell)}]`;
  }
  return `${text}]`;
}

function cellText(type: CellType, cell: NonNullable<Cell>): string {
  if (typeof cell === 'number') return type === 'date' ? `"${utcDate(cell * DAY_MS)}"` : String(cell);
  // Parquet's UTF-8 has no lone surrogates: what is written for one is what is read for it.
  if (typeof cell === 'string') return JSON.stringify(cell.toWellFormed());
  return `"${Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('base64')}"`;
}

/** Leaf hashes of rows, in their order. */
export function rowHashes(columns: readonly CellColumn[]): Hash[] {
  const rows = columns[0]?.cells.length ?? 0;
  return Array.from({ length: rows }, (_, at) => leafHash(rowText(columns, at)));
}

/** Root of the tree over some rows (RFC 6962), as hexadecimal digits. */
export const rowsRoot = (hashes: Iterable<Hash>): string => rootOf(hashes).toString('hex');

/**
 * The column that each archived object carries beside its rows: the first four bytes of each row's hash, as a signed
 * number. The log proves that an object was changed; this column then tells which row.
 */
export const ROW_CHECK = 'row_check';
export const rowCheck = (hash: Hash): number => hash.readInt32BE(0);
