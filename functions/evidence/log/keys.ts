import { hash } from 'node:crypto';
import { invariant } from '../../kernel/invariant.ts';

/** Everything of the log that is not an object of evidence lies under this prefix of the evidence bucket. */
export const LOG_PREFIX = 'log/';
/** What was said of objects before they were written, and is not in the log yet. */
export const PENDING_PREFIX = `${LOG_PREFIX}pending/`;
/** The log: runs of entries, one to a line. */
export const SEGMENT_PREFIX = `${LOG_PREFIX}entries/`;
/** Marks of archived windows: a note to the archive itself, and no evidence. */
export const WINDOWS_PREFIX = 'v1/windows/';
export const CERTIFICATES_PREFIX = 'v1/certificates/';

/** In the checkpoint bucket. */
export const CHECKPOINT_PREFIX = 'checkpoints/';
export const PUBLIC_KEY_PREFIX = 'keys/';

const DIGITS = 12;
const padded = (place: number): string => String(place).padStart(DIGITS, '0');

/** Named by its content: the same drafts are pending once. */
export const pendingKey = (text: string): string => `${PENDING_PREFIX}${hash('sha256', text)}.ndjson`;
/** A segment is named by the place of its first entry alone, so that a conditional write lets one writer have it. */
export const segmentKey = (first: number): string => `${SEGMENT_PREFIX}${padded(first)}.ndjson`;
export const checkpointKey = (number: number): string => `${CHECKPOINT_PREFIX}${padded(number)}`;
export const publicKeyKey = (fingerprint: string): string => `${PUBLIC_KEY_PREFIX}${fingerprint}.pem`;

/** The number in a key of {@link segmentKey} or {@link checkpointKey}; null when it is neither. */
export function placeIn(key: string): number | null {
  const [, digits] = /\/(\d{12})(?:\.ndjson)?$/.exec(key) ?? [];
  return digits === undefined ? null : Number(digits);
}

export function certificateKey(id: string): string {
  invariant(/^[A-Za-z0-9_-]{1,128}$/.test(id), 'a certificate id has letters, digits, - and _ only');
  return `${CERTIFICATES_PREFIX}${id}.json`;
}

/** The parts of a key of archived rows; null when it is none. */
export function partitionIn(key: string): {
  readonly table: string;
  readonly eventClass: string;
  readonly date: string;
  readonly hour: string;
} | null {
  const match = /^v1\/(\w+)\/event_class=([\w-]+)\/dt=(\d{4}-\d\d-\d\d)\/hh=(\d\d)\/[^/]+\.parquet$/.exec(
    key,
  );
  const [, table, eventClass, date, hour] = match ?? [];
  return table && eventClass && date && hour ? { table, eventClass, date, hour } : null;
}

/** Name of an object that compaction made. Views know it by its beginning. */
const COMPACTED = 'compacted_';
export const compactedKey = (folder: string, parts: string): string =>
  `${folder}${COMPACTED}${parts}.parquet`;
export const isCompacted = (key: string): boolean =>
  key.slice(key.lastIndexOf('/') + 1).startsWith(COMPACTED);
