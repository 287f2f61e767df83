import type { AtomId } from '../../../contracts/ids.ts';
import { ThrottledError } from '../../../kernel/invariant.ts';
import { COMPARISONS, type Comparison, type MatchParameters } from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { type BlockingKey, blockingKeys } from './blocking-keys.ts';
import { type Block, blockWith, blockWithout, candidatesOf, EMPTY_BLOCK } from './blocks.ts';
import type { KeyChoice } from './key-choice.ts';
import {
  attributesOf,
  type DistinctSample,
  EMPTY_SAMPLE,
  estimatedSize,
  markOf,
  type Population,
  populationOf,
  sampleWith,
  sampleWithout,
} from './population.ts';
import type { CandidateEntries, CandidateKey, CandidateStore, CandidateWrite, Stored } from './ports.ts';
import type { MatchRecord } from './record.ts';

/** Hashes the text of a key under the jurisdiction's secret. */
export type KeyToken = (text: string) => CandidateKey;

/** A record to be found, and to find others. */
export interface IndexedRecord {
  readonly atomId: AtomId;
  readonly record: MatchRecord;
  /** What it said before; null for a new one. */
  readonly before: MatchRecord | null;
  /** It was there before the batch, which says nothing new of it: where the batch's own go may depend on it. */
  readonly isFormer?: true;
}

export interface CandidateTools {
  readonly token: KeyToken;
  readonly choice: KeyChoice;
  readonly parameters: MatchParameters;
  readonly policy: MatchPolicy;
}

/** A value of a record, and where its frequency is kept. */
interface Value {
  readonly comparison: number;
  readonly value: string;
  readonly key: CandidateKey;
}
/** An atom that a block (`attributes` null) or a sample is to have, or has to lose. */
interface Entry {
  readonly key: CandidateKey;
  readonly atomId: AtomId;
  readonly attributes: number | null;
  readonly leaves?: true;
}
interface KeyedBlock extends BlockingKey {
  readonly key: CandidateKey;
}

const COMMIT_ATTEMPTS_MAX = 6;
const NO_BLOCK: Stored<Block> = { version: 0, value: EMPTY_BLOCK };
const NO_SAMPLE: Stored<DistinctSample> = { version: 0, value: EMPTY_SAMPLE };

/** What a batch finds in the index, and what it adds to it. */
export class CandidateSearch {
  readonly #tools: CandidateTools;
  readonly #populationKey: CandidateKey;
  readonly #keysOf = new Map<MatchRecord, readonly KeyedBlock[]>();
  readonly #valuesOf = new Map<MatchRecord, readonly Value[]>();
  /** As they are stored. */
  readonly #blocks = new Map<CandidateKey, Stored<Block>>();
  readonly #samples = new Map<CandidateKey, Stored<DistinctSample>>();
  /** As the batch leaves those that it changes. */
  readonly #blocksAfter = new Map<CandidateKey, Block>();
  readonly #samplesAfter = new Map<CandidateKey, DistinctSample>();
  readonly #entries: Entry[] = [];
  /** Atoms that the batch makes or changes. */
  readonly #own = new Set<AtomId>();
  #population: Population | null = null;

  constructor(tools: CandidateTools) {
    this.#tools = tools;
    this.#populationKey = tools.token('population');
  }

  /** The first round trip: the blocks of all keys of these records, the frequencies of their values, and the population. */
  async readFor(
    records: readonly IndexedRecord[],
    store: CandidateStore,
    consistent: boolean,
  ): Promise<void> {
    const blocks = new Set<CandidateKey>();
    const samples = new Set<CandidateKey>([this.#populationKey]);
    for (const each of records) {
      for (const record of [each.record, each.before]) {
        if (record === null) continue;
        for (const { key } of this.#keys(record)) blocks.add(key);
        for (const { key } of this.#values(record)) samples.add(key);
      }
    }
    for (const { atomId, isFormer } of records) if (!isFormer) this.#own.add(atomId);
    this.#note(samples, await store.read([...blocks], [...samples], consistent));
  }

  /** Frequencies of further values: those of the records that come into question. */
  async readValuesOf(
    records: readonly MatchRecord[],
    store: CandidateStore,
    consistent: boolean,
  ): Promise<void> {
    const samples = new Set<CandidateKey>();
    for (const record of records)
      for (const { key } of this.#values(record)) if (!this.#samples.has(key)) samples.add(key);
    if (samples.size > 0) this.#note(samples, await store.read([], [...samples], consistent));
  }

  get population(): Population {
    this.#population ??= populationOf(this.#sampleAt(this.#populationKey));
    return this.#population;
  }

  /** Tells of every value that was looked up how many records have it. */
  teach(learn: (comparison: number, value: string, records: number) => void): void {
    for (const values of this.#valuesOf.values())
      for (const { comparison, value, key } of values)
        learn(comparison, value, estimatedSize(this.#sampleAt(key)));
  }

  /** Puts a record where others find it, once that is committed. Where that is depends on the other records alone: after an
   * earlier attempt that entered it and died, it is the same place. One that stands under enough of its keys stays there. */
  enter({ atomId, record, before }: IndexedRecord): void {
    const { choice, policy } = this.#tools;
    const values = this.#values(record);
    const population = populationOf(this.#othersAt(this.#populationKey));
    const expected = policy.populationGrowth * Math.max(population.records, policy.populationAtLeast);
    const shareOf = (attribute: Comparison): number => this.#shareOf(attribute, values, population);
    const keys = this.#keys(record);
    const standing = keys.filter(({ key }) => this.#blocks.get(key)?.value.members.includes(atomId) === true);
    if (standing.length < policy.keysWrittenMax)
      for (const { key } of choice.choose(keys, shareOf, expected))
        this.#enter({ key, atomId, attributes: null });
    this.#enter({ key: this.#populationKey, atomId, attributes: attributesOf(record) });
    for (const { comparison, value, key } of values)
      if (value !== before?.[COMPARISONS[comparison] as Comparison])
        this.#enter({ key, atomId, attributes: 0 });
    this.#population = null;
  }

  /** The records to compare one with. */
  candidatesOf({ atomId, record }: IndexedRecord): readonly AtomId[] {
    const found = this.#keys(record)
      .map(({ key }) => this.#blocksAfter.get(key) ?? this.#blocks.get(key)?.value)
      .filter((block) => block !== undefined);
    return candidatesOf(atomId, found, this.population.records, this.#tools.policy.candidatesMax);
  }

  /** Takes records out of the places where only what they said before has put them. Before they are stored: afterwards nobody
   * knows any more what they said.
   * @throws ThrottledError when others keep writing the same entries */
  async leave(records: readonly IndexedRecord[], store: CandidateStore): Promise<void> {
    const left = records.flatMap(({ atomId, record, before }): Entry[] => {
      if (before === null) return [];
      const keys = new Set([...this.#keys(record), ...this.#values(record)].map(({ key }) => key));
      const gone = (former: readonly { readonly key: CandidateKey }[], attributes: 0 | null): Entry[] =>
        former
          .filter(({ key }) => !keys.has(key))
          .map(({ key }) => ({ key, atomId, attributes, leaves: true }));
      return [...gone(this.#keys(before), null), ...gone(this.#values(before), 0)];
    });
    await this.#write(left, store);
  }

  /**
   * Writes what was entered of records that are stored by now: so whoever is found by an entry is there. Of an entry that
   * somebody else wrote first, the latest is read and entered into again: of two batches that bring alike records at once,
   * the later one finds the other's.
   * @returns how many entries were written, and who was entered beside them since the batch looked
   * @throws ThrottledError when others keep writing the same one
   */
  commit(
    stored: ReadonlySet<AtomId>,
    store: CandidateStore,
  ): Promise<{ readonly written: number; readonly newcomers: ReadonlyMap<AtomId, ReadonlySet<AtomId>> }> {
    return this.#write(
      this.#entries.filter(({ atomId }) => stored.has(atomId)),
      store,
    );
  }

  async #write(entries: readonly Entry[], store: CandidateStore): ReturnType<CandidateSearch['commit']> {
    const newcomers = new Map<AtomId, ReadonlySet<AtomId>>();
    let written = 0;
    let left = entries;
    for (let attempt = 1; ; attempt++) {
      const writes = this.#writesOf(left);
      if (attempt === 1) written = writes.length;
      const conflicts = writes.length === 0 ? [] : await store.write(writes);
      if (conflicts.length === 0) return { written, newcomers };
      if (attempt === COMMIT_ATTEMPTS_MAX)
        throw new ThrottledError('the candidate index is written by others');
      const again = new Set(conflicts);
      left = left.filter(({ key }) => again.has(key));
      const before = new Map(conflicts.map((key) => [key, this.#blocks.get(key)?.value.members ?? []]));
      this.#note(again, await store.read(conflicts, conflicts, true));
      for (const { key, atomId } of left) {
        const here = new Set(this.#blocks.get(key)?.value.members).difference(new Set(before.get(key)));
        newcomers.set(atomId, here.difference(this.#own).union(newcomers.get(atomId) ?? new Set()));
      }
    }
  }

  /** Each block and sample once, with all that is to be in it. */
  #writesOf(entries: readonly Entry[]): readonly CandidateWrite[] {
    const blocks = new Map<CandidateKey, Block>();
    const samples = new Map<CandidateKey, DistinctSample>();
    for (const entry of entries) {
      const { key, attributes } = entry;
      if (attributes === null)
        blocks.set(key, this.#blockWith(blocks.get(key) ?? this.#storedBlock(key).value, entry));
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

  /** Share of the records that have the value which these have of an attribute. */
  #shareOf(attribute: Comparison, values: readonly Value[], { present }: Population): number {
    const at = COMPARISONS.indexOf(attribute);
    const [typical = 0] = this.#tools.parameters[attribute].u;
    const key = values.find(({ comparison }) => comparison === at)?.key;
    const seen = key === undefined ? 0 : estimatedSize(this.#othersAt(key));
    const prior = this.#tools.policy.frequencyPriorRecords;
    return (seen + prior * typical) / ((present[at] ?? 0) + prior);
  }

  #keys(record: MatchRecord): readonly KeyedBlock[] {
    const known = this.#keysOf.get(record);
    if (known !== undefined) return known;
    const keys = blockingKeys(record).map((key) => ({ ...key, key: this.#tools.token(key.text) }));
    this.#keysOf.set(record, keys);
    return keys;
  }

  #values(record: MatchRecord): readonly Value[] {
    const known = this.#valuesOf.get(record);
    if (known !== undefined) return known;
    const values: Value[] = [];
    for (const [comparison, attribute] of COMPARISONS.entries()) {
      const value = record[attribute];
      if (value !== '')
        values.push({ comparison, value, key: this.#tools.token(`value:${attribute}:${value}`) });
    }
    this.#valuesOf.set(record, values);
    return values;
  }

  #enter(entry: Entry): void {
    this.#entries.push(entry);
    const { key, attributes } = entry;
    if (attributes === null)
      this.#blocksAfter.set(
        key,
        this.#blockWith(this.#blocksAfter.get(key) ?? this.#storedBlock(key).value, entry),
      );
    else this.#samplesAfter.set(key, sampleAfter(this.#sampleAt(key), entry, attributes));
  }

  #blockWith(block: Block, { atomId, leaves }: Entry): Block {
    return leaves ? blockWithout(block, atomId) : blockWith(block, atomId, this.#tools.policy.blockMax);
  }

  /** A sample without the batch's own records. */
  #othersAt(key: CandidateKey): DistinctSample {
    let sample = this.#sampleAt(key);
    for (const atomId of this.#own) sample = sampleWithout(sample, markOf(atomId, key));
    return sample;
  }

  #sampleAt(key: CandidateKey): DistinctSample {
    return this.#samplesAfter.get(key) ?? this.#storedSample(key).value;
  }

  #storedBlock(key: CandidateKey): Stored<Block> {
    return this.#blocks.get(key) ?? NO_BLOCK;
  }

  #storedSample(key: CandidateKey): Stored<DistinctSample> {
    return this.#samples.get(key) ?? NO_SAMPLE;
  }

  /** Keeps what was read. A sample that was asked for and is not there says that hardly anybody has the value. */
  #note(asked: ReadonlySet<CandidateKey>, { blocks, samples }: CandidateEntries): void {
    for (const [key, block] of blocks) this.#blocks.set(key, block);
    for (const key of asked) this.#samples.set(key, samples.get(key) ?? NO_SAMPLE);
  }
}

const sampleAfter = (
  sample: DistinctSample,
  { key, atomId, leaves }: Entry,
  attributes: number,
): DistinctSample =>
  leaves ? sampleWithout(sample, markOf(atomId, key)) : sampleWith(sample, markOf(atomId, key), attributes);
