import { hash } from 'node:crypto';
import { type AsyncBuffer, type FileMetaData, parquetMetadata } from 'hyparquet';

/** Name in the file's footer of the hashes of its column chunks, row group by row group. The reader of the library may run
 * for ever on a damaged chunk, so a damaged file is read around them. */
const CHUNK_HASHES = 'rapport.chunks';
const CHUNK_HASH_DIGITS = 16;

/** Name in the file's footer of the check of all that comes after the chunks: filters, indexes and the footer itself. */
const TAIL_CHECK = 'rapport.tail';
const TAIL_HASH_DIGITS = 32;
const UNCHECKED = '0'.repeat(TAIL_HASH_DIGITS);
/** Found as text, so that nothing has to be understood of a file before it is known to be whole. */
const CHECKED = /rapport\.tail=(\d{12}):([0-9a-f]{32})/g;

/** An object of the archive that is not what was written: the audit says what of it can be saved. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
  /** Its key, which says nothing of anybody; empty where only its bytes are known. */
  readonly object: string;

  constructor(message: string, object = '') {
    super(message);
    this.object = object;
  }
}

type Chunks = FileMetaData['row_groups'];

interface Chunk {
  readonly from: number;
  readonly to: number;
}

const chunksIn = (groups: Chunks): readonly (Chunk | null)[] =>
  groups.flatMap(({ columns }) =>
    columns.map(({ meta_data }) => {
      if (meta_data === undefined) return null;
      const from = Number(meta_data.dictionary_page_offset ?? meta_data.data_page_offset);
      return { from, to: from + Number(meta_data.total_compressed_size) };
    }),
  );

const hashOf = (chunk: Uint8Array): string => hash('sha256', chunk).slice(0, CHUNK_HASH_DIGITS);

const chunkHashes = (bytes: Uint8Array, groups: Chunks): string[] =>
  chunksIn(groups).map((chunk) => (chunk === null ? '' : hashOf(bytes.subarray(chunk.from, chunk.to))));

const writtenHashes = ({ key_value_metadata }: FileMetaData): readonly string[] | undefined =>
  key_value_metadata?.find(({ key }) => key === CHUNK_HASHES)?.value?.split(' ');

/** What a file says of itself, for its footer; {@link checkTail} completes it. @param bytes all chunks, and nothing after them */
export const integrityOf = (bytes: Uint8Array, groups: Chunks): { key: string; value: string }[] => [
  { key: CHUNK_HASHES, value: chunkHashes(bytes, groups).join(' ') },
  {
    key: TAIL_CHECK,
    value: `${TAIL_CHECK}=${String(bytes.length).padStart(12, '0')}:${UNCHECKED}`,
  },
];

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** Where the check lies in the end of a file, and from where on it counts. */
function checkIn(
  end: Uint8Array,
): { readonly at: number; readonly from: number; readonly hash: string } | null {
  const found = [...textOf(end).matchAll(CHECKED)].at(-1);
  if (found === undefined) return null;
  const [whole, from = '', hash = ''] = found;
  return { at: found.index + whole.length - TAIL_HASH_DIGITS, from: Number(from), hash };
}

/** @param tail from the end of the chunks on, its check not filled in */
const tailHash = (tail: Uint8Array): string => hash('sha256', tail).slice(0, TAIL_HASH_DIGITS);

/** Fills in the check of a finished file, in place. */
export function checkTail(bytes: Uint8Array): void {
  const check = checkIn(bytes);
  if (check === null) throw new DamagedFileError('a file that was written without its check');
  bytes.set(Buffer.from(tailHash(bytes.subarray(check.from)), 'latin1'), check.at);
}

/** A tail that is what was written, and the footer in it. @param check as {@link checkIn} found it @param before bytes of the file
 * before those in which it was found @throws DamagedFileError */
function footerIn(
  tail: Uint8Array,
  check: { readonly at: number; readonly from: number; readonly hash: string },
  before: number,
): FileMetaData {
  const place = before + check.at - check.from;
  if (place < 0) throw new DamagedFileError('a file whose check is not in its end');
  const unchecked = tail.slice();
  unchecked.set(Buffer.from(UNCHECKED, 'latin1'), place);
  if (tailHash(unchecked) !== check.hash)
    throw new DamagedFileError('the end of a file is not what was written');
  return parquetMetadata(unchecked);
}

/** Makes sure that columns of a file are what was written. @throws DamagedFileError */
export function assertIntact(bytes: Uint8Array, columns: readonly string[]): void {
  const check = checkIn(bytes);
  if (check === null) throw new DamagedFileError('a file without its check');
  footerIn(bytes.subarray(check.from), check, 0);
  if (damagedChunks(bytes).some(({ column }) => columns.includes(column)))
    throw new DamagedFileError('a column of a file is not what was written');
}

/**
 * A file of the archive of which nothing is understood that is not what was written: its end is checked before anything is read
 * in it, and every chunk before it is handed out. What comes of damage is an error, at once, wherever it lies.
 * @param end the last bytes of the file, as far as they were read
 * @throws DamagedFileError
 */
export async function intactFile(
  file: AsyncBuffer,
  end: Uint8Array,
): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> {
  const check = checkIn(end);
  if (check === null || check.from >= file.byteLength) throw new DamagedFileError('a file without its check');
  const tail = new Uint8Array(await file.slice(check.from));
  const metadata = footerIn(tail, check, file.byteLength - end.length);
  const chunks = chunksIn(metadata.row_groups);
  const hashes = writtenHashes(metadata);
  if (hashes?.length !== chunks.length) throw new DamagedFileError('a file without hashes of its chunks');
  return { file: verifying(file, chunks, hashes), metadata };
}

/** A file that hands nothing out of a chunk before all of the chunk is what was written. */
function verifying(
  file: AsyncBuffer,
  chunks: readonly (Chunk | null)[],
  hashes: readonly string[],
): AsyncBuffer {
  const verified = new Set<number>();
  const slice = async (from: number, to = file.byteLength): Promise<ArrayBuffer> => {
    const touched = chunks.flatMap((chunk, index) =>
      chunk !== null && chunk.from < to && from < chunk.to && !verified.has(index)
        ? [{ ...chunk, index }]
        : [],
    );
    const low = Math.min(from, ...touched.map((chunk) => chunk.from));
    const high = Math.max(to, ...touched.map((chunk) => chunk.to));
    const bytes = new Uint8Array(await file.slice(low, high));
    for (const chunk of touched) {
      if (hashOf(bytes.subarray(chunk.from - low, chunk.to - low)) !== hashes[chunk.index])
        throw new DamagedFileError('a column of a file is not what was written');
      verified.add(chunk.index);
    }
    return bytes.slice(from - low, to - low).buffer;
  };
  return { byteLength: file.byteLength, slice };
}

/** A column chunk that is not what was written. */
export interface DamagedChunk {
  readonly column: string;
  /** Rows of it, from 0; the second not included. */
  readonly rows: readonly [from: number, to: number];
}

/** The damaged chunks of a file. None, when another program wrote it, and so no hashes of them are there.
 * @throws Error when the footer cannot be read */
export function damagedChunks(bytes: Uint8Array): readonly DamagedChunk[] {
  const metadata = parquetMetadata(bytes);
  const { row_groups } = metadata;
  const written = writtenHashes(metadata);
  if (written === undefined) return [];
  const present = chunkHashes(bytes, row_groups);
  const damaged: DamagedChunk[] = [];
  let [chunk, from] = [0, 0];
  for (const { columns, num_rows } of row_groups) {
    const to = from + Number(num_rows);
    for (const { meta_data } of columns) {
      if (written[chunk] !== present[chunk])
        damaged.push({ column: meta_data?.path_in_schema[0] ?? '', rows: [from, to] });
      chunk += 1;
    }
    from = to;
  }
  return damaged;
}
