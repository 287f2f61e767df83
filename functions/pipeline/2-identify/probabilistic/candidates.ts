import type { AtomId } from '../../../contracts/ids.ts';
import { COMPARISONS, type Comparison, type MatchParameters } from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { type BlockingKey, blockingKeys } from './blocking-keys.ts';
import { candidatesOf } from './blocks.ts';
import { type Committed, type IndexEntry, IndexView } from './index-view.ts';
import type { KeyChoice } from './key-choice.ts';
import {
  attributesOf,
  type DistinctSample,
  estimatedSize,
  markOf,
  type Population,
  populationOf,
  sampleWithout,
} from './population.ts';
import type { CandidateKey, CandidateStore } from './ports.ts';
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
interface KeyedBlock extends BlockingKey {
  readonly key: CandidateKey;
}

/** What a batch finds in the index, and what it adds to it. */
export class CandidateSearch {
  readonly #tools: CandidateTools;
  readonly #populationKey: CandidateKey;
  readonly #keysOf = new Map<MatchRecord, readonly KeyedBlock[]>();
  readonly #valuesOf = new Map<MatchRecord, readonly Value[]>();
  readonly #index: IndexView;
  readonly #entries: IndexEntry[] = [];
  /** Atoms that the batch makes or changes. */
  readonly #own = new Set<AtomId>();
  #population: Population | null = null;

  constructor(tools: CandidateTools) {
    this.#tools = tools;
    this.#index = new IndexView(tools.policy.blockMax);
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
    await this.#index.read(blocks, samples, store, consistent);
  }

  /** Frequencies of further values: those of the records that come into question. */
  async readValuesOf(
    records: readonly MatchRecord[],
    store: CandidateStore,
    consistent: boolean,
  ): Promise<void> {
    const samples = new Set<CandidateKey>();
    for (const record of records)
      for (const { key } of this.#values(record)) if (!this.#index.hasSample(key)) samples.add(key);
    if (samples.size > 0) await this.#index.read([], samples, store, consistent);
  }

  get population(): Population {
    this.#population ??= populationOf(this.#index.sampleAt(this.#populationKey));
    return this.#population;
  }

  /** Tells of every value that was looked up how many records have it. */
  teach(learn: (comparison: number, value: string, records: number) => void): void {
    for (const values of this.#valuesOf.values())
      for (const { comparison, value, key } of values)
        learn(comparison, value, estimatedSize(this.#index.sampleAt(key)));
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
    const standing = keys.filter(({ key }) => this.#index.membersOf(key).includes(atomId));
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
      .map(({ key }) => this.#index.blockAt(key))
      .filter((block) => block !== undefined);
    return candidatesOf(atomId, found, this.population.records, this.#tools.policy.candidatesMax);
  }

  /** Takes records out of the places where only what they said before has put them. Before they are stored: afterwards nobody
   * knows any more what they said.
   * @throws ThrottledError when others keep writing the same entries */
  async leave(records: readonly IndexedRecord[], store: CandidateStore): Promise<void> {
    const left = records.flatMap(({ atomId, record, before }): IndexEntry[] => {
      if (before === null) return [];
      const keys = new Set([...this.#keys(record), ...this.#values(record)].map(({ key }) => key));
      const gone = (former: readonly { readonly key: CandidateKey }[], attributes: 0 | null): IndexEntry[] =>
        former
          .filter(({ key }) => !keys.has(key))
          .map(({ key }) => ({ key, atomId, attributes, leaves: true }));
      return [...gone(this.#keys(before), null), ...gone(this.#values(before), 0)];
    });
    // What they said does not count any more, as it will not when the batch comes again after a crash.
    for (const entry of left) this.#index.show(entry);
    await this.#index.write(left, store);
  }

  /** Writes what was entered of records that are stored by now: so whoever is found by an entry is there.
   * @returns how much was written, and beside which records others were entered since the batch looked
   * @throws ThrottledError when others keep writing the same entries */
  async commit(stored: ReadonlySet<AtomId>, store: CandidateStore): Promise<Committed> {
    const entries = this.#entries.filter(({ atomId }) => stored.has(atomId));
    const { written, newcomers } = await this.#index.write(entries, store);
    const others = [...newcomers].map(([id, beside]) => [id, beside.difference(this.#own)] as const);
    return { written, newcomers: new Map(others) };
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

  #enter(entry: IndexEntry): void {
    this.#entries.push(entry);
    this.#index.show(entry);
  }

  /** A sample without the batch's own records. */
  #othersAt(key: CandidateKey): DistinctSample {
    let sample = this.#index.sampleAt(key);
    for (const atomId of this.#own) sample = sampleWithout(sample, markOf(atomId, key));
    return sample;
  }
}
