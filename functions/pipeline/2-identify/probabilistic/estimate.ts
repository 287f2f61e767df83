import { COMPARISONS, LEVELS, type MatchParameters } from '../../../registry/matching/attributes.ts';

/** How often a combination of levels was seen among candidate pairs: one level for each of COMPARISONS, -1 missing. */
export interface LevelPattern {
  readonly levels: Int8Array;
  readonly count: number;
}

export interface Estimate {
  /** By comparison and level. */
  readonly m: readonly (readonly number[])[];
  /** Levels among candidates that are no match. Blocking made them more alike than chance: not for weights. */
  readonly unmatched: readonly (readonly number[])[];
  /** Share of the candidate pairs that are matches. */
  readonly matchShare: number;
  /** Expected matched pairs in which each comparison was present. */
  readonly support: readonly number[];
  readonly rounds: number;
}

const ROUNDS_MAX = 100;
const CONVERGED = 1e-6;
const MATCH_SHARE_START = 0.3;
/** Keeps every level possible, so that no single comparison can rule a pair out. */
const SMOOTHING = 0.5;

/**
 * Estimates level probabilities without labels: expectation maximisation for a mixture of two classes of pairs, with
 * comparisons independent within a class and missing ones left out (Dempster, Laird and Rubin 1977; Winkler 1988;
 * Jaro 1989).
 *
 * @param start where `m` starts: it also tells which of the two classes is the matches
 * @param chance level probabilities of random pairs, where the class of non-matches starts
 */
export function estimate(
  patterns: readonly LevelPattern[],
  start: MatchParameters,
  chance: readonly (readonly number[])[],
): Estimate {
  let m: readonly (readonly number[])[] = COMPARISONS.map((comparison) => start[comparison].m);
  let unmatched = chance;
  let matchShare = MATCH_SHARE_START;
  let support: readonly number[] = [];
  const pairs = patterns.reduce((sum, { count }) => sum + count, 0);
  let rounds = 0;
  while (pairs > 0 && rounds < ROUNDS_MAX) {
    rounds++;
    const matchedCounts = emptyCounts();
    const otherCounts = emptyCounts();
    let matches = 0;
    for (const { levels, count } of patterns) {
      const share = posterior(levels, m, unmatched, matchShare);
      matches += share * count;
      for (const [comparison, level] of levels.entries()) {
        if (level < 0) continue;
        add(matchedCounts, comparison, level, share * count);
        add(otherCounts, comparison, level, (1 - share) * count);
      }
    }
    support = matchedCounts.map((row) => row.reduce((sum, count) => sum + count, 0));
    m = matchedCounts.map(normalised);
    unmatched = otherCounts.map(normalised);
    const moved = Math.abs(matches / pairs - matchShare);
    matchShare = matches / pairs;
    if (moved < CONVERGED) break;
  }
  return { m, unmatched, matchShare, support, rounds };
}

/** Level shares of a sample of pairs. */
export function levelShares(pairs: Iterable<Int8Array>): readonly (readonly number[])[] {
  const counts = emptyCounts();
  for (const levels of pairs)
    for (const [comparison, level] of levels.entries()) if (level >= 0) add(counts, comparison, level, 1);
  return counts.map(normalised);
}

function posterior(
  levels: Int8Array,
  m: readonly (readonly number[])[],
  unmatched: readonly (readonly number[])[],
  matchShare: number,
): number {
  let logOdds = Math.log(matchShare / (1 - matchShare));
  for (const [comparison, level] of levels.entries()) {
    if (level >= 0)
      logOdds += Math.log((m[comparison]?.[level] || 1e-9) / (unmatched[comparison]?.[level] || 1e-9));
  }
  return 1 / (1 + Math.exp(-logOdds));
}

const emptyCounts = (): number[][] => COMPARISONS.map(() => LEVELS.map(() => 0));

function add(counts: readonly number[][], comparison: number, level: number, count: number): void {
  const row = counts[comparison];
  if (row !== undefined) row[level] = (row[level] ?? 0) + count;
}

function normalised(counts: readonly number[]): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count + SMOOTHING, 0);
  return counts.map((count) => (count + SMOOTHING) / total);
}
