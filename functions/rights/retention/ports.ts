import type { LineageRow } from '../../contracts/lineage.ts';
import type { EpochMs } from '../../kernel/time.ts';

/** What one look at a part of a shelf found. */
export interface Look {
  /** Things looked at. */
  readonly looked: number;
  /** Of those, how many are past their time and there all the same. */
  readonly over: number;
  /** Of those, how many this look removed. */
  readonly removed: number;
  /** Things that cannot be judged, or cannot be removed, whatever is tried: each by a reference that says nothing of whose it
   * is. They stay, and nobody knows whether they are past their time. */
  readonly unjudged: readonly string[];
  /** Where to go on; null at the end of the shelf. */
  readonly cursor: string | null;
}

/** A place where something may lie past its time: a table, a bucket, a stream. */
export interface Shelf {
  readonly name: string;
  /** Looks at the next part of the shelf. Repeating a look that removed things finds what is left.
   * @param remove whether to remove what is past its time, or only to count it
   * @throws ThrottledError, TransientError for what may pass; never for one thing that is not as it should be */
  look(now: EpochMs, cursor: string | null, remove: boolean): Promise<Look>;
}

/** The evidence bucket, as the sweep uses it. */
export interface ReleaseStore {
  /** @throws TransientError, ThrottledError */
  putOnce(key: string, bytes: Uint8Array): Promise<'written' | 'present'>;
  /** @throws TransientError, ThrottledError */
  keys(prefix: string): Promise<readonly string[]>;
  /** @throws TransientError, ThrottledError */
  read(key: string): Promise<Uint8Array>;
}

export interface RetentionPorts {
  readonly shelves: readonly Shelf[];
  readonly evidence: ReleaseStore;
  /** @throws ThrottledError, TransientError */
  readonly lineage: { append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> };
}
