import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../../bin/identity/random.ts';
import { calibrate } from '../../../../functions/pipeline/2-identify/probabilistic/calibrate.ts';
import {
  estimate,
  type LevelPattern,
} from '../../../../functions/pipeline/2-identify/probabilistic/estimate.ts';
import { COMPARISONS } from '../../../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../../../functions/registry/matching/parameters.ts';
import { madePeople } from './generated-people.ts';

const drawn = (probabilities: readonly number[], random: () => number): number => {
  let left = random();
  for (const [level, probability] of probabilities.entries()) {
    left -= probability;
    if (left < 0) return level;
  }
  return probabilities.length - 1;
};

describe('estimate', () => {
  it('recovers the probabilities that made the pairs, without being told which pairs match', () => {
    const random = randomFrom(7);
    const m = [
      [0.6, 0.1, 0.1, 0.05, 0.15],
      [0.75, 0.1, 0.05, 0.02, 0.08],
      [0.5, 0.01, 0.01, 0.01, 0.47],
      [0.9, 0.04, 0.03, 0.01, 0.02],
    ];
    const u = [0.01, 0.01, 0.02, 0.06, 0.9];
    const patterns: LevelPattern[] = Array.from({ length: 40_000 }, () => {
      const levels = new Int8Array(COMPARISONS.length).fill(-1);
      const isMatch = random() < 0.2;
      for (const [at, row] of m.entries()) if (random() < 0.85) levels[at] = drawn(isMatch ? row : u, random);
      return { levels, count: 1 };
    });
    const found = estimate(
      patterns,
      matchParameters,
      COMPARISONS.map(() => [0.05, 0.05, 0.05, 0.05, 0.8]),
    );
    expect(found.matchShare).toBeCloseTo(0.2, 1);
    expect(Math.abs(found.matchShare - 0.2)).toBeLessThan(0.01);
    for (const [at, row] of m.entries())
      for (const [level, probability] of row.entries())
        expect(Math.abs((found.m[at]?.[level] ?? 1) - probability)).toBeLessThan(0.025);
  });
});

describe('calibrate', () => {
  it('finds how often records of one person agree, on people made with known errors', () => {
    const people = madePeople(700, randomFrom(3)).map(({ person }) => person);
    const { parameters, estimated } = calibrate(people, matchParameters, matchPolicy, randomFrom(1));
    // 15 % of surnames have a slip: two records agree exactly in some 0.85 squared of pairs.
    expect(Math.abs((parameters.surname.m[0] ?? 0) - 0.72)).toBeLessThan(0.06);
    expect(Math.abs((parameters.postcode.m[0] ?? 0) - 0.72)).toBeLessThan(0.06);
    expect(estimated).toContain('birthDate');
  });

  it('leaves alone what the records do not have', () => {
    const people = madePeople(200, randomFrom(3)).map(({ person }) => person);
    const { parameters, estimated } = calibrate(people, matchParameters, matchPolicy, randomFrom(1));
    expect(estimated).not.toContain('nationalId');
    expect(parameters.nationalId).toEqual(matchParameters.nationalId);
  });
});
