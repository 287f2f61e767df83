import { createHash, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { EpochMs } from '../../kernel/time.ts';
import { GrowingTree, type Hash } from './merkle.ts';

/** The state of the log at one time, as it is signed. */
export interface Checkpoint {
  /** Which log: {@link originOf}. */
  readonly origin: string;
  /** Entries in the log. */
  readonly size: number;
  readonly root: Hash;
  /** Of all checkpoints of the log, from 0. */
  readonly number: number;
  /** When it was made. Never before the one before it. */
  readonly at: EpochMs;
  /** SHA-256 of the checkpoint before, as hexadecimal digits; null for the first. */
  readonly previous: string | null;
  /** What the log grows on: {@link GrowingTree}. */
  readonly peaks: readonly Hash[];
}

export const originOf = (jurisdiction: string): string => `rapport/${jurisdiction}/evidence`;

/** The text that is signed: a checkpoint of C2SP (c2sp.org/tlog-checkpoint) — origin, size and root, a line each — with
 * extension lines. */
export function noteText({ origin, size, root, number, at, previous, peaks }: Checkpoint): string {
  return [
    origin,
    String(size),
    root.toString('base64'),
    `number ${number}`,
    `time ${new Date(at).toISOString()}`,
    `previous ${previous ?? 'none'}`,
    `peaks ${peaks.map((peak) => peak.toString('base64')).join(' ')}`.trim(),
    '',
  ].join('\n');
}

/** First four bytes of the SHA-256 of the public key's DER: which key signed, in a signed note of C2SP. */
const keyHint = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest()
    .subarray(0, 4);

/** SHA-256 of the public key's DER as hexadecimal digits: what two people compare. */
export const fingerprintOf = (key: KeyObject): string =>
  hash('sha256', key.export({ format: 'der', type: 'spki' }));

/** A signed note of C2SP (c2sp.org/signed-note): text, an empty line, `— name signature`.
 * @param signature ECDSA over P-256 and SHA-256, DER */
export const signedNote = (text: string, origin: string, key: KeyObject, signature: Uint8Array): string =>
  `${text}\n— ${origin} ${Buffer.concat([keyHint(key), signature]).toString('base64')}\n`;

/** Why a file is not a checkpoint that a key vouches for. `format`: not a note · `signature`: not signed by the key · `peaks`:
 * its own figures contradict each other. */
export type NoteFault = 'format' | 'signature' | 'peaks';

const LINES =
  /^(?<origin>[^\n]+)\n(?<size>\d{1,15})\n(?<root>[A-Za-z0-9+/]{43}=)\nnumber (?<number>\d{1,12})\ntime (?<time>[^\n]+)\nprevious (?<previous>none|[0-9a-f]{64})\npeaks(?<peaks>(?: [A-Za-z0-9+/]{43}=)*)\n$/;
const SIGNATURE = /^— (?<name>[^\n]+) (?<blob>[A-Za-z0-9+/]+=*)\n$/;

/** Reads a signed checkpoint and checks it by itself: signature, and root against peaks. */
export function readNote(bytes: Uint8Array, keys: readonly KeyObject[]): Checkpoint | NoteFault {
  const note = new TextDecoder().decode(bytes);
  const [head, tail] = splitNote(note);
  const lines = LINES.exec(head)?.groups;
  const signature = SIGNATURE.exec(tail)?.groups;
  if (lines === undefined || signature === undefined) return 'format';
  const blob = Buffer.from(signature.blob ?? '', 'base64');
  const isSigned =
    signature.name === lines.origin &&
    keys.some(
      (key) =>
        keyHint(key).equals(blob.subarray(0, 4)) &&
        verify('sha256', Buffer.from(head), key, blob.subarray(4)),
    );
  if (!isSigned) return 'signature';
  const peaks = (lines.peaks ?? '').split(' ').flatMap((peak) => (peak === '' ? [] : [fromBase64(peak)]));
  const checkpoint: Checkpoint = {
    origin: lines.origin ?? '',
    size: Number(lines.size),
    root: fromBase64(lines.root ?? ''),
    number: Number(lines.number),
    at: Date.parse(lines.time ?? ''),
    previous: lines.previous === 'none' ? null : (lines.previous ?? null),
    peaks,
  };
  return agrees(checkpoint) ? checkpoint : 'peaks';
}

/** Signed text and signature line. The text may have no empty line, so the first one ends it. */
function splitNote(note: string): [string, string] {
  const end = note.indexOf('\n\n');
  return end === -1 ? [note, ''] : [note.slice(0, end + 1), note.slice(end + 2)];
}

function agrees({ size, peaks, root, at }: Checkpoint): boolean {
  try {
    return Number.isFinite(at) && new GrowingTree(size, peaks).root().equals(root);
  } catch {
    return false;
  }
}

const fromBase64 = (text: string): Buffer => Buffer.from(text, 'base64');

/** What the next checkpoint names as its previous one. */
export const noteHash = (bytes: Uint8Array): string => hash('sha256', bytes);

/** @throws Error when the text is no public key */
export const publicKeyOf = (pem: string): KeyObject => createPublicKey(pem);
