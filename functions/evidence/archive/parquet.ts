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

/** The `row_id` column of a Parquet file that {@link writeParquet} made. */
export async function readRowIds(bytes: Uint8Array): Promise<string[]> {
  const file = bytes.slice().buffer;
  const rows = await parquetReadObjects({
    file,
    metadata: parquetMetadata(file),
    columns: ['row_id'],
    compressors: { ZSTD: (compressed) => zstdDecompressSync(compressed) },
  });
  return rows.map((row) => String(row.row_id));
}
