import { COMPARISONS, type Comparison } from '../../../registry/matching/attributes.ts';
import type { MatchRecord } from './record.ts';

/** How many records there are, and how many have each attribute (by position in COMPARISONS). */
export interface Population {
  readonly records: number;
  readonly present: readonly number[];
}
export const POPULATION_UNKNOWN: Population = { records: 0, present: [] };

/**
 * A sample of the distinct atoms that have something, from which their number is estimated: adaptive sampling after
 * Wegman (Flajolet, "On adaptive sampling", Computing 43, 1990). Each atom has a mark, uniform and always the same; the
 * sample holds the marks whose `depth` lowest bits are zero, so its size times `2^depth` estimates the number. When it
 * grows too large, `depth` rises and half of it goes.
 *
 * Adding an atom again changes nothing, and the order of adding does not matter, so a redelivery is not counted twice. An
 * erased atom's mark can be taken out.
 */
export interface DistinctSample {
  readonly depth: number;
  /** Sorted. */
  readonly marks: readonly number[];
  /** Besides each mark, which attributes the atom has (bit by position in COMPARISONS); for the population only. */
  readonly attributes: readonly number[];
}

/** Marks of a sample at most: what fits into one kilobyte, the unit of writing. The error is about a tenth. */
export const SAMPLE_MARKS_MAX = 110;
/** A sample starts by taking one atom in 2^3, so that a new record costs less than two writes for all its values. */
export const SAMPLE_DEPTH_LEAST = 3;
export const EMPTY_SAMPLE: DistinctSample = { depth: SAMPLE_DEPTH_LEAST, marks: [], attributes: [] };

const HALF_MARK = 2 ** 24;

/** The mark of an atom under a topic: 48 bits of a hash (two lanes of 32-bit FNV-1a, finished as in MurmurHash3). An atom
 * id is a keyed token already, so this need not be secret; it must only be uniform and differ by topic. */
export function markOf(atomId: string, topic: string): number {
  let [x, y] = [0x811c9dc5, 0x01000193];
  for (const text of [topic, atomId])
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      x = Math.imul(x ^ code, 0x01000193);
      y = Math.imul(y ^ code, 0x85ebca6b) + 0x9e3779b9;
    }
  const finished = (half: number): number => {
    let mixed = half ^ (half >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 8;
  };
  return finished(x ^ (y >>> 7)) * HALF_MARK + finished(y ^ (x >>> 5));
}

const isTaken = (mark: number, depth: number): boolean => mark % 2 ** depth === 0;

/** The sample with one more atom; the same object when that changes nothing.
 * @param attributes which attributes the atom has; 0 where the sample does not say */
export function sampleWith(sample: DistinctSample, mark: number, attributes: number): DistinctSample {
  if (!isTaken(mark, sample.depth)) return sample;
  const at = sample.marks.indexOf(mark);
  if (at >= 0 && sample.attributes[at] === attributes) return sample;
  const entries = sample.marks.map((each, index) => [each, sample.attributes[index] ?? 0] as const);
  let kept = [...entries.filter(([each]) => each !== mark), [mark, attributes] as const];
  let depth = sample.depth;
  while (kept.length > SAMPLE_MARKS_MAX) {
    depth++;
    const next = depth;
    kept = kept.filter(([each]) => isTaken(each, next));
  }
  kept.sort(([a], [b]) => a - b);
  return { depth, marks: kept.map(([each]) => each), attributes: kept.map(([, each]) => each) };
}

/** The sample without an atom; the same object when it was not in. */
export function sampleWithout(sample: DistinctSample, mark: number): DistinctSample {
  const at = sample.marks.indexOf(mark);
  if (at < 0) return sample;
  return { ...sample, marks: sample.marks.toSpliced(at, 1), attributes: sample.attributes.toSpliced(at, 1) };
}

/** The number of distinct atoms, estimated. */
export const estimatedSize = (sample: DistinctSample): number => sample.marks.length * 2 ** sample.depth;

export function populationOf(sample: DistinctSample): Population {
  const scale = 2 ** sample.depth;
  const present = COMPARISONS.map(() => 0);
  for (const attributes of sample.attributes)
    for (let at = 0; at < present.length; at++)
      if (((attributes >>> at) & 1) === 1) present[at] = (present[at] ?? 0) + scale;
  return { records: estimatedSize(sample), present };
}

/** Which attributes a record has, a bit for each of COMPARISONS. */
export const attributesOf = (record: MatchRecord): number =>
  COMPARISONS.reduce(
    (bits, comparison: Comparison, at) => bits | (record[comparison] === '' ? 0 : 1 << at),
    0,
  );
