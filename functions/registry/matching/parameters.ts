import type { MatchParameters } from './attributes.ts';

/** Name and version of model, parameters and policy, kept with every match they made. Raise it with any of them. */
export const MATCH_MODEL = 'matching@2';

/** The shipped parameters: what `rapport identity calibrate` finds, without labels and from the same starting values for
 * every comparison, in each of four public person files, averaged with equal weight (docs/identity.md). A level that
 * occurs in none of them though its comparator has it (a slip in `birthPlace` or `occupation`) takes the next one's.
 * `phone` is in none of the files and is set after `nationalId` and `email`. */
export const matchParameters: MatchParameters = {
  givenName: { m: [0.562, 0.0547, 0.143, 0.0216, 0.219], u: [0.00619, 0.00327, 0.00193, 0.0012, 0.987] },
  surname: { m: [0.614, 0.183, 0.0349, 0.00529, 0.163], u: [0.0031, 0.00136, 0.00176, 0.000751, 0.993] },
  middleName: {
    m: [0.547, 0.00003, 0.00003, 0.00003, 0.453],
    u: [0.00589, 0.000027, 0.000027, 0.000027, 0.994],
  },
  birthDate: { m: [0.7, 0.145, 0.0623, 0.00823, 0.0839], u: [0.00118, 0.00627, 0.0321, 0.024, 0.936] },
  birthPlace: { m: [0.835, 0.0202, 0.0202, 0.00168, 0.123], u: [0.00533, 0.00172, 0.00172, 0.002, 0.989] },
  postcode: { m: [0.754, 0.153, 0.029, 0.0339, 0.03], u: [0.000877, 0.00845, 0.000298, 0.0779, 0.913] },
  occupation: { m: [0.871, 0.00892, 0.00892, 0.00227, 0.109], u: [0.0353, 0.00252, 0.00252, 0.00228, 0.957] },
  gender: {
    m: [0.923, 0.000007, 0.000007, 0.000007, 0.077],
    u: [0.722, 0.000003, 0.000003, 0.000003, 0.278],
  },
  email: { m: [0.552, 0.352, 0.0779, 0.00243, 0.0154], u: [0.00216, 0.00176, 0.000399, 0.000287, 0.995] },
  phone: { m: [0.8, 0.1, 0.03, 0.01, 0.06], u: [0.0005, 0.0001, 0.0003, 0.0001, 0.999] },
  street: { m: [0.569, 0.294, 0.0478, 0.00416, 0.0845], u: [0.000519, 0.000206, 0.000426, 0.169, 0.83] },
  streetNumber: {
    m: [0.838, 0.0565, 0.000095, 0.000095, 0.105],
    u: [0.014, 0.221, 0.000002, 0.000002, 0.765],
  },
  city: { m: [0.667, 0.203, 0.0708, 0.000258, 0.059], u: [0.0192, 0.00933, 0.00631, 0.00259, 0.963] },
  region: { m: [0.951, 0.00009, 0.00009, 0.00009, 0.0485], u: [0.218, 0.000002, 0.000002, 0.000002, 0.782] },
  nationalId: {
    m: [0.884, 0.0618, 0.0023, 0.000088, 0.0517],
    u: [0.000292, 0.000042, 0.000215, 0.000002, 0.999],
  },
};

/** How a decision is made from the evidence. Weights are in bits (base-2 logarithm of a likelihood ratio). */
export interface MatchPolicy {
  /** Two subjects become one when the posterior odds, in bits, exceed this: 0 is even odds, 1 is two to one. */
  readonly mergeAbove: number;
  /** From here up to `mergeAbove` a person is asked. */
  readonly reviewAbove: number;
  /** Records that one person is expected to have in a population: with its size, the prior odds. */
  readonly recordsPerPerson: number;
  /** A population is taken to be at least this large, so that its first records are not joined lightly. */
  readonly populationAtLeast: number;
  /** Prior odds, in bits, that two records which agree in all that a home shares are one person's and not of two people
   * of one home: a file repeats a person far more often than it has others of the same home. */
  readonly householdPriorBits: number;
  /** A disagreement between two subjects weighs its single-record weight times the number of records behind it to this
   * power: 0 counts it once, 1 as if every record had made its error independently. */
  readonly conflictExponent: number;
  /** How far a value's frequency moves the weight of a near or close agreement: 0 not, 1 as much as an exact one. */
  readonly nearFrequencyExponent: number;
  /** The shipped frequency of a value counts as much as this many records. */
  readonly frequencyPriorRecords: number;
  /** Pairs below this weight are forgotten at once. */
  readonly rememberAbove: number;
  /** Records that a block keeps, the newest. */
  readonly blockMax: number;
  /** Blocks that one record is written to, of the many it looks into. */
  readonly keysWrittenMax: number;
  /** By how much the population may grow while a record waits to be found. */
  readonly populationGrowth: number;
  /** Records that one new record is compared with, those sharing the rarest keys first. */
  readonly candidatesMax: number;
  /** Records that are taken apart and put together again in one re-examination. */
  readonly regionMax: number;
}

export const matchPolicy: MatchPolicy = {
  // A wrong merge costs more than a missed one.
  mergeAbove: 1,
  reviewAbove: -3,
  recordsPerPerson: 3,
  populationAtLeast: 4_000,
  householdPriorBits: 5,
  conflictExponent: 0.5,
  nearFrequencyExponent: 0.5,
  frequencyPriorRecords: 1_000,
  rememberAbove: -6,
  blockMax: 54,
  keysWrittenMax: 5,
  populationGrowth: 4,
  candidatesMax: 250,
  regionMax: 80,
};
