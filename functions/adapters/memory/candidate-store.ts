import type {
  Block,
  CandidateEntries,
  CandidateKey,
  CandidateStore,
  CandidateWrite,
  DistinctSample,
  Stored,
} from '../../pipeline/2-identify/probabilistic/ports.ts';

/** The candidate store in memory, with the same conditions as the real one. */
export class MemoryCandidateStore implements CandidateStore {
  readonly blocks = new Map<CandidateKey, Stored<Block>>();
  readonly samples = new Map<CandidateKey, Stored<DistinctSample>>();

  async read(blocks: readonly CandidateKey[], samples: readonly CandidateKey[]): Promise<CandidateEntries> {
    return { blocks: picked(this.blocks, blocks), samples: picked(this.samples, samples) };
  }

  async write(writes: readonly CandidateWrite[]): Promise<readonly CandidateKey[]> {
    const conflicts: CandidateKey[] = [];
    for (const write of writes) {
      const stored = 'block' in write ? this.blocks.get(write.key) : this.samples.get(write.key);
      if ((stored?.version ?? 0) !== write.version) {
        conflicts.push(write.key);
        continue;
      }
      const version = write.version + 1;
      if ('block' in write) this.blocks.set(write.key, { version, value: write.block });
      else this.samples.set(write.key, { version, value: write.sample });
    }
    return conflicts;
  }
}

function picked<T>(
  from: ReadonlyMap<CandidateKey, T>,
  keys: readonly CandidateKey[],
): ReadonlyMap<CandidateKey, T> {
  const found = new Map<CandidateKey, T>();
  for (const key of keys) {
    const value = from.get(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}
