import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFrom, shuffled } from '../../../../bin/identity/random.ts';
import { memoryCandidateIndex } from '../../../../functions/pipeline/2-identify/probabilistic/candidate-index.ts';
import { Matcher } from '../../../../functions/pipeline/2-identify/probabilistic/matcher.ts';
import type { Person } from '../../../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../../../functions/registry/matching/parameters.ts';
import { madePeople, pairwiseF1 } from './generated-people.ts';

const matcherOf = (
  over: { mayMerge?: boolean; uniqueWithinSource?: boolean; blockMax?: number } = {},
): Matcher =>
  new Matcher({
    parameters: matchParameters,
    policy: matchPolicy,
    index: memoryCandidateIndex(over.blockMax ?? matchPolicy.blockMax),
    mayMerge: over.mayMerge ?? true,
    uniqueWithinSource: over.uniqueWithinSource ?? false,
  });
const partitionOf = (people: readonly Person[], matcher = matcherOf()): readonly number[] => {
  for (const person of people) matcher.add(person, 0);
  return matcher.partition();
};
const ada = { givenName: 'ada', surname: 'lovelace', birthDate: '1815-12-10', city: 'london' };

describe('matcher', () => {
  it('joins records of one person in spite of a slip, a pet name and a gap', () => {
    const thomas = { givenName: 'thomas', surname: 'pelwick', birthDate: '1980-03-14', postcode: 'yo1 7hh' };
    expect(
      partitionOf([
        thomas,
        { ...thomas, givenName: 'tom', surname: 'pelwikc' },
        { givenName: 'thomas', surname: 'pelwick', postcode: 'yo1 7hh' },
      ]),
    ).toEqual([0, 0, 0]);
  });

  it('joins a record whose given name and surname were exchanged', () => {
    expect(partitionOf([ada, { ...ada, givenName: 'lovelace', surname: 'ada' }])).toEqual([0, 0]);
  });

  it('takes a missing value for no evidence', () => {
    const matcher = matcherOf();
    partitionOf([ada, { givenName: 'ada', surname: 'lovelace' }], matcher);
    expect(Object.keys(matcher.explain(0, 1).pair)).toEqual(['name']);
  });

  it('gives a rare name more weight than a common one', () => {
    const matcher = matcherOf();
    const people: Person[] = Array.from({ length: 400 }, (_, at) => ({
      surname: 'smith',
      birthDate: `19${10 + (at % 80)}-0${1 + (at % 9)}-1${at % 10}`,
    }));
    partitionOf([...people, { surname: 'quiddington' }, { surname: 'quiddington' }], matcher);
    const [common, rare] = [matcher.explain(0, 1).pair.name ?? 0, matcher.explain(400, 401).pair.name ?? 0];
    expect(rare).toBeGreaterThan(common + 4);
  });

  it('finds the people behind made-up records, in any order, within 0.02 of each other and hardly a wrong pair', () => {
    const records = madePeople(250, randomFrom(11));
    const scores = [1, 2, 3].map((seed) => {
      const arriving = shuffled(records, randomFrom(seed));
      return pairwiseF1(
        arriving.map(({ truth }) => truth),
        partitionOf(arriving.map(({ person }) => person)),
      );
    });
    const f1 = scores.map((score) => score.f1);
    expect(Math.min(...f1)).toBeGreaterThan(0.9);
    expect(Math.max(...f1) - Math.min(...f1)).toBeLessThan(0.02);
    expect(Math.min(...scores.map(({ precision }) => precision))).toBeGreaterThan(0.98);
  });

  it('never compares a record with more candidates than the bound, however large a block', () => {
    const matcher = matcherOf({ blockMax: 50 });
    const counts = Array.from({ length: 1_000 }, (_, at) =>
      matcher.add({ surname: 'smith', birthDate: `${1000 + at}-06-15` }, 0),
    ).map(({ comparisons }) => comparisons);
    expect(counts.at(-1)).toBeGreaterThan(0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(500);
  });
});

describe('merge guard', () => {
  it('does not glue a family that shares address, surname and e-mail address', () => {
    const home = {
      surname: 'croftham',
      street: 'mill lane',
      streetNumber: '4',
      city: 'ely',
      email: 'family@croftham.org',
    };
    const family = [
      { ...home, givenName: 'ruth', birthDate: '1961-02-03' },
      { ...home, givenName: 'samuel', birthDate: '1959-11-27' },
      { ...home, givenName: 'agnes', birthDate: '1994-07-19' },
    ];
    const found = partitionOf([...family, ...family, ...family]);
    expect(new Set(found).size).toBe(3);
  });

  it('weighs a conflict by all records behind it: a poor record in between does not join two people', () => {
    const twin = { surname: 'fenvass', city: 'bath', postcode: '40213' };
    const first = { ...twin, givenName: 'henry', birthDate: '1950-01-09' };
    const second = { ...twin, givenName: 'edward', birthDate: '1983-08-26' };
    const found = partitionOf([first, second, first, second, twin, first, second]);
    expect(found[0]).toBe(found[2]);
    expect(found[1]).toBe(found[3]);
    expect(found[0]).not.toBe(found[1]);
  });

  it('keeps rows of one source apart where that is known', () => {
    const matcher = matcherOf({ uniqueWithinSource: true });
    for (const source of [0, 0, 1]) matcher.add(ada, source);
    const found = matcher.partition();
    expect(found[0]).not.toBe(found[1]);
    expect(new Set(found).size).toBe(2);
  });
});

describe('decisions', () => {
  it('told apart stays apart, whatever comes later and in whatever order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.array(fc.nat(59), { minLength: 2, maxLength: 12 }),
        (seed, picks) => {
          const records = madePeople(25, randomFrom(seed)).slice(0, 60);
          const matcher = matcherOf();
          const apart: (readonly [number, number])[] = [];
          for (const [at, { person }] of records.entries()) {
            matcher.add(person, 0);
            const [a, b] = [picks[at % picks.length] ?? 0, at];
            if (a < b && at % 3 === 0) {
              matcher.decide(a, b, 'different');
              apart.push([a, b]);
            }
            const found = matcher.partition();
            for (const [x, y] of apart) expect(found[x]).not.toBe(found[y]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('told the same is joined without evidence, and comes apart when the decision is changed', () => {
    const matcher = matcherOf();
    partitionOf([ada, { givenName: 'grace', surname: 'hopper', birthDate: '1906-12-09' }], matcher);
    expect(matcher.partition()).toEqual([0, 1]);
    matcher.decide(0, 1, 'same');
    expect(matcher.partition()).toEqual([0, 0]);
    expect(matcher.explain(0, 1).edges).toMatchObject([{ bits: null }]);
    matcher.decide(0, 1, 'different');
    expect(matcher.partition()).toEqual([0, 1]);
  });

  it('gives after "different" and "same" again what there was before', () => {
    const matcher = matcherOf();
    const before = [...partitionOf([ada, ada, ada], matcher)];
    matcher.decide(0, 1, 'different');
    expect(matcher.partition()[0]).not.toBe(matcher.partition()[1]);
    matcher.decide(0, 1, 'same');
    expect(matcher.partition()).toEqual(before);
  });
});

describe('where evidence may not merge', () => {
  it('joins nothing and proposes instead', () => {
    const matcher = matcherOf({ mayMerge: false });
    expect(partitionOf([ada, ada], matcher)).toEqual([0, 1]);
    expect(matcher.reviews()).toMatchObject([{ rows: [0, 1] }]);
  });

  it('explains an edge by what every attribute contributed, adding up to its weight', () => {
    const matcher = matcherOf();
    partitionOf([ada, ada], matcher);
    const { edges, priorBits } = matcher.explain(0, 1);
    const [edge] = edges ?? [];
    const sum = Object.values(edge?.contributions ?? {}).reduce((total, bits) => total + bits, priorBits);
    expect(edge?.bits).toBeCloseTo(sum, 6);
  });
});
