import { zstdDecompressSync } from 'node:zlib';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { type AsyncBuffer, type FileMetaData, parquetReadObjects } from 'hyparquet';
import { ARCHIVE_TABLES } from '../../contracts/lineage.ts';
import { intactFile } from '../../evidence/archive/intact.ts';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
import type { ArchivedRow, ArchiveFolder, ArchiveReader } from '../../rights/privacy-request/ports.ts';
import { required } from '../../runtime/environment.ts';
import { log } from '../../runtime/log.ts';
import { s3 } from './clients.ts';
import { translated } from './errors.ts';
import { evidenceStore } from './evidence-store.ts';

/** What the first read takes from an object's end: all of a small one; of a large one the footer, and before it the filters of
 * all its row groups, about 65 kB for each 100,000 rows. */
const TAIL_BYTES = 1_048_576;
const FOLDER = /^v1\/\w+\/event_class=[^/]+\/dt=(\d{4}-\d\d)-\d\d\/hh=\d\d\/$/;

/** Rows of the archive that belong to a person, read by ranges: most objects are passed over by their filters. */
export function archiveReader(bucket = required('EVIDENCE_BUCKET')): ArchiveReader {
  const store = evidenceStore(bucket);
  return {
    folders: async (after) => {
      const folders: ArchiveFolder[] = [];
      for (const prefix of ARCHIVE_TABLES.map((table) => `v1/${table}/`).sort()) {
        if (after > prefix && !after.startsWith(prefix)) continue;
        // No key of the folder itself: they all go on with a digit or a letter.
        const keys = await store.keys(prefix, after.startsWith(prefix) ? `${after}~` : undefined);
        const byFolder = Map.groupBy(keys, (key) => key.slice(0, key.lastIndexOf('/') + 1));
        for (const [folder, own] of byFolder) {
          const [, month] = FOLDER.exec(folder) ?? [];
          const objects = own.filter((key) => key.endsWith('.parquet'));
          if (month !== undefined && objects.length > 0)
            folders.push({ prefix: folder, month, keys: objects });
        }
      }
      return folders;
    },
    rows: async (key, wanted) => {
      const { file, end } = await objectAt(bucket, key);
      try {
        return await rowsIn(await intactFile(file, end), key, wanted);
      } catch (error) {
        if (error instanceof TransientError || error instanceof ThrottledError) throw error;
        // The key says nothing of anybody; `audit verify` says what is wrong with the object, and since when.
        log.error('an object of the archive cannot be read', error, { object: key });
        return null;
      }
    },
  };
}

/** An object of which ranges are read, its end at once. @throws TransientError, ThrottledError */
async function objectAt(
  bucket: string,
  key: string,
): Promise<{ readonly file: AsyncBuffer; readonly end: Uint8Array }> {
  const range = (Range: string) =>
    translated('evidence', async () => {
      const { Body, ContentRange } = await s3().send(
        new GetObjectCommand({ Bucket: bucket, Key: key, Range }),
      );
      const bytes = await Body?.transformToByteArray();
      const size = Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1]);
      if (bytes === undefined || Number.isNaN(size)) throw new TransientError('evidence came without a body');
      return { bytes, size };
    });
  const { bytes: tail, size } = await range(`bytes=-${TAIL_BYTES}`);
  const tailFrom = size - tail.length;
  const file: AsyncBuffer = {
    byteLength: size,
    slice: async (from, to = size) => {
      if (from >= tailFrom) return tail.slice(from - tailFrom, to - tailFrom).buffer;
      return (await range(`bytes=${from}-${to - 1}`)).bytes.slice().buffer;
    },
  };
  return { file, end: tail };
}

const READING = {
  utf8: false,
  useBloomFilters: true,
  compressors: { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) },
} as const;

/** Row group by row group: by its filter, then by its references, and only then all of it. */
async function rowsIn(
  { file, metadata }: { readonly file: AsyncBuffer; readonly metadata: FileMetaData },
  key: string,
  wanted: ReadonlySet<string>,
): Promise<readonly ArchivedRow[]> {
  const filter = { row_ref: { $in: [...wanted] } };
  const found: ArchivedRow[] = [];
  let rowEnd = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowStart = rowEnd;
    rowEnd += Number(num_rows);
    const group = { ...READING, file, metadata, filter, rowStart, rowEnd };
    const refs = await parquetReadObjects({ ...group, columns: ['row_ref'] });
    if (refs.length > 0) for (const row of await parquetReadObjects(group)) found.push(toRow(row, key));
  }
  return found;
}

function toRow({ payload, row_ref: _ref, ...columns }: Record<string, unknown>, key: string): ArchivedRow {
  const [, table = ''] = /^v1\/(\w+)\//.exec(key) ?? [];
  const told = Object.entries(columns).map(([name, value]) => [name, plain(value)] as const);
  return {
    rowId: String(columns.row_id),
    payload: payload instanceof Uint8Array ? payload : null,
    columns: { table, ...Object.fromEntries(told) },
  };
}

function plain(value: unknown): string | number | null {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
