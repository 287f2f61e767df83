import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ARCHIVE_TABLES } from '../../contracts/lineage.ts';
import type { EvidenceStore } from '../../evidence/archive/ports.ts';
import type { ArchivedRow, ArchiveReader } from '../../rights/privacy-request/ports.ts';
import { evidenceStore } from './evidence-store.ts';

/** Rows of the archive that belong to a person, straight from the objects. */
export function archiveReader(store: Pick<EvidenceStore, 'keys' | 'read'> = evidenceStore()): ArchiveReader {
  return {
    keys: async () => {
      const keys = await Promise.all(ARCHIVE_TABLES.map((table) => store.keys(`v1/${table}/`)));
      return keys.flat().filter((key) => key.endsWith('.parquet'));
    },
    rows: async (key, wanted) => {
      const file = (await store.read(key)).slice().buffer;
      const metadata = parquetMetadata(file);
      const compressors = { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) };
      // The references first: most objects have nothing of the person.
      const refs = await parquetReadObjects({ file, metadata, columns: ['row_ref'], compressors });
      const places = refs.flatMap(({ row_ref: ref }, at) =>
        typeof ref === 'string' && wanted.has(ref) ? [at] : [],
      );
      if (places.length === 0) return [];
      const rows = await parquetReadObjects({ file, metadata, compressors, utf8: false });
      return places.map((at) => toRow(rows[at] ?? {}, key));
    },
  };
}

function toRow({ payload, row_ref: _ref, ...columns }: Record<string, unknown>, key: string): ArchivedRow {
  const [, table = ''] = /^v1\/(\w+)\//.exec(key) ?? [];
  const told = Object.entries(columns).map(([name, value]) => [name, plain(value)] as const);
  return {
    rowId: String(columns.row_id),
    payload: bytesOf(payload),
    columns: { table, ...Object.fromEntries(told) },
  };
}

const bytesOf = (value: unknown): Uint8Array | null => (value instanceof Uint8Array ? value : null);

function plain(value: unknown): string | number | null {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
