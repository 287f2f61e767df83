import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import { type Column, type ColumnType, columnsOf } from '../../contracts/archive-columns.ts';
import type { ArchiveTable, LineageRow } from '../../contracts/lineage.ts';

/** Level 3 is zstd's default: a window is written once and read often, and 6 or more costs twice the CPU for 3 %. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** What Athena and DuckDB read in parallel; a window seldom fills one. */
const ROW_GROUP_ROWS = 100_000;

const ELEMENTS: Readonly<Record<ColumnType, Pick<SchemaElement, 'type' | 'converted_type'>>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  bytes: { type: 'BYTE_ARRAY' },
  int32: { type: 'INT32' },
  date: { type: 'INT32', converted_type: 'DATE' },
};

const element = ({ name, type, nullable }: Column): SchemaElement => ({
  name,
  ...ELEMENTS[type],
  repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
});

/** Rows of one table as a Parquet file: typed columns, zstd. The same rows in the same order give the same bytes. */
export function writeParquet(table: ArchiveTable, rows: readonly LineageRow[]): Uint8Array {
  const columns = columnsOf[table];
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: columns.map((column) => ({ name: column.name, data: rows.map((row) => column.value(row)) })),
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(element)],
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, ZSTD) },
    rowGroupSize: ROW_GROUP_ROWS,
    createdBy: 'rapport',
  });
  return writer.getBytes();
}

async function readColumns(
  bytes: Uint8Array,
  columns: readonly string[],
): Promise<readonly Record<string, unknown>[]> {
  const file = bytes.slice().buffer;
  return parquetReadObjects({
    file,
    metadata: parquetMetadata(file),
    columns: [...columns],
    compressors: { ZSTD: (compressed) => zstdDecompressSync(compressed) },
    // Only bytes that say so are text.
    utf8: false,
  });
}

/** The `row_id` column of a Parquet file that {@link writeParquet} made. */
export const readRowIds = async (bytes: Uint8Array): Promise<string[]> =>
  (await readColumns(bytes, ['row_id'])).map((row) => String(row.row_id));

/** What a row says of whose it is, and its sealed payload. */
export interface ArchivedRow {
  readonly rowId: string;
  readonly rowRef: string | null;
  readonly payload: Uint8Array | null;
}

const rowIn = ({ row_id, row_ref, payload }: Record<string, unknown>): ArchivedRow => ({
  rowId: String(row_id),
  rowRef: typeof row_ref === 'string' ? row_ref : null,
  payload: payload instanceof Uint8Array ? payload : null,
});

/** Ids, references and payloads of a Parquet file that {@link writeParquet} made. */
export const readRows = async (bytes: Uint8Array): Promise<readonly ArchivedRow[]> =>
  (await readColumns(bytes, ['row_id', 'row_ref', 'payload'])).map(rowIn);

/** What a row of the signals table says in the open of what was sent, and whose it is. */
export const readPlainSignals = async (
  bytes: Uint8Array,
): Promise<readonly { signalName: string; sourceId: string; rowRef: string | null }[]> =>
  (await readColumns(bytes, ['signal_name', 'source_id', 'row_ref'])).map((row) => ({
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
  const names = columnsOf[table].map(({ name }) => name);
  const rows = (await readColumns(bytes, names)).filter(({ row_id }) => row_id === rowId);
  return rows.map((row) => {
    const plain = Object.entries(row).filter(([, value]) => !(value instanceof Uint8Array));
    return {
      ...rowIn(row),
      plain: Object.fromEntries(plain.map(([name, value]) => [name, plainValue(value)])),
    };
  });
}

function plainValue(value: unknown): string | number | null {
  if (typeof value === 'string' || typeof value === 'number') return value;
  return value instanceof Date ? value.toISOString().slice(0, 10) : null;
}
