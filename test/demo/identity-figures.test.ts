import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchPolicy } from '../../functions/registry/matching/parameters.ts';
import {
  identityFigures,
  pairwiseAccuracy,
  united,
  withoutMatches,
} from '../../lib/demo/identity-figures.ts';
import { townOf } from '../../lib/demo/town.ts';
import { truthOf } from '../../lib/demo/town-truth.ts';

const labels = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
  maxLength: 25,
});
const mapsOf = (rows: readonly (readonly [number, number])[]) =>
  [0, 1].map((at) => new Map(rows.map((row, index) => [`i${index}`, `${row[at]}`]))) as [
    Map<string, string>,
    Map<string, string>,
  ];

describe('pairwise accuracy', () => {
  it('is, by hand, 1/2, 1/3 and 2/5 for three identifiers of one person of which one lies with a stranger', () => {
    const groupOf = new Map(Object.entries({ a: '1', b: '1', c: '2', d: '2' }));
    const personOf = new Map(Object.entries({ a: 'p', b: 'p', c: 'p', d: 'q' }));
    expect(pairwiseAccuracy(groupOf, personOf)).toEqual({ precision: 1 / 2, recall: 1 / 3, f1: 2 / 5 });
  });

  it('is what comparing every pair gives', () => {
    fc.assert(
      fc.property(labels, (rows) => {
        const [groupOf, personOf] = mapsOf(rows);
        const pairs = rows.flatMap((one, at) => rows.slice(at + 1).map((other) => [one, other] as const));
        const held = pairs.filter(([one, other]) => one[0] === other[0]);
        const meant = pairs.filter(([one, other]) => one[1] === other[1]);
        const both = held.filter(([one, other]) => one[1] === other[1]).length;
        const { precision, recall } = pairwiseAccuracy(groupOf, personOf);
        expect(precision).toBeCloseTo(held.length === 0 ? 1 : both / held.length, 12);
        expect(recall).toBeCloseTo(meant.length === 0 ? 1 : both / meant.length, 12);
      }),
    );
  });

  it('leaves out identifiers that the store does not have, and those that nobody owns', () => {
    const groupOf = new Map(Object.entries({ a: '1', b: '1', x: '1' }));
    const personOf = new Map(Object.entries({ a: 'p', b: 'p', c: 'p' }));
    expect(pairwiseAccuracy(groupOf, personOf)).toEqual({ precision: 1, recall: 1, f1: 1 });
  });
});

describe('accepting reviews', () => {
  it('unites groups, also over several pairs, and passes over unknown identifiers', () => {
    const groupOf = new Map(Object.entries({ a: '1', b: '2', c: '3', d: '4' }));
    const pair = (a: string, b: string) => ({ a, b, bits: 5 });
    const after = united(groupOf, [pair('a', 'b'), pair('c', 'b'), pair('c', 'a'), pair('d', 'nobody')]);
    expect(new Set(['a', 'b', 'c'].map((key) => after.get(key))).size).toBe(1);
    expect(after.get('d')).toBe('4');
  });

  it('counts only pairs that are likelier than the line for merging', () => {
    const groupOf = new Map(Object.entries({ a: '1', b: '2', c: '3' }));
    const personOf = new Map(Object.entries({ a: 'p', b: 'p', c: 'q' }));
    const figures = identityFigures('review', groupOf, groupOf, personOf, [
      { a: 'a', b: 'b', bits: matchPolicy.mergeAbove + 0.1 },
      { a: 'b', b: 'c', bits: matchPolicy.mergeAbove },
    ]);
    expect(figures).toMatchObject({ identifiers: 3, persons: 2, acceptable: 1 });
    expect(figures.asLinked.f1).toBe(0);
    expect(figures.reviewsAccepted.f1).toBe(1);
  });
});

describe('a subject without its matches', () => {
  it('is what was seen together and what stewards put together', () => {
    const groups = withoutMatches({
      n: ['a', 'b', 'c', 'd', 'e'],
      e: [
        [0, 1, 20_000],
        [2, 9, 20_000],
      ],
      d: [
        [2, 3, 1, 5, 1],
        [3, 4, 0, 5, 1],
      ],
    });
    expect(groups.get('a')).toBe(groups.get('b'));
    expect(groups.get('c')).toBe(groups.get('d'));
    expect(new Set(groups.values()).size).toBe(3);
  });
});

describe('the truth about who is who', () => {
  const town = townOf({ seed: 7, now: Date.UTC(2026, 5, 1), jurisdictions: ['eu', 'uk'], customers: 300 });
  const truth = truthOf(town.events, 'uk');

  it('gives each identifier that was sent to a jurisdiction to one of its people', () => {
    const keys = truth.map(({ type, value }) => `${type} ${value}`);
    expect(new Set(keys).size).toBe(keys.length);
    const homes = new Map(town.people.map((person) => [person.id, person.country]));
    for (const { personId } of truth) expect(homes.get(personId)).toBe('GB');
    expect(new Set(truth.map(({ type }) => type))).toEqual(
      new Set(['userId', 'loyaltyId', 'email', 'phone', 'anonymousId']),
    );
  });

  it('has the second addresses of those who order as guests', () => {
    const emails = new Map(truth.flatMap((each) => (each.type === 'email' ? [[each.value, each]] : [])));
    const guests = town.people.filter(({ secondEmail, country }) => secondEmail !== null && country === 'GB');
    expect(guests.length).toBeGreaterThan(0);
    for (const { id, secondEmail } of guests) expect(emails.get(secondEmail ?? '')?.personId).toBe(id);
  });
});
