import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetRead, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { columnsOf } from '../../contracts/archive-columns.ts';
import type { ArchiveTable, LineageRow } from '../../contracts/lineage.ts';
import { DAY_MS, utcDate } from '../../kernel/time.ts';
import {
  type Cell,
  type CellColumn,
  type CellType,
  ROW_CHECK,
  rowCheck,
  rowHashes,
  rowsRoot,
} from '../log/rows.ts';
import { assertIntact, checkTail, integrityOf } from './intact.ts';

/** Level 3 is zstd's default: a window is written once and read often, and 6 or more costs twice the CPU for 3 %. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** What Athena and DuckDB read in parallel; a window seldom fills one. */
const ROW_GROUP_ROWS = 100_000;

const ELEMENTS: Readonly<Record<CellType, Pick<SchemaElement, 'type' | 'converted_type'>>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  bytes: { type: 'BYTE_ARRAY' },
  int32: { type: 'INT32' },
  date: { type: 'INT32', converted_type: 'DATE' },
};

/** The column that rows are looked for by. Its filters take 0.65 bytes a row and are wrong once in a hundred times. */
const LOOKED_FOR_BY = 'row_ref';

/** Rows as a file, and what the log says of them. */
export interface RowsFile {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** {@link rowsRoot} */
  readonly rowsRoot: string;
}

const element = ({ name, type, nullable }: Omit<CellColumn, 'cells'>): SchemaElement => ({
  name,
  ...ELEMENTS[type],
  repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
});

/** Rows of one table as a Parquet file: typed columns, zstd. The same rows in the same order give the same bytes. */
export const writeParquet = (table: ArchiveTable, rows: readonly LineageRow[]): RowsFile =>
  writeColumns(
    columnsOf[table].map((column) => ({
      name: column.name,
      type: column.type,
      nullable: column.nullable === true,
      cells: rows.map((row) => column.value(row)),
    })),
  );

/** Like {@link writeParquet}, of columns as {@link readColumns} gives them. */
export function writeColumns(columns: readonly CellColumn[]): RowsFile {
  const hashes = rowHashes(columns);
  const checks: CellColumn = {
    name: ROW_CHECK,
    type: 'int32',
    nullable: false,
    cells: hashes.map(rowCheck),
  };
  const written = [...columns, checks];
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [{ name: 'root', num_children: written.length }, ...written.map(element)],
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, ZSTD) },
    createdBy: 'rapport',
  });
  file.write({
    columnData: written.map(({ name, cells }) => ({
      name,
      data: [...cells],
      // Whoever looks for one customer's rows passes over the row groups that have none.
      ...(name === LOOKED_FOR_BY ? { bloomFilter: true } : {}),
    })),
    rowGroupSize: ROW_GROUP_ROWS,
  });
  file.kvMetadata = integrityOf(writer.getBytes(), file.row_groups);
  file.finish();
  const bytes = writer.getBytes();
  checkTail(bytes);
  return { bytes, rows: hashes.length, rowsRoot: rowsRoot(hashes) };
}

const BYTES_AS_THEY_ARE = {
  utf8: false,
  compressors: { ZSTD: (compressed: Uint8Array) => zstdDecompressSync(compressed) },
} as const;

/** The columns of a file in their order, without their cells.
 * @throws Error when it is no Parquet file, or has a type that the archive does not write. */
export function columnsIn(bytes: Uint8Array): Omit<CellColumn, 'cells'>[] {
  const [, ...elements] = parquetMetadata(bufferOf(bytes)).schema;
  return elements.map((found) => {
    const type = (Object.keys(ELEMENTS) as CellType[]).find(
      (candidate) =>
        ELEMENTS[candidate].type === found.type &&
        ELEMENTS[candidate].converted_type === found.converted_type,
    );
    if (type === undefined)
      throw new Error(`column ${found.name} has a type that the archive does not write`);
    return { name: found.name, type, nullable: found.repetition_type !== 'REQUIRED' };
  });
}

/**
 * Reads columns of a Parquet file that {@link writeColumns} made.
 * @param names the columns to read; all unless given
 * @throws Error when the file is not one, or not whole
 */
export async function readColumns(bytes: Uint8Array, names?: readonly string[]): Promise<CellColumn[]> {
  const file = bufferOf(bytes);
  const metadata = parquetMetadata(file);
  const wanted = columnsIn(bytes).filter(({ name }) => names?.includes(name) ?? true);
  const rows = Number(metadata.num_rows);
  const cells = new Map(wanted.map(({ name }) => [name, new Array<Cell>(rows)]));
  let filled = 0;
  await parquetRead({
    ...BYTES_AS_THEY_ARE,
    file,
    metadata,
    columns: wanted.map(({ name }) => name),
    parsers: { dateFromDays: (days: number) => days },
    onChunk: ({ columnName, columnData, rowStart }) => {
      const column = cells.get(columnName);
      if (column === undefined) return;
      for (let at = 0; at < columnData.length; at += 1) column[rowStart + at] = columnData[at] ?? null;
      filled += columnData.length;
    },
  });
  if (filled !== rows * wanted.length) throw new Error('the file has fewer values than it says');
  return wanted.map((column) => ({ ...column, cells: cells.get(column.name) ?? [] }));
}

/** Rows of a file as values by column name. @throws DamagedFileError for one that is not what was written */
async function readObjects(
  bytes: Uint8Array,
  names: readonly string[],
): Promise<readonly Readonly<Record<string, Cell>>[]> {
  assertIntact(bytes, names);
  const columns = await readColumns(bytes, names);
  const rows = columns[0]?.cells.length ?? 0;
  return Array.from({ length: rows }, (_, at) =>
    Object.fromEntries(columns.map(({ name, cells }) => [name, cells[at] ?? null])),
  );
}

/** The `row_id` column of a Parquet file that {@link writeParquet} made. */
export async function readRowIds(bytes: Uint8Array): Promise<string[]> {
  const [rowIds] = await readColumns(bytes, ['row_id']);
  return (rowIds?.cells ?? []).map(String);
}

/** What a row says of whose it is, and its sealed payload. */
export interface ArchivedRow {
  readonly rowId: string;
  readonly rowRef: string | null;
  readonly payload: Uint8Array | null;
}

const rowIn = ({ row_id, row_ref, payload }: Readonly<Record<string, Cell>>): ArchivedRow => ({
  rowId: String(row_id),
  rowRef: typeof row_ref === 'string' ? row_ref : null,
  payload: payload instanceof Uint8Array ? payload : null,
});

/** Ids, references and payloads of a Parquet file that {@link writeParquet} made. */
export const readRows = async (bytes: Uint8Array): Promise<readonly ArchivedRow[]> =>
  (await readObjects(bytes, ['row_id', 'row_ref', 'payload'])).map(rowIn);

/** What a row of the signals table says in the open of what was sent, and whose it is. */
export const readPlainSignals = async (
  bytes: Uint8Array,
): Promise<readonly { signalName: string; sourceId: string; rowRef: string | null }[]> =>
  (await readObjects(bytes, ['signal_name', 'source_id', 'row_ref'])).map((row) => ({
    signalName: String(row.signal_name),
    sourceId: String(row.source_id),
    rowRef: typeof row.row_ref === 'string' ? row.row_ref : null,
  }));

/** A row with its plain columns, as the archive has them; dates as `YYYY-MM-DD`. */
export interface PlainRow extends ArchivedRow {
  readonly plain: Readonly<Record<string, string | number | null>>;
}

/** The rows of a Parquet file that have this id: one, or none. */
export async function readPlainRows(
  table: ArchiveTable,
  bytes: Uint8Array,
  rowId: string,
): Promise<readonly PlainRow[]> {
  if (!(await readRowIds(bytes)).includes(rowId)) return [];
  const plain = columnsOf[table].filter(({ type }) => type !== 'bytes');
  const rows = await readObjects(
    bytes,
    columnsOf[table].map(({ name }) => name),
  );
  return rows
    .filter(({ row_id }) => row_id === rowId)
    .map((row) => ({
      ...rowIn(row),
      plain: Object.fromEntries(plain.map(({ name, type }) => [name, plainValue(type, row[name] ?? null)])),
    }));
}

function plainValue(type: CellType, value: Cell): string | number | null {
  if (value instanceof Uint8Array) return null;
  return type === 'date' && typeof value === 'number' ? utcDate(value * DAY_MS) : value;
}

/** The library wants a buffer that begins where the file does. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer =>
  bytes.byteOffset === 0 &&
  bytes.byteLength === bytes.buffer.byteLength &&
  bytes.buffer instanceof ArrayBuffer
    ? bytes.buffer
    : (bytes.slice().buffer as ArrayBuffer);
