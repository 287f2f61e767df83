import type { KeyObject } from 'node:crypto';
import { invariant } from '../../kernel/invariant.ts';
import { readEntries } from './entries.ts';
import { CHECKPOINT_PREFIX, placeIn, SEGMENT_PREFIX, segmentKey } from './keys.ts';
import { GrowingTree, type Hash, leafHash } from './merkle.ts';
import { type Checkpoint, noteHash, readNote } from './note.ts';
import type { ReadableBucket } from './ports.ts';

/** Where the log ends. */
export interface LogHead {
  readonly last: Checkpoint | null;
  /** Hash of the last checkpoint's file. */
  readonly lastHash: string | null;
  /** Entries there are, those of a segment that no checkpoint covers yet included. */
  readonly size: number;
  readonly peaks: readonly Hash[];
  /** `<sha256> <key>` of the entries since the checkpoint before the last. */
  readonly recent: ReadonlySet<string>;
}

interface Buckets {
  readonly evidence: ReadableBucket;
  readonly checkpoints: ReadableBucket;
}

/**
 * Finds the end of the log: the last checkpoint, and what was appended since.
 * @throws TransientError when a bucket fails
 * @throws InvariantError when the last checkpoint is not ours, or entries that it covers are not there
 */
export async function readHead(buckets: Buckets, origin: string, key: KeyObject): Promise<LogHead> {
  const keys = await buckets.checkpoints.keys(CHECKPOINT_PREFIX);
  const last = await readCheckpoint(buckets, keys.at(-1), origin, key);
  const before = await readCheckpoint(buckets, keys.at(-2), origin, key);
  const from = before?.checkpoint.size ?? 0;
  const signed = last?.checkpoint.size ?? 0;
  const tree = new GrowingTree(signed, last?.checkpoint.peaks ?? []);
  const recent = new Set<string>();
  let place = from;
  for (const segment of await buckets.evidence.keys(SEGMENT_PREFIX, justBefore(segmentKey(from)))) {
    invariant(placeIn(segment) === place, 'the log has a gap between its segments');
    for (const { text, entry } of readEntries(await buckets.evidence.read(segment))) {
      if (place >= signed) tree.append(leafHash(text));
      if (entry !== null) recent.add(`${entry.sha256} ${entry.key}`);
      place += 1;
    }
  }
  invariant(place >= signed, 'the log is shorter than its last checkpoint says');
  return {
    last: last?.checkpoint ?? null,
    lastHash: last?.hash ?? null,
    size: tree.size,
    peaks: tree.peaks,
    recent,
  };
}

/** A key after which this one is listed first. */
const justBefore = (key: string): string => key.slice(0, -1);

async function readCheckpoint(
  { checkpoints }: Buckets,
  name: string | undefined,
  origin: string,
  key: KeyObject,
): Promise<{ readonly checkpoint: Checkpoint; readonly hash: string } | null> {
  if (name === undefined) return null;
  const bytes = await checkpoints.read(name);
  const checkpoint = readNote(bytes, [key]);
  invariant(typeof checkpoint !== 'string', `the last checkpoint is not valid: ${String(checkpoint)}`);
  invariant(
    checkpoint.origin === origin && checkpoint.number === placeIn(name),
    'the last checkpoint is of another place or another log',
  );
  return { checkpoint, hash: noteHash(bytes) };
}
