import type { KeyObject } from 'node:crypto';
import { CHECKPOINT_PREFIX, placeIn } from '../log/keys.ts';
import { type Checkpoint, type NoteFault, noteHash, readNote } from '../log/note.ts';
import type { ReadableBucket } from '../log/ports.ts';
import type { Finding } from './findings.ts';

export interface Chain {
  /** Checkpoints that are what their names say, in order. */
  readonly checkpoints: readonly { readonly checkpoint: Checkpoint; readonly note: string }[];
  readonly findings: readonly Finding[];
}

const FAULTS: Readonly<Record<NoteFault, string>> = {
  format: 'is not a checkpoint',
  signature: 'is not signed by the key',
  peaks: 'is signed, but its figures contradict each other',
};

/** Reads all checkpoints and checks that each is signed, in its place, and follows from the one before it.
 * @throws TransientError when the bucket fails */
export async function readChain(
  bucket: ReadableBucket,
  origin: string | null,
  keys: readonly KeyObject[],
): Promise<Chain> {
  const findings: Finding[] = [];
  const checkpoints: { checkpoint: Checkpoint; note: string }[] = [];
  let before: {
    readonly place: number;
    readonly hash: string;
    readonly checkpoint: Checkpoint | null;
  } | null = null;
  for (const key of await bucket.keys(CHECKPOINT_PREFIX)) {
    const place = placeIn(key);
    if (place === null) {
      findings.push({ kind: 'checkpoint-invalid', where: key, what: 'has no checkpoint number as its name' });
      continue;
    }
    const expected: number = before === null ? 0 : before.place + 1;
    if (place !== expected) {
      findings.push({
        kind: 'checkpoint-missing',
        where: `checkpoints ${expected} to ${place - 1}`,
        what: `${place - expected} checkpoint(s) before number ${place} are gone`,
      });
    }
    const bytes = await bucket.read(key);
    const read = readNote(bytes, keys);
    const predecessor: typeof before = place === expected ? before : null;
    const isFirst = place === 0;
    before = { place, hash: noteHash(bytes), checkpoint: null };
    if (typeof read === 'string') {
      findings.push({ kind: 'checkpoint-invalid', where: key, what: FAULTS[read] });
      continue;
    }
    const wrong = misplaced(key, place, read, origin) ?? unlinked(key, read, predecessor, isFirst);
    if (wrong === null) {
      before = { ...before, checkpoint: read };
      checkpoints.push({ checkpoint: read, note: new TextDecoder().decode(bytes) });
    } else findings.push(wrong);
  }
  return { checkpoints, findings };
}

function misplaced(key: string, place: number, read: Checkpoint, origin: string | null): Finding | null {
  if (origin !== null && read.origin !== origin)
    return {
      kind: 'checkpoint-misplaced',
      where: key,
      what: `is a checkpoint of another log, ${read.origin}`,
    };
  return read.number === place
    ? null
    : {
        kind: 'checkpoint-misplaced',
        where: key,
        what: `holds checkpoint ${read.number}: reordered, or replayed in the place of number ${place}`,
      };
}

function unlinked(
  key: string,
  read: Checkpoint,
  before: { readonly hash: string; readonly checkpoint: Checkpoint | null } | null,
  isFirst: boolean,
): Finding | null {
  if (isFirst)
    return read.previous === null
      ? null
      : { kind: 'checkpoint-forked', where: key, what: 'is the first and names one before it' };
  // Without the one before it, or after one that is wrong itself, there is nothing to compare with.
  if (before?.checkpoint == null) return null;
  if (read.previous !== before.hash)
    return {
      kind: 'checkpoint-forked',
      where: key,
      what: 'does not follow from the checkpoint before it: one of both was exchanged',
    };
  if (read.size < before.checkpoint.size || read.at < before.checkpoint.at)
    return {
      kind: 'checkpoint-backwards',
      where: key,
      what: 'covers less than the checkpoint before it, or is older',
    };
  return null;
}
