import type { MatchParameters } from './attributes.ts';

/** The shipped parameters: estimated by expectation maximisation, without labels, on several public person files
 * (docs/identity.md), and rounded. A jurisdiction re-estimates its own with `rapport identity calibrate`.
 * `phone` was in none of the files and is set after `nationalId` and `email`. */
export const matchParameters: MatchParameters = {
  givenName: { m: [0.55, 0.09, 0.13, 0.02, 0.21], u: [0.007, 0.005, 0.0024, 0.0012, 0.9844] },
  surname: { m: [0.66, 0.15, 0.04, 0.01, 0.14], u: [0.003, 0.0008, 0.0012, 0.0009, 0.9941] },
  middleName: { m: [0.48, 0.01, 0.01, 0.01, 0.49], u: [0.006, 0.001, 0.001, 0.001, 0.991] },
  birthDate: { m: [0.62, 0.22, 0.07, 0.02, 0.07], u: [0.001, 0.006, 0.03, 0.025, 0.938] },
  birthPlace: { m: [0.82, 0.01, 0.03, 0.01, 0.13], u: [0.006, 0.0003, 0.0017, 0.0022, 0.9898] },
  postcode: { m: [0.66, 0.13, 0.06, 0.06, 0.09], u: [0.0009, 0.008, 0.0008, 0.03, 0.9603] },
  occupation: { m: [0.8, 0.01, 0.01, 0.01, 0.17], u: [0.036, 0.0005, 0.0027, 0.0025, 0.9583] },
  gender: { m: [0.92, 0, 0, 0, 0.08], u: [0.6, 0, 0, 0, 0.4] },
  email: { m: [0.55, 0.35, 0.07, 0.01, 0.02], u: [0.002, 0.0017, 0.0006, 0.0004, 0.9953] },
  phone: { m: [0.8, 0.1, 0.03, 0.01, 0.06], u: [0.0005, 0.0001, 0.0003, 0.0001, 0.999] },
  street: { m: [0.57, 0.29, 0.05, 0.01, 0.08], u: [0.0006, 0.0003, 0.0004, 0.17, 0.8287] },
  streetNumber: { m: [0.84, 0.05, 0.001, 0.001, 0.108], u: [0.014, 0.22, 0.001, 0.001, 0.764] },
  city: { m: [0.68, 0.2, 0.06, 0.005, 0.055], u: [0.003, 0.002, 0.002, 0.003, 0.99] },
  region: { m: [0.95, 0, 0, 0, 0.05], u: [0.21, 0, 0, 0, 0.79] },
  nationalId: { m: [0.88, 0.06, 0.004, 0.002, 0.054], u: [0.0003, 0.00004, 0.00025, 0.0001, 0.99931] },
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
  /** A disagreement between two subjects weighs its single-record weight times the number of records behind it to this
   * power: 0 counts it once, 1 as if every record had made its error independently. */
  readonly conflictExponent: number;
  /** How far a value's frequency moves the weight of a near or close agreement: 0 not, 1 as much as an exact one. */
  readonly nearFrequencyExponent: number;
  /** The shipped frequency of a value counts as much as this many records. */
  readonly frequencyPriorRecords: number;
  /** Pairs below this weight are forgotten at once. */
  readonly rememberAbove: number;
  /** Records of one blocking key that are looked at, newest first. */
  readonly blockMax: number;
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
  conflictExponent: 0.5,
  nearFrequencyExponent: 0.5,
  frequencyPriorRecords: 300,
  rememberAbove: -6,
  blockMax: 200,
  candidatesMax: 250,
  regionMax: 80,
};
