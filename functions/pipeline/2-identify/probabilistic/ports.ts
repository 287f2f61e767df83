import type { SubjectId } from '../../../contracts/ids.ts';
import type { Block } from './blocks.ts';
import type { DistinctSample } from './population.ts';
import type { MatchRecord } from './record.ts';

export type { Block, DistinctSample };

/** A keyed hash of a blocking key, of a value, or of the population: what the candidate store is addressed by. */
export type CandidateKey = string;

export interface Stored<T> {
  /** Raised by every write; a write names the version it saw, 0 when there was none. */
  readonly version: number;
  readonly value: T;
}

/** What is written: a block or a sample as it shall be. */
export type CandidateWrite =
  | { readonly key: CandidateKey; readonly version: number; readonly block: Block }
  | { readonly key: CandidateKey; readonly version: number; readonly sample: DistinctSample };

export interface CandidateEntries {
  readonly blocks: ReadonlyMap<CandidateKey, Stored<Block>>;
  readonly samples: ReadonlyMap<CandidateKey, Stored<DistinctSample>>;
}

/** Where records are found by what they say. Holds keyed hashes and atom ids, nothing else. */
export interface CandidateStore {
  /** Reads what exists. `consistent` after a conflict, when a stale read would only conflict again.
   * @throws TransientError when the store can't be reached or throttles */
  read(
    blocks: readonly CandidateKey[],
    samples: readonly CandidateKey[],
    consistent: boolean,
  ): Promise<CandidateEntries>;
  /** Writes each on its own.
   * @returns the keys that somebody else wrote first
   * @throws TransientError when the store can't be reached or throttles */
  write(writes: readonly CandidateWrite[]): Promise<readonly CandidateKey[]>;
}

/** A record that may be compared, and where it belongs. */
export interface KnownRecord {
  readonly record: MatchRecord;
  /** The subject it belongs to; null while it is its own. */
  readonly subjectId: SubjectId | null;
}
