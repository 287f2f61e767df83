import type { AtomId } from '../../../contracts/ids.ts';
import { ThrottledError } from '../../../kernel/invariant.ts';
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
/** An atom that a block (`attributes` null) or a sample is to have. */
interface Entry {
  readonly key: CandidateKey;
  readonly atomId: AtomId;
  readonly attributes: number | null;
}
interface KeyedBlock extends BlockingKey {
  readonly key: CandidateKey;
}

const COMMIT_ATTEMPTS_MAX = 6;
const NOT_THERE: Stored<DistinctSample> = { version: 0, value: EMPTY_SAMPLE };

/** What a batch finds in the index, and what it adds to it. */
export class CandidateSearch {
  readonly #tools: CandidateTools;
  readonly #populationKey: CandidateKey;
  readonly #keysOf = new Map<MatchRecord, readonly KeyedBlock[]>();
  readonly #valuesOf = new Map<MatchRecord, readonly Value[]>();
  readonly #blocks = new Map<CandidateKey, Stored<Block>>();
  readonly #samples = new Map<CandidateKey, Stored<DistinctSample>>();
  readonly #entries: Entry[] = [];
  readonly #written = new Set<CandidateKey>();
  /** Atoms of the batch. */
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
    for (const { record } of records) {
      const keys = blockingKeys(record).map((key) => ({ ...key, key: this.#tools.token(key.text) }));
      this.#keysOf.set(record, keys);
      for (const { key } of keys) blocks.add(key);
      for (const { key } of this.#values(record)) samples.add(key);
    }
    for (const { atomId } of records) this.#own.add(atomId);
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
    this.#population ??= populationOf(this.#sampleAt(this.#populationKey).value);
    return this.#population;
  }

  /** Tells of every value that was looked up how many records have it. */
  teach(learn: (comparison: number, value: string, records: number) => void): void {
    for (const values of this.#valuesOf.values())
      for (const { comparison, value, key } of values)
        learn(comparison, value, estimatedSize(this.#sampleAt(key).value));
  }

  /** Puts a record where others find it, once that is committed. Where that is depends on the other records alone: after an
   * earlier attempt that entered it and died, it is the same place. One that stands under enough of its keys stays there. */
  enter({ atomId, record, before }: IndexedRecord): void {
    const { choice, policy } = this.#tools;
    const values = this.#values(record);
    const population = populationOf(this.#othersAt(this.#populationKey));
    const expected = policy.populationGrowth * Math.max(population.records, policy.populationAtLeast);
    const shareOf = (attribute: Comparison): number => this.#shareOf(attribute, values, population);
    const keys = this.#keysOf.get(record) ?? [];
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
    const keys = this.#keysOf.get(record) ?? [];
    const found = keys.map(({ key }) => this.#blocks.get(key)?.value).filter((block) => block !== undefined);
    return candidatesOf(atomId, found, this.population.records, this.#tools.policy.candidatesMax);
  }

  /**
   * Writes what was entered. Of an entry that somebody else wrote first, the latest is read and entered into again: of
   * two batches that bring alike records at once, the later one finds the other's.
   * @returns how many entries were written, and whether somebody else wrote one of them meanwhile: there may be further
   *   candidates then
   * @throws ThrottledError when others keep writing the same one
   */
  async commit(store: CandidateStore): Promise<{ readonly written: number; readonly isContested: boolean }> {
    const written = this.#written.size;
    let isContested = false;
    for (let attempt = 1; this.#written.size > 0; attempt++) {
      const conflicts = await store.write([...this.#written].map((key) => this.#writeOf(key)));
      this.#written.clear();
      if (conflicts.length === 0) break;
      isContested = true;
      if (attempt === COMMIT_ATTEMPTS_MAX)
        throw new ThrottledError('the candidate index is written by others');
      const again = new Set(conflicts);
      this.#note(again, await store.read(conflicts, conflicts, true));
      for (const entry of this.#entries) if (again.has(entry.key)) this.#put(entry);
    }
    return { written, isContested };
  }

  #writeOf(key: CandidateKey): CandidateWrite {
    const block = this.#blocks.get(key);
    if (block !== undefined) return { key, version: block.version, block: block.value };
    const { version, value } = this.#sampleAt(key);
    return { key, version, sample: value };
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
    this.#put(entry);
  }

  #put({ key, atomId, attributes }: Entry): void {
    if (attributes === null) {
      const known = this.#blocks.get(key) ?? { version: 0, value: EMPTY_BLOCK };
      const value = blockWith(known.value, atomId, this.#tools.policy.blockMax);
      if (value === known.value) return;
      this.#blocks.set(key, { ...known, value });
    } else {
      const known = this.#sampleAt(key);
      const value = sampleWith(known.value, markOf(atomId, key), attributes);
      if (value === known.value) return;
      this.#samples.set(key, { ...known, value });
    }
    this.#written.add(key);
  }

  /** A sample without the batch's own records. */
  #othersAt(key: CandidateKey): DistinctSample {
    let sample = this.#sampleAt(key).value;
    for (const atomId of this.#own) sample = sampleWithout(sample, markOf(atomId, key));
    return sample;
  }

  #sampleAt(key: CandidateKey): Stored<DistinctSample> {
    return this.#samples.get(key) ?? NOT_THERE;
  }

  /** Keeps what was read. A sample that was asked for and is not there says that hardly anybody has the value. */
  #note(asked: ReadonlySet<CandidateKey>, { blocks, samples }: CandidateEntries): void {
    for (const [key, block] of blocks) this.#blocks.set(key, block);
    for (const key of asked) this.#samples.set(key, samples.get(key) ?? NOT_THERE);
  }
}
