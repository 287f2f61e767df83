import type { KeyObject } from 'node:crypto';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { Leaf } from '../audit/replay-log.ts';
import { readEntries } from '../log/entries.ts';
import { CHECKPOINT_PREFIX, placeIn, SEGMENT_PREFIX, segmentKey } from '../log/keys.ts';
import { leafHash } from '../log/merkle.ts';
import { type Checkpoint, readNote } from '../log/note.ts';
import type { ReadableBucket } from '../log/ports.ts';

/** The end of the log, from some time on. */
export interface RecentLog {
  /** In order; the first may be older than the time asked for. */
  readonly checkpoints: readonly Checkpoint[];
  /** Entries that were signed since, and those that no checkpoint covers yet. */
  readonly leaves: readonly Leaf[];
  /** Entries in the log that are signed. */
  readonly signed: number;
}

/**
 * Reads what was logged since a time.
 * @throws TransientError when a bucket fails
 * @throws InvariantError when a checkpoint is not ours, or an entry cannot be read: nothing is done on the word of such a log
 */
export async function recentLog(
  { evidence, checkpoints }: { readonly evidence: ReadableBucket; readonly checkpoints: ReadableBucket },
  origin: string,
  key: KeyObject,
  since: EpochMs,
): Promise<RecentLog> {
  const found: Checkpoint[] = [];
  for (const name of [...(await checkpoints.keys(CHECKPOINT_PREFIX))].reverse()) {
    const checkpoint = readNote(await checkpoints.read(name), [key]);
    invariant(typeof checkpoint !== 'string', `a checkpoint is not valid: ${String(checkpoint)}`);
    invariant(checkpoint.origin === origin, 'a checkpoint is of another log');
    found.unshift(checkpoint);
    if (checkpoint.at < since) break;
  }
  const isWhole = found[0]?.number === 0;
  const from = isWhole ? 0 : (found[0]?.size ?? 0);
  const leaves: Leaf[] = [];
  let place = from;
  const segments = await evidence.keys(SEGMENT_PREFIX, segmentKey(from).slice(0, -1));
  for (const segment of segments) {
    invariant(placeIn(segment) === place, 'the log has a gap between its segments');
    for (const { text, entry } of readEntries(await evidence.read(segment))) {
      invariant(entry, 'the log has a line that is no entry');
      leaves.push({ place, hash: leafHash(text), text, entry });
      place += 1;
    }
  }
  return { checkpoints: found, leaves, signed: found.at(-1)?.size ?? 0 };
}
