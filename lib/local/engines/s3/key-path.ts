import { createHash } from 'node:crypto';

export const KEY_BYTES_MAX = 1_024;
const SEGMENT_BYTES_MAX = 200;
const SEGMENT_START_MAX = 40;

/** Put after a file's or folder's name when the other is there: S3 has the keys `a` and `a/b` side by side. Names of
 * segments never end so, since their `%` is always before two hexadecimal digits, `~` or nothing. */
const FILE_MARK = '%file';
const FOLDER_MARK = '%folder';

const percent = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/** A file name for one segment of a key. A plain one is itself, so that people find it; the empty one, dots, control
 * characters, backslashes and what file systems cannot hold are written so that no two segments share a name. */
function segmentName(segment: string): string {
  if (segment === '') return '%';
  if (segment === '.' || segment === '..') return segment.replaceAll('.', '%2E');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
  const name = segment.replace(/[\u0000-\u001f\u007f%\\:*?"<>|]/g, percent);
  if (Buffer.byteLength(name) <= SEGMENT_BYTES_MAX) return name;
  const start = [...segment.slice(0, SEGMENT_START_MAX)]
    .filter((character) => /[\w.=-]/.test(character))
    .join('');
  return `${start}%~${createHash('sha256').update(segment).digest('hex')}`;
}

/** Where the current object of a key may be, relative to the bucket's folder: folders and a file name, each of which
 * is one path segment without separators, so that no key leaves the folder. */
export function pathOf(key: string): { folders: string[]; file: string } {
  const names = key.split('/').map(segmentName);
  return { folders: names.slice(0, -1), file: names.at(-1) ?? '%' };
}

export const besideFolder = (file: string): string => `${file}${FILE_MARK}`;
export const besideFile = (folder: string): string => `${folder}${FOLDER_MARK}`;
