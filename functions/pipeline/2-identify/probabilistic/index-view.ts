import type { AtomId } from '../../../contracts/ids.ts';
import { ThrottledError } from '../../../kernel/invariant.ts';
import { type Block, blockWith, blockWithout, EMPTY_BLOCK } from './blocks.ts';
import { type DistinctSample, EMPTY_SAMPLE, markOf, sampleWith, sampleWithout } from './population.ts';
import type { CandidateKey, CandidateStore, CandidateWrite, Stored } from './ports.ts';

/** An atom that a block (`attributes` null) or a sample is to have, or has to lose. */
export interface IndexEntry {
  readonly key: CandidateKey;
  readonly atomId: AtomId;
  readonly attributes: number | null;
  readonly leaves?: true;
}

export interface Committed {
  /** Blocks and samples written. */
  readonly written: number;
  /** By atom that was entered: who came to stand beside it since the view was read. */
  readonly newcomers: ReadonlyMap<AtomId, ReadonlySet<AtomId>>;
}

const ATTEMPTS_MAX = 6;
const NO_BLOCK: Stored<Block> = { version: 0, value: EMPTY_BLOCK };
const NO_SAMPLE: Stored<DistinctSample> = { version: 0, value: EMPTY_SAMPLE };

/** A part of the candidate index: as it is stored, and as a batch is about to leave it. */
export class IndexView {
  readonly #blockMax: number;
  readonly #blocks = new Map<CandidateKey, Stored<Block>>();
  readonly #samples = new Map<CandidateKey, Stored<DistinctSample>>();
  readonly #blocksAfter = new Map<CandidateKey, Block>();
  readonly #samplesAfter = new Map<CandidateKey, DistinctSample>();

  /** @param blockMax members that a block keeps */
  constructor(blockMax: number) {
    this.#blockMax = blockMax;
  }

  async read(
    blocks: Iterable<CandidateKey>,
    samples: Iterable<CandidateKey>,
    store: CandidateStore,
    consistent: boolean,
  ): Promise<void> {
    const asked = [...samples];
    const found = await store.read([...blocks], asked, consistent);
    for (const [key, block] of found.blocks) this.#blocks.set(key, block);
    // One that is not there says that hardly anybody has the value.
    for (const key of asked) this.#samples.set(key, found.samples.get(key) ?? NO_SAMPLE);
  }

  hasSample(key: CandidateKey): boolean {
    return this.#samples.has(key);
  }

  /** Who stands there, as stored. */
  membersOf(key: CandidateKey): readonly AtomId[] {
    return this.#storedBlock(key).value.members;
  }

  /** The block as it will be; undefined where there is none. */
  blockAt(key: CandidateKey): Block | undefined {
    return this.#blocksAfter.get(key) ?? this.#blocks.get(key)?.value;
  }

  /** The sample as it will be. */
  sampleAt(key: CandidateKey): DistinctSample {
    return this.#samplesAfter.get(key) ?? this.#storedSample(key).value;
  }

  /** Shows the index as if the entry were written. */
  show(entry: IndexEntry): void {
    const { key, attributes } = entry;
    if (attributes === null)
      this.#blocksAfter.set(key, this.#blockAfter(this.blockAt(key) ?? EMPTY_BLOCK, entry));
    else this.#samplesAfter.set(key, sampleAfter(this.sampleAt(key), entry, attributes));
  }

  /**
   * Writes entries. One that somebody else wrote first is read again and written again: of two batches that write into one
   * block at once, the later one is told of the other's atoms.
   * @throws ThrottledError when others keep writing the same ones, TransientError
   */
  async write(entries: readonly IndexEntry[], store: CandidateStore): Promise<Committed> {
    const newcomers = new Map<AtomId, ReadonlySet<AtomId>>();
    let written = 0;
    let left = entries;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const writes = this.#writesOf(left);
      if (attempt === 1) written = writes.length;
      const conflicts = writes.length === 0 ? [] : await store.write(writes);
      if (conflicts.length === 0) return { written, newcomers };
      const again = new Set(conflicts);
      left = left.filter(({ key }) => again.has(key));
      const before = new Map(conflicts.map((key) => [key, new Set(this.membersOf(key))]));
      await this.read(conflicts, conflicts, store, true);
      for (const { key, atomId } of left) {
        const beside = new Set(this.membersOf(key)).difference(before.get(key) ?? new Set());
        newcomers.set(atomId, beside.union(newcomers.get(atomId) ?? new Set()));
      }
    }
    throw new ThrottledError('the candidate index is written by others');
  }

  /** Each block and sample that changes, once. */
  #writesOf(entries: readonly IndexEntry[]): readonly CandidateWrite[] {
    const blocks = new Map<CandidateKey, Block>();
    const samples = new Map<CandidateKey, DistinctSample>();
    for (const entry of entries) {
      const { key, attributes } = entry;
      if (attributes === null)
        blocks.set(key, this.#blockAfter(blocks.get(key) ?? this.#storedBlock(key).value, entry));
      else
        samples.set(key, sampleAfter(samples.get(key) ?? this.#storedSample(key).value, entry, attributes));
    }
    const writes: CandidateWrite[] = [];
    for (const [key, block] of blocks) {
      const { version, value } = this.#storedBlock(key);
      if (block !== value) writes.push({ key, version, block });
    }
    for (const [key, sample] of samples) {
      const { version, value } = this.#storedSample(key);
      if (sample !== value) writes.push({ key, version, sample });
    }
    return writes;
  }

  #blockAfter(block: Block, { atomId, leaves }: IndexEntry): Block {
    return leaves ? blockWithout(block, atomId) : blockWith(block, atomId, this.#blockMax);
  }

  #storedBlock(key: CandidateKey): Stored<Block> {
    return this.#blocks.get(key) ?? NO_BLOCK;
  }

  #storedSample(key: CandidateKey): Stored<DistinctSample> {
    return this.#samples.get(key) ?? NO_SAMPLE;
  }
}

const sampleAfter = (
  sample: DistinctSample,
  { key, atomId, leaves }: IndexEntry,
  attributes: number,
): DistinctSample =>
  leaves ? sampleWithout(sample, markOf(atomId, key)) : sampleWith(sample, markOf(atomId, key), attributes);
