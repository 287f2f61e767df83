import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityOrder } from '../../functions/contracts/identity-order.ts';
import { type IdentityReview, reviewIdOf } from '../../functions/contracts/identity-review.ts';
import type { PersonAttributes } from '../../functions/contracts/person.ts';
import type { IdentifierType, Signal } from '../../functions/contracts/signal.ts';
import { orderedPair, type Verdict } from '../../functions/contracts/subject.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../arbitraries.ts';
import { GRANTED, IBRAHIM, RUTH } from '../persons.ts';
import { MemoryRegion } from '../understand-harness.ts';

const ofMode = (mode: 'review' | 'on'): string =>
  Object.values(jurisdictions).find(({ identity }) => identity.value.probabilistic === mode)?.code ?? '';

type Who = Partial<Record<IdentifierType, string>>;
let sent = 0;
const from = (who: Who, states?: PersonAttributes, over: Partial<Signal> = {}): Signal =>
  signal({ id: `m${sent++}`, who, states, consent: GRANTED, ...over });
const user = (name: string) => tokenOf('userId', name);
const idOf = (a: string, b: string): string => reviewIdOf(user(a), user(b));

function order(a: string, b: string, verdict: Verdict | 'sever', cause: 'review' | 'operator' = 'operator') {
  const [x, y] = orderedPair(user(a), user(b));
  sent += 1;
  const ordered: Omit<IdentityOrder, 'orderId' | 'receivedAt'> =
    verdict === 'sever'
      ? { decisions: [], severed: [[x, y, NOW + sent]] }
      : { decisions: [{ a: x, b: y, verdict, at: NOW + sent, cause }], severed: [] };
  return { orderId: `order-${sent}`, ...ordered, receivedAt: NOW };
}

type Batch = readonly (Signal | IdentityOrder)[];
const deliver = async (region: MemoryRegion, ...batches: readonly Batch[]): Promise<void> => {
  for (const batch of batches) await region.deliverUntilDone([region.record(batch)]);
};
const regionAfter = async (code: string, ...batches: readonly Batch[]): Promise<MemoryRegion> => {
  const region = new MemoryRegion(code);
  await deliver(region, ...batches);
  return region;
};
const queue = async (region: MemoryRegion): Promise<readonly IdentityReview[]> =>
  (await region.effects.reviews.list({ limit: 100 })).reviews;
const round = (bits: number): number => Math.round(bits * 1e6) / 1e6;
/** What stewards see, without when it was opened. */
const shown = async (region: MemoryRegion) =>
  (await queue(region))
    .map(({ reviewId, bits, contributions }) => [
      reviewId,
      round(bits),
      Object.fromEntries(Object.entries(contributions).map(([name, each]) => [name, round(each)])),
    ])
    .sort();
const pairs = async (region: MemoryRegion): Promise<readonly string[]> =>
  (await queue(region)).map(({ reviewId }) => reviewId).sort();

const review = ofMode('review');
const later = { occurredAt: NOW };
const earlier = { occurredAt: NOW - DAY_MS };
const alike = [from({ userId: 'a' }, RUTH, earlier), from({ userId: 'b' }, RUTH, earlier)];

describe('a pair that waits for a steward', () => {
  it('shows the evidence as it is now, and since when it has waited', async () => {
    const region = await regionAfter(review, alike);
    const [first] = await queue(region);
    await region.deliverUntilDone(
      [region.record([from({ userId: 'b' }, { ...RUTH, streetNumber: '6' }, later)])],
      NOW + DAY_MS,
    );
    const [second, ...others] = await queue(region);
    expect(others).toEqual([]);
    expect(second).toMatchObject({ reviewId: first?.reviewId, openedAt: first?.openedAt, decision: null });
    expect(second?.bits).toBeLessThan(first?.bits ?? 0);
    expect(second?.contributions).not.toEqual(first?.contributions);
  });

  it('leaves the queue when the evidence is not enough any more, also where neither would find the other now', async () => {
    const region = await regionAfter(review, alike);
    expect(await pairs(region)).toEqual([idOf('a', 'b')]);
    await deliver(region, [from({ userId: 'b' }, IBRAHIM, later)]);
    expect(await pairs(region)).toEqual([]);
    await deliver(region, [from({ userId: 'a' }, IBRAHIM, later)]);
    expect(await pairs(region)).toEqual([idOf('a', 'b')]);
  });

  it.each<readonly [string, Batch]>([
    ['news of one of them', [from({ userId: 'b' }, IBRAHIM, later)]],
    [
      'an identifier that both were seen with',
      [from({ userId: 'a', email: 'e' }), from({ userId: 'b', email: 'e' })],
    ],
    ['an operator who says that they are one', [order('a', 'b', 'same')]],
    ['an operator who says that they are two', [order('a', 'b', 'different')]],
    ['an operator who takes the link away', [order('a', 'b', 'sever')]],
    [
      'one of them who allows no comparison any more',
      [from({ userId: 'b' }, undefined, { consent: { profiling: false }, ...later })],
    ],
  ])('leaves the queue through %s, wherever that batch dies', async (_name, last) => {
    const calm = await regionAfter(review, alike);
    expect(await pairs(calm)).toEqual([idOf('a', 'b')]);
    const before = calm.calls;
    await deliver(calm, last);
    expect(await pairs(calm)).toEqual([]);
    const calls = calm.calls - before;
    for (let call = 1; call <= calls; call += 1)
      for (const isAfter of [false, true]) {
        const region = await regionAfter(review, alike);
        region.crashAt(call, isAfter);
        await deliver(region, last);
        expect([call, isAfter, await pairs(region)]).toEqual([call, isAfter, []]);
      }
  });

  it('leaves the queue when evidence joins the two, where it may', async () => {
    const sibling = { ...RUTH, givenName: 'Samuel', birthDate: '1959-11-27' };
    const region = await regionAfter(
      ofMode('on'),
      [from({ userId: 'a' }, RUTH, earlier)],
      [from({ userId: 'b' }, sibling, earlier)],
    );
    expect(await pairs(region)).toEqual([idOf('a', 'b')]);
    await deliver(region, [from({ userId: 'b' }, RUTH, later)]);
    expect(region.partition()).toHaveLength(1);
    expect(await pairs(region)).toEqual([]);
  });

  it('is asked once for two subjects, though they are several atoms each', async () => {
    const region = await regionAfter(
      review,
      [from({ userId: 'a', email: 'a' }, RUTH), from({ email: 'a' }, RUTH)],
      [from({ userId: 'b', email: 'b' }, RUTH), from({ email: 'b' }, RUTH)],
    );
    expect(await pairs(region)).toHaveLength(1);
  });

  it('is what it was once a steward has decided, whatever is found later', async () => {
    for (const verdict of ['same', 'different'] as const) {
      const region = await regionAfter(review, alike);
      const decided = await region.effects.reviews.decide(idOf('a', 'b'), verdict, NOW + 1);
      for (const states of [{ ...RUTH, streetNumber: '6' }, IBRAHIM, RUTH])
        await deliver(region, [from({ userId: 'b' }, states, later)]);
      await deliver(region, [order('a', 'b', verdict, 'review')], [from({ userId: 'a' }, IBRAHIM, later)]);
      expect(await region.effects.reviews.decide(idOf('a', 'b'), verdict, NOW + 2)).toEqual(decided);
      expect(await queue(region)).toEqual([]);
    }
  });
});

/** Any order of signals, cut into batches anywhere, with some of them again. */
const playsOf = (signals: readonly Signal[]): fc.Arbitrary<readonly Batch[]> =>
  fc
    .tuple(
      permutationArbitrary(signals.length),
      fc.array(fc.nat({ max: signals.length - 1 }), { maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: signals.length }), { maxLength: 5 }),
    )
    .map(([permutation, again, cuts]) => {
      const played = [...permutation, ...again].flatMap((at) => signals[at] ?? []);
      const edges = [...new Set([0, ...cuts.sort((x, y) => x - y), played.length])];
      return edges.slice(1).map((to, at) => played.slice(edges[at], to));
    });

describe('the queue', () => {
  it('is the same after any order, split and repetition of the signals, weights and all', async () => {
    const news = [
      from({ userId: 'a' }, { ...RUTH, city: 'Ely, Cambs' }, { occurredAt: NOW - 3 * DAY_MS }),
      from({ userId: 'a' }, { street: 'Mill Ln' }, { occurredAt: NOW - 2 * DAY_MS }),
      from({ userId: 'a', email: 'home' }, { givenName: 'Ruth' }, earlier),
      from({ userId: 'b' }, { ...RUTH, streetNumber: '44' }, { occurredAt: NOW - 3 * DAY_MS }),
      from({ userId: 'b' }, { birthDate: '1961-03-02' }, earlier),
      from({ email: 'home' }, { postcode: 'CB6 1AA', surname: 'Qzcroftham' }, earlier),
    ];
    const expected = await shown(await regionAfter(review, news));
    expect(expected).toHaveLength(1);
    const play = async (batches: readonly Batch[]): Promise<void> => {
      expect(await shown(await regionAfter(review, ...batches))).toEqual(expected);
    };
    await fc.assert(fc.asyncProperty(playsOf(news), play), { numRuns: 150 });
  });

  it('asks of the same subjects after any order, though some are joined on the way and others move away', async () => {
    const news = [
      from({ userId: 'a' }, RUTH, earlier),
      from({ userId: 'b' }, { ...RUTH, streetNumber: '44' }, earlier),
      from({ userId: 'c' }, { ...RUTH, city: 'Ely, Cambs' }, earlier),
      from({ userId: 'd' }, RUTH, earlier),
      from({ userId: 'd' }, IBRAHIM, later),
      from({ userId: 'e' }, IBRAHIM, earlier),
      from({ userId: 'a', email: 'home' }),
      from({ userId: 'b', email: 'home' }),
    ];
    const expected = await pairs(await regionAfter(review, news));
    expect(expected).toHaveLength(2);
    expect(expected).toContain(idOf('d', 'e'));
    const play = async (batches: readonly Batch[]): Promise<void> => {
      expect(await pairs(await regionAfter(review, ...batches))).toEqual(expected);
    };
    await fc.assert(fc.asyncProperty(playsOf(news), play), { numRuns: 150 });
  });
});
