import { asIdentifierToken } from '../../../contracts/ids.ts';
import {
  COMPARISONS,
  type Comparison,
  type LevelProbabilities,
  type MatchParameters,
  type Person,
} from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { blockingKeys } from './blocking-keys.ts';
import { type Block, blockWith, candidatesOf, EMPTY_BLOCK } from './blocks.ts';
import { type Estimate, estimate, type LevelPattern, levelShares } from './estimate.ts';
import { type EncodedRecord, MatchModel } from './model.ts';
import { matchRecordOf } from './record.ts';

export interface Calibration {
  readonly parameters: MatchParameters;
  /** Comparisons that were seen often enough to be re-estimated; the others keep what was given. */
  readonly estimated: readonly Comparison[];
  readonly records: number;
  readonly candidatePairs: number;
  /** Share of the candidate pairs that are matches, as estimated. */
  readonly matchShare: number;
  readonly rounds: number;
}

const RANDOM_PAIRS = 300_000;
/** Records of one key that are looked at, the newest: an export is in memory, so there may be more than at rest. */
const BLOCK_MAX = 200;
/** Candidates of one record that are counted: enough to see its matches, few enough that large blocks do not rule. */
const CANDIDATES_MAX = 50;
/** A comparison seen in fewer matched pairs than this is left as it is. */
const SUPPORT_LEAST = 100;

/**
 * Re-estimates the level probabilities from records without labels: `m` by expectation maximisation over candidate
 * pairs, `u` from random pairs, which are nearly all of different people.
 *
 * @param random uniform in [0, 1); the same sequence gives the same result
 */
export function calibrate(
  people: readonly Person[],
  given: MatchParameters,
  policy: MatchPolicy,
  random: () => number,
): Calibration {
  const model = new MatchModel(given, policy);
  const records: EncodedRecord[] = [];
  const blocks = new Map<string, Block>();
  const patterns = new Map<string, { levels: Int8Array; count: number }>();
  let candidatePairs = 0;
  for (const [row, person] of people.entries()) {
    const record = matchRecordOf(person);
    const keys = blockingKeys(record).map(({ text }) => text);
    const encoded = model.encode(record);
    const own = asIdentifierToken(String(row));
    const found = keys.map((key) => blocks.get(key) ?? EMPTY_BLOCK).filter(({ size }) => size > 0);
    for (const candidate of candidatesOf(own, found, row, CANDIDATES_MAX)) {
      const other = records[Number(candidate)];
      if (other === undefined) continue;
      candidatePairs++;
      count(patterns, model.levels(encoded, other));
    }
    records.push(encoded);
    for (const key of keys) blocks.set(key, blockWith(blocks.get(key) ?? EMPTY_BLOCK, own, BLOCK_MAX));
  }
  const chance = levelShares(randomPairs(records, model, random));
  const found = estimate([...patterns.values()], given, chance);
  const estimated = COMPARISONS.filter((_, at) => (found.support[at] ?? 0) >= SUPPORT_LEAST);
  return {
    parameters: withEstimates(given, estimated, found, chance),
    estimated,
    records: records.length,
    candidatePairs,
    matchShare: found.matchShare,
    rounds: found.rounds,
  };
}

function count(patterns: Map<string, { levels: Int8Array; count: number }>, levels: Int8Array): void {
  const key = levels.join();
  const known = patterns.get(key);
  if (known === undefined) patterns.set(key, { levels, count: 1 } satisfies LevelPattern);
  else known.count++;
}

function* randomPairs(
  records: readonly EncodedRecord[],
  model: MatchModel,
  random: () => number,
): Generator<Int8Array> {
  const draws = Math.min(RANDOM_PAIRS, (records.length * (records.length - 1)) / 2);
  for (let draw = 0; draw < draws; draw++) {
    const [a, b] = [Math.floor(random() * records.length), Math.floor(random() * records.length)];
    const [x, y] = [records[a], records[b]];
    if (a !== b && x !== undefined && y !== undefined) yield model.levels(x, y);
  }
}

function withEstimates(
  given: MatchParameters,
  estimated: readonly Comparison[],
  found: Estimate,
  chance: readonly (readonly number[])[],
): MatchParameters {
  const parameters: Record<Comparison, LevelProbabilities> = { ...given };
  for (const comparison of estimated) {
    const at = COMPARISONS.indexOf(comparison);
    parameters[comparison] = { m: found.m[at] ?? given[comparison].m, u: chance[at] ?? given[comparison].u };
  }
  return parameters;
}
