import type { AtomId } from '../../../contracts/ids.ts';
import { COMPARISONS, type Comparison, type MatchParameters } from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { type BlockingKey, blockingKeys } from './blocking-keys.ts';
import { type Block, blockWith, candidatesOf, EMPTY_BLOCK } from './blocks.ts';
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
}

const NOT_THERE: Stored<DistinctSample> = { version: 0, value: EMPTY_SAMPLE };
const POPULATION = 'population';
const valueText = (comparison: Comparison, value: string): string => `value:${comparison}:${value}`;

export interface CandidateTools {
  readonly token: KeyToken;
  readonly choice: KeyChoice;
  readonly parameters: MatchParameters;
  readonly policy: MatchPolicy;
}

/** What a batch finds in the index, and what it adds. */
export class CandidateSearch {
  readonly #tools: CandidateTools;
  readonly #keys = new Map<IndexedRecord, readonly BlockingKey[]>();
  readonly #tokens = new Map<string, CandidateKey>();
  readonly #blocks = new Map<CandidateKey, Stored<Block>>();
  readonly #samples = new Map<CandidateKey, Stored<DistinctSample>>();
  readonly #written = new Set<CandidateKey>();

  constructor(tools: CandidateTools) {
    this.#tools = tools;
  }

  /** First round trip: the blocks of all keys of these records, the frequencies of their values, and the population. */
  async readFor(records: readonly IndexedRecord[], store: CandidateStore, consistent: boolean): Promise<void> {
    const blocks = new Set<CandidateKey>();
    const samples = new Set<CandidateKey>([this.#token(POPULATION)]);
    for (const each of records) {
      const keys = blockingKeys(each.record);
      this.#keys.set(each, keys);
      for (const { text } of keys) blocks.add(this.#token(text));
      for (const text of valueTexts(each.record)) samples.add(this.#token(text));
    }
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
      for (const text of valueTexts(record)) {
        const key = this.#token(text);
        if (!this.#samples.has(key)) samples.add(key);
      }
    if (samples.size === 0) return;
    this.#note(samples, await store.read([], [...samples], consistent));
  }

  get population(): Population {
    return populationOf(this.#sampleOf(POPULATION).value);
  }

  /** Tells of every value of a record how many records have it, as far as that was read. */
  teach(record: MatchRecord, learn: (comparison: Comparison, value: string, records: number) => void): void {
    for (const comparison of COMPARISONS) {
      const value = record[comparison];
      if (value === '') continue;
      const sample = this.#samples.get(this.#token(valueText(comparison, value)));
      if (sample !== undefined) learn(comparison, value, estimatedSize(sample.value));
    }
  }

  /** The records to compare one with, and at once puts it where later ones of the batch find it. */
  enter(indexed: IndexedRecord): readonly AtomId[] {
    const { atomId, record, before } = indexed;
    const { choice, parameters, policy } = this.#tools;
    const keys = this.#keys.get(indexed) ?? [];
    const found = keys.map(({ text }) => this.#blocks.get(this.#token(text))?.value).filter((block) => block !== undefined);
    const { records, present } = this.population;
    const candidates = candidatesOf(atomId, found, records, policy.candidatesMax);
    const shareOf = (comparison: Comparison): number => {
      const seen = estimatedSize(this.#sampleOf(valueText(comparison, record[comparison])).value);
      const [typical = 0] = parameters[comparison].u;
      const prior = policy.frequencyPriorRecords;
      return (seen + prior * typical) / ((present[COMPARISONS.indexOf(comparison)] ?? 0) + prior);
    };
    const expected = policy.populationGrowth * Math.max(records, policy.populationAtLeast);
    for (const { text } of choice.choose(keys, shareOf, expected)) this.#addToBlock(this.#token(text), atomId);
    this.#addToSample(POPULATION, atomId, attributesOf(record));
    for (const comparison of COMPARISONS) {
      const value = record[comparison];
      if (value !== '' && value !== before?.[comparison]) this.#addToSample(valueText(comparison, value), atomId, 0);
    }
    return candidates;
  }

  /** What has to be written. */
  get writes(): readonly CandidateWrite[] {
    return [...this.#written].map((key) => {
      const block = this.#blocks.get(key);
      if (block !== undefined) return { key, version: block.version, block: block.value };
      const sample = this.#samples.get(key) ?? NOT_THERE;
      return { key, version: sample.version, sample: sample.value };
    });
  }

  #addToBlock(key: CandidateKey, atomId: AtomId): void {
    const known = this.#blocks.get(key) ?? { version: 0, value: EMPTY_BLOCK };
    const value = blockWith(known.value, atomId, this.#tools.policy.blockMax);
    if (value === known.value) return;
    this.#blocks.set(key, { ...known, value });
    this.#written.add(key);
  }

  #addToSample(text: string, atomId: AtomId, attributes: number): void {
    const key = this.#token(text);
    const known = this.#samples.get(key) ?? NOT_THERE;
    const value = sampleWith(known.value, markOf(atomId, key), attributes);
    if (value === known.value) return;
    this.#samples.set(key, { ...known, value });
    this.#written.add(key);
  }

  #sampleOf(text: string): Stored<DistinctSample> {
    return this.#samples.get(this.#token(text)) ?? NOT_THERE;
  }

  /** Keeps what was read. A sample that was asked for and is not there says that hardly anybody has the value. */
  #note(asked: ReadonlySet<CandidateKey>, { blocks, samples }: CandidateEntries): void {
    for (const [key, block] of blocks) this.#blocks.set(key, block);
    for (const key of asked) this.#samples.set(key, samples.get(key) ?? NOT_THERE);
  }

  #token(text: string): CandidateKey {
    const known = this.#tokens.get(text);
    if (known !== undefined) return known;
    const token = this.#tools.token(text);
    this.#tokens.set(text, token);
    return token;
  }
}

const valueTexts = (record: MatchRecord): string[] =>
  COMPARISONS.filter((comparison) => record[comparison] !== '').map((comparison) =>
    valueText(comparison, record[comparison]),
  );
