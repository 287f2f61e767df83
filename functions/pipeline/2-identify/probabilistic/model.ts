import {
  COMPARISONS,
  type Comparison,
  type Level,
  type MatchParameters,
} from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { comparators } from './comparators.ts';
import { LevelCache } from './level-cache.ts';
import { mostRatioOfRest, restOfMailbox } from './mailbox.ts';
import { POPULATION_UNKNOWN, type Population } from './population.ts';
import type { MatchRecord } from './record.ts';
import { Frequencies, Pairs, Vocabulary } from './vocabulary.ts';

/** What evidence is summed over: the name as a whole (its parts may be exchanged), and every other comparison. */
export const FEATURES = ['name', ...COMPARISONS.slice(2)] as const satisfies readonly string[];
export type Feature = (typeof FEATURES)[number];
export const NAME = 0;
export const EMAIL = FEATURES.indexOf('email');
/** Offset of a feature's comparison in COMPARISONS. */
const COMPARISON_OF_FEATURE = 1;

const GIVEN = 0;
const SURNAME = 1;
const MISSING = -1;

/** Prior odds, in bits, that given name and surname were written the wrong way round. */
const EXCHANGED_BITS = -4;
/** The same, that a record's only name is a surname, or that its only surname is in truth a given name. */
const SOLE_NAME_BITS = { isSurname: -1, isGiven: -2 } as const;
/** A sole name that agrees with neither part: there may be a third (a maiden or middle name), so it counts no worse. */
const SOLE_NAME_LEAST_BITS = -4;

const FREQUENCY_LEAST = 1e-5;
const NEAR_LEAST = 1e-6;
const NEAR_MOST = 0.9;

/** The values of one record as numbers, by feature; -1 where missing. */
export type EncodedRecord = Int32Array;

/**
 * Likelihood ratios of agreements, after Fellegi and Sunter (1969) with several levels and with the frequency of values
 * (Winkler 1989): `m(level) / u(level)`, where `u` of an exact agreement is the share of records with that value, and
 * `u` of a near or close one is scaled by the more frequent of the two values.
 *
 * Population and frequencies are those of one batch (`regard`, `learn`); a value of which nothing was learnt counts as a
 * typical one. Values keep their numbers as long as the model lives.
 */
export class MatchModel {
  readonly #parameters: readonly { readonly m: readonly number[]; readonly u: readonly number[] }[];
  readonly #policy: MatchPolicy;
  /** Given names and surnames share numbers, so that one can be compared with the other. */
  readonly #words = new Vocabulary();
  readonly #vocabularies: readonly Vocabulary[];
  readonly #frequencies: readonly Frequencies[] = COMPARISONS.map(() => new Frequencies());
  /** Of given name and surname. */
  readonly #names = new Pairs();
  /** Of an address and what its mailbox has beside its owner's name. */
  readonly #addresses = new Pairs();
  readonly #rests = new Vocabulary();
  readonly #levels = new LevelCache();
  readonly #encoded = new WeakMap<MatchRecord, EncodedRecord>();
  #population: Population = POPULATION_UNKNOWN;

  constructor(parameters: MatchParameters, policy: MatchPolicy) {
    this.#parameters = COMPARISONS.map((comparison) => parameters[comparison]);
    this.#policy = policy;
    this.#vocabularies = COMPARISONS.map((_, index) => (index <= SURNAME ? this.#words : new Vocabulary()));
  }

  /** Starts a batch: how many records there are, and how many with each attribute. Forgets what was learnt of values. */
  regard(population: Population): void {
    this.#population = population;
    for (const frequencies of this.#frequencies) frequencies.forget();
  }

  /** How many records of the population have a value of the attribute at that place in COMPARISONS. */
  learn(at: number, value: string, records: number): void {
    this.#frequencies[at]?.learn(this.#vocabularyOf(at).idOf(value), records);
  }

  /** Prior odds, in bits, that two records of this population are one person's. */
  get priorBits(): number {
    const { populationAtLeast, recordsPerPerson } = this.#policy;
    return Math.log2(recordsPerPerson / Math.max(this.#population.records, populationAtLeast));
  }

  /** Turns a record into numbers; the same object gives the same numbers. */
  encode(record: MatchRecord): EncodedRecord {
    const known = this.#encoded.get(record);
    if (known !== undefined) return known;
    const encoded = new Int32Array(FEATURES.length).fill(MISSING);
    const [given, surname] = [this.#encodeWord(record.givenName), this.#encodeWord(record.surname)];
    if (given !== MISSING || surname !== MISSING) encoded[NAME] = this.#names.idOf(given, surname);
    for (let index = SURNAME + 1; index < COMPARISONS.length; index++) {
      const value = record[COMPARISONS[index] as Comparison];
      if (value === '') continue;
      encoded[index - COMPARISON_OF_FEATURE] = this.#vocabularyOf(index).idOf(value);
    }
    encoded[EMAIL] = this.#addressIdOf(encoded[EMAIL] ?? MISSING, record.givenName, record.surname);
    this.#encoded.set(record, encoded);
    return encoded;
  }

  /** Likelihood ratio of two present values of a feature. */
  ratio(feature: number, a: number, b: number): number {
    if (feature === NAME) return 2 ** this.#nameBits(a, b);
    if (feature === EMAIL) return this.#addressRatio(a, b);
    const comparison = feature + COMPARISON_OF_FEATURE;
    return this.#ratioAt(comparison, this.#levelOf(comparison, a, b), a, b);
  }

  /** An e-mail address, seen as that of somebody who goes by these names: a record may lack the name that another record
   * of the same person has. */
  addressUnder(address: number, names: readonly number[]): number {
    const [email, rest] = this.#addresses.pairOf(address);
    if (rest !== MISSING) return address;
    for (const name of names) {
      const [given, surname] = this.#names.pairOf(name);
      const own = this.#addressIdOf(email, this.#words.valueOf(given), this.#words.valueOf(surname));
      if (own !== address) return own;
    }
    return address;
  }

  /** Likelihood ratio of the given names alone, in whichever arrangement of the names fits best; 1 when one is missing. */
  givenNameRatio(a: number, b: number): number {
    const [[givenA, surnameA], [givenB, surnameB]] = [this.#names.pairOf(a), this.#names.pairOf(b)];
    if (givenA === MISSING || givenB === MISSING) return 1;
    const direct = this.#wordBits(GIVEN, givenA, givenB);
    if (direct >= 0 || surnameA === MISSING || surnameB === MISSING) {
      // A sole name may be the surname, which then says nothing of the given name.
      return surnameA === MISSING || surnameB === MISSING ? 2 ** Math.max(direct, 0) : 2 ** direct;
    }
    const crossed = this.#wordBits(SURNAME, surnameA, givenB);
    return crossed > 0 ? 2 ** Math.max(direct, this.#wordBits(GIVEN, givenA, surnameB)) : 2 ** direct;
  }

  /** Bits of evidence that two records are one person's, without the prior. */
  pairBits(a: EncodedRecord, b: EncodedRecord): number {
    let bits = 0;
    for (let feature = 0; feature < FEATURES.length; feature++) {
      const [x = MISSING, y = MISSING] = [a[feature], b[feature]];
      if (x === MISSING || y === MISSING) continue;
      bits += feature === NAME ? this.#nameBits(x, y) : Math.log2(this.ratio(feature, x, y));
    }
    return bits;
  }

  /** Bits by feature, only of those present on both sides. */
  contributions(a: EncodedRecord, b: EncodedRecord): Readonly<Partial<Record<Feature, number>>> {
    const bits: Partial<Record<Feature, number>> = {};
    for (const [feature, name] of FEATURES.entries()) {
      const [x = MISSING, y = MISSING] = [a[feature], b[feature]];
      if (x !== MISSING && y !== MISSING) bits[name] = Math.log2(this.ratio(feature, x, y));
    }
    return bits;
  }

  /** The level of every comparison, -1 where a side is missing: what calibration counts. */
  levels(a: EncodedRecord, b: EncodedRecord): Int8Array {
    const levels = new Int8Array(COMPARISONS.length).fill(MISSING);
    for (let feature = 0; feature < FEATURES.length; feature++) {
      const [x = MISSING, y = MISSING] = [a[feature], b[feature]];
      if (x === MISSING || y === MISSING) continue;
      if (feature === NAME) {
        const [[givenX, surnameX], [givenY, surnameY]] = [this.#names.pairOf(x), this.#names.pairOf(y)];
        if (givenX !== MISSING && givenY !== MISSING) levels[GIVEN] = this.#levelOf(GIVEN, givenX, givenY);
        if (surnameX !== MISSING && surnameY !== MISSING)
          levels[SURNAME] = this.#levelOf(SURNAME, surnameX, surnameY);
      } else {
        const comparison = feature + COMPARISON_OF_FEATURE;
        const [v, w] =
          feature === EMAIL ? [this.#addresses.pairOf(x)[0], this.#addresses.pairOf(y)[0]] : [x, y];
        levels[comparison] = this.#levelOf(comparison, v, w);
      }
    }
    return levels;
  }

  #nameBits(a: number, b: number): number {
    const [[givenA, surnameA], [givenB, surnameB]] = [this.#names.pairOf(a), this.#names.pairOf(b)];
    let best = Number.NEGATIVE_INFINITY;
    const given = givenA !== MISSING && givenB !== MISSING;
    const surname = surnameA !== MISSING && surnameB !== MISSING;
    if (given || surname) {
      best =
        (given ? this.#wordBits(GIVEN, givenA, givenB) : 0) +
        (surname ? this.#wordBits(SURNAME, surnameA, surnameB) : 0);
    }
    if (given && surname) {
      if (best >= 0) return best;
      const exchanged =
        EXCHANGED_BITS + this.#wordBits(SURNAME, surnameA, givenB) + this.#wordBits(GIVEN, givenA, surnameB);
      return Math.max(best, exchanged);
    }
    // One side has only one name, which may be either.
    if (givenA !== MISSING && surnameA === MISSING && surnameB !== MISSING)
      best = Math.max(best, this.#wordBits(SURNAME, givenA, surnameB) + SOLE_NAME_BITS.isSurname);
    if (givenB !== MISSING && surnameB === MISSING && surnameA !== MISSING)
      best = Math.max(best, this.#wordBits(SURNAME, givenB, surnameA) + SOLE_NAME_BITS.isSurname);
    if (surnameA !== MISSING && givenA === MISSING && givenB !== MISSING)
      best = Math.max(best, this.#wordBits(GIVEN, surnameA, givenB) + SOLE_NAME_BITS.isGiven);
    if (surnameB !== MISSING && givenB === MISSING && givenA !== MISSING)
      best = Math.max(best, this.#wordBits(GIVEN, surnameB, givenA) + SOLE_NAME_BITS.isGiven);
    return Math.max(best, SOLE_NAME_LEAST_BITS);
  }

  #wordBits(role: typeof GIVEN | typeof SURNAME, a: number, b: number): number {
    return Math.log2(this.#ratioAt(role, this.#levelOf(role, a, b), a, b));
  }

  #ratioAt(comparison: number, level: Level, a: number, b: number): number {
    const { m, u } = this.#parameters[comparison] ?? { m: [], u: [] };
    const typical = u[0] ?? FREQUENCY_LEAST;
    let chance = u[level] ?? 1;
    if (level === 0) chance = Math.max(this.#frequency(comparison, a, typical), FREQUENCY_LEAST);
    else if (level <= 2) {
      const frequency = Math.max(
        this.#frequency(comparison, a, typical),
        this.#frequency(comparison, b, typical),
      );
      chance *= (frequency / typical) ** this.#policy.nearFrequencyExponent;
      chance = Math.min(Math.max(chance, NEAR_LEAST), NEAR_MOST);
    }
    return (m[level] ?? 0) / chance;
  }

  /** Share of a value among the records that have the attribute, drawn towards the typical one as if that many further
   * records had it. */
  #frequency(comparison: number, id: number, typical: number): number {
    const records = this.#frequencies[comparison]?.of(id);
    if (records === undefined) return typical;
    const { frequencyPriorRecords } = this.#policy;
    const present = this.#population.present[comparison] ?? 0;
    // Both are estimates: the part is never more than the whole.
    return (Math.min(records, present) + frequencyPriorRecords * typical) / (present + frequencyPriorRecords);
  }

  #levelOf(comparison: number, a: number, b: number): Level {
    if (a === b) return 0;
    // Parts of a name share their numbers, but are compared differently.
    return a < b
      ? this.#levels.level(comparison, a, b, () => this.#compared(comparison, a, b))
      : this.#levels.level(comparison, b, a, () => this.#compared(comparison, a, b));
  }

  #compared(comparison: number, a: number, b: number): Level {
    const vocabulary = this.#vocabularyOf(comparison);
    return comparators[COMPARISONS[comparison] as Comparison](vocabulary.valueOf(a), vocabulary.valueOf(b));
  }

  #vocabularyOf(comparison: number): Vocabulary {
    return this.#vocabularies[comparison] ?? this.#words;
  }

  #encodeWord(word: string): number {
    return word === '' ? MISSING : this.#words.idOf(word);
  }

  #addressIdOf(email: number, given: string, surname: string): number {
    if (email === MISSING) return MISSING;
    const rest = restOfMailbox(
      this.#vocabularyOf(EMAIL + COMPARISON_OF_FEATURE).valueOf(email),
      given,
      surname,
    );
    return this.#addresses.idOf(email, rest === null ? MISSING : this.#rests.idOf(rest));
  }

  /** The summands of the evidence are held to be independent given who is who. Addresses made of their owners' names are
   * not: people of one name have addresses that are alike. So likeness then counts only as far as the rest of the mailbox
   * bears it out. The very same address is another matter, as an address is given out once. */
  #addressRatio(a: number, b: number): number {
    const [[emailA, restA], [emailB, restB]] = [this.#addresses.pairOf(a), this.#addresses.pairOf(b)];
    const comparison = EMAIL + COMPARISON_OF_FEATURE;
    const ratio = this.#ratioAt(comparison, this.#levelOf(comparison, emailA, emailB), emailA, emailB);
    if (emailA === emailB || restA === MISSING || restB === MISSING) return ratio;
    return Math.min(ratio, restA === restB ? mostRatioOfRest(this.#rests.valueOf(restA)) : 1);
  }
}
