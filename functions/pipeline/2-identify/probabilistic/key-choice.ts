import { COMPARISONS, type Comparison, type MatchParameters } from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import type { BlockingKey, Facet } from './blocking-keys.ts';

/** Imagined further records of the same person, by which the choice of keys is judged. */
const WORDS = 16;
const TRIALS = 32 * WORDS;

/** How often a part of a value survives an error of each level: a slip in one place leaves the other parts. */
const PART_SURVIVES = [1, 0.6, 0.4, 0.4, 0] as const;
/** How often a further record of the person does not have the attribute at all. */
const MISSING_SHARE = 0.15;

type Trials = Uint32Array;

/**
 * Chooses under which of its keys a record is written, since each one costs a write, while others look under all of
 * theirs.
 *
 * The choice maximises the chance that a further record of the same person finds this one: it shares a chosen key, and
 * the key's block still holds the record. How attributes of one person differ between records is what the matching
 * parameters say (`m`); how large a block becomes follows from the frequency of its facts. Keys that rely on the same
 * facts fail together, so the second is chosen for what the first leaves (greedy maximum coverage, which is within
 * 1 - 1/e of the best; Nemhauser, Wolsey and Fisher 1978). The chances are estimated over a fixed set of imagined
 * records, so the same record always gets the same keys.
 */
export class KeyChoice {
  readonly #survivors: ReadonlyMap<string, Trials>;
  readonly #policy: MatchPolicy;

  constructor(parameters: MatchParameters, policy: MatchPolicy) {
    this.#policy = policy;
    const survivors = new Map<string, Trials>();
    for (const [at, comparison] of COMPARISONS.entries()) {
      const whole = new Uint32Array(WORDS);
      const part = new Uint32Array(WORDS);
      for (let trial = 0; trial < TRIALS; trial++) {
        if (uniform(at, trial, 1) < MISSING_SHARE) continue;
        const level = drawn(parameters[comparison].m, uniform(at, trial, 2));
        if (level === 0) set(whole, trial);
        if (uniform(at, trial, 3) < (PART_SURVIVES[level] ?? 0)) set(part, trial);
      }
      survivors.set(`${comparison} whole`, whole);
      survivors.set(`${comparison} part`, part);
    }
    this.#survivors = survivors;
  }

  /**
   * @param shareOf share of the records that have this record's value of an attribute
   * @param population records expected while this one is to be found
   */
  choose<Key extends BlockingKey>(
    keys: readonly Key[],
    shareOf: (attribute: Comparison) => number,
    population: number,
  ): readonly Key[] {
    const { keysWrittenMax, blockMax } = this.#policy;
    if (keys.length <= keysWrittenMax) return keys;
    const options = keys.map((key) => ({
      key,
      trials: this.#trialsOf(key.facets),
      kept: Math.min(1, blockMax / Math.max(1, population * chanceOf(key.facets, shareOf))),
    }));
    const open = new Uint32Array(WORDS).fill(0xffffffff);
    const chosen: Key[] = [];
    while (chosen.length < keysWrittenMax) {
      let best: (typeof options)[number] | undefined;
      let bestGain = 0;
      for (const option of options) {
        const gain = option.kept * sharedBits(option.trials, open);
        if (gain <= bestGain) continue;
        best = option;
        bestGain = gain;
      }
      if (best === undefined) break;
      chosen.push(best.key);
      for (let word = 0; word < WORDS; word++) open[word] = (open[word] ?? 0) & ~(best.trials[word] ?? 0);
    }
    return chosen;
  }

  /** Trials in which all facts of a key survive. */
  #trialsOf(facets: readonly Facet[]): Trials {
    const all = new Uint32Array(WORDS).fill(0xffffffff);
    for (const { attribute, grain } of facets) {
      const own = this.#survivors.get(`${attribute} ${grain}`);
      if (own === undefined) continue;
      for (let word = 0; word < WORDS; word++) all[word] = (all[word] ?? 0) & (own[word] ?? 0);
    }
    return all;
  }
}

const chanceOf = (facets: readonly Facet[], shareOf: (attribute: Comparison) => number): number =>
  facets.reduce((chance, { attribute, share }) => chance * (share ?? shareOf(attribute)), 1);

const set = (trials: Trials, trial: number): void => {
  trials[trial >>> 5] = (trials[trial >>> 5] ?? 0) | (1 << (trial & 31));
};

function sharedBits(a: Trials, b: Trials): number {
  let bits = 0;
  for (let word = 0; word < WORDS; word++) {
    let shared = (a[word] ?? 0) & (b[word] ?? 0);
    shared -= (shared >>> 1) & 0x55555555;
    shared = (shared & 0x33333333) + ((shared >>> 2) & 0x33333333);
    bits += Math.imul((shared + (shared >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return bits;
}

function drawn(probabilities: readonly number[], at: number): number {
  let left = at;
  for (const [level, probability] of probabilities.entries()) {
    left -= probability;
    if (left < 0) return level;
  }
  return probabilities.length - 1;
}

/** Fixed numbers in [0, 1), one for each trial of a comparison: Weyl sequences, scrambled (MurmurHash3's finish). */
function uniform(comparison: number, trial: number, use: number): number {
  let mixed =
    Math.imul(trial + 1, 0x9e3779b9) + Math.imul(comparison + 1, 0x85ebca6b) + Math.imul(use, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
