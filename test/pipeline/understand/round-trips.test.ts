import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityOrder } from '../../../functions/contracts/identity-order.ts';
import type { IdentifierToken } from '../../../functions/contracts/ids.ts';
import type { PersonAttributes } from '../../../functions/contracts/person.ts';
import type { IdentifierType, Signal } from '../../../functions/contracts/signal.ts';
import { orderedPair } from '../../../functions/contracts/subject.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { NOW, signal, tokenOf } from '../../arbitraries.ts';
import { GRANTED, IBRAHIM, RUTH } from '../../persons.ts';
import { MemoryRegion } from '../../understand-harness.ts';
import { RoundTrips } from './round-trips.ts';

/** The most that resolution may take, whoever is found. */
const MATCHING_MAX = 3;

const on = Object.values(jurisdictions).find(({ identity }) => identity.value.probabilistic === 'on')?.code;

type Who = Partial<Record<IdentifierType, string>>;
let sent = 0;
const from = (who: Who, states?: PersonAttributes, over: Partial<Signal> = {}): Signal =>
  signal({ id: `m${sent++}`, who, states, consent: GRANTED, ...over });

const order = (
  left: IdentifierToken,
  right: IdentifierToken,
  verdict: 'same' | 'different' | 'sever',
): IdentityOrder => {
  const [a, b] = orderedPair(left, right);
  sent += 1;
  return {
    orderId: `order-${sent}`,
    decisions: verdict === 'sever' ? [] : [{ a, b, verdict, at: NOW + sent, cause: 'review' }],
    severed: verdict === 'sever' ? [[a, b, NOW + sent]] : [],
    receivedAt: NOW,
  };
};
const user = (name: string): IdentifierToken => tokenOf('userId', name);
const mail = (name: string): IdentifierToken => tokenOf('email', name);

type Batch = readonly (Signal | IdentityOrder)[];
interface Told {
  readonly region: MemoryRegion;
  readonly trips: RoundTrips;
}

/** Lets batches come in, and says what the last one took. */
async function told(before: readonly Batch[], last: Batch): Promise<Told> {
  const region = new MemoryRegion(on);
  for (const batch of before) await region.deliverUntilDone([region.record(batch)]);
  const trips = new RoundTrips(region);
  await region.deliverUntilDone([region.record(last)]);
  expect(region.inconsistencies()).toEqual([]);
  return { region, trips };
}

describe('resolution takes three round trips at most', () => {
  it('when a new customer is found to be one who is alone', async () => {
    const { region, trips } = await told([[from({ userId: 'a' }, RUTH)]], [from({ userId: 'b' }, RUTH)]);
    expect(region.partition()).toHaveLength(1);
    expect(trips.matching).toHaveLength(MATCHING_MAX);
  });

  const STORIES: Readonly<Record<string, readonly Batch[]>> = {
    'has come to have atoms that say nothing of a person': [
      [from({ userId: 'a', email: 'a' }, RUTH)],
      [from({ userId: 'a', anonymousId: 'b1' })],
      [from({ anonymousId: 'b1' })],
      [from({ email: 'a' })],
      [from({ userId: 'a', anonymousId: 'b2' }), from({ anonymousId: 'b2' })],
    ],
    'has atoms that say something else, and were joined to it later': [
      [from({ userId: 'a', email: 'a' }, RUTH)],
      [from({ email: 'c' }, { ...RUTH, givenName: 'Samuel' })],
      [from({ userId: 'a', email: 'c' })],
    ],
    'said who they are only after they were joined': [
      [from({ userId: 'a', email: 'a' }), from({ email: 'a' })],
      [order(user('a'), user('c'), 'same')],
      [from({ userId: 'a' }, RUTH)],
    ],
    'is kept apart from others, and these from more': [
      [from({ userId: 'a', email: 'a' }, RUTH), from({ userId: 'c', email: 'c' }), from({ userId: 'd' })],
      [order(user('a'), mail('c'), 'different'), order(user('c'), user('d'), 'different')],
      [
        from({ userId: 'a', email: 'c' }),
        from({ userId: 'c', email: 'a' }),
        from({ userId: 'd', email: 'c' }),
      ],
      [from({ userId: 'c', anonymousId: 'b3' }), from({ anonymousId: 'b3' })],
    ],
    'was kept apart from others before they said who they are': [
      [from({ userId: 'a', email: 'a' }), from({ userId: 'c', email: 'c' })],
      [order(user('a'), user('c'), 'different')],
      [from({ userId: 'a', email: 'c' })],
      [from({ userId: 'a' }, RUTH)],
    ],
    'came apart again': [
      [from({ userId: 'a', email: 'a' }, RUTH), from({ userId: 'c', email: 'c' }, RUTH)],
      [order(user('a'), user('c'), 'sever')],
    ],
  };
  it.each(Object.entries(STORIES))('when the one who is found %s', async (_name, before) => {
    const { region, trips } = await told(before, [from({ userId: 'b', email: 'b' }, RUTH)]);
    const home = region.store.nodes.get(user('b'))?.subjectId;
    expect(region.store.nodes.get(user('a'))?.subjectId).toBe(home);
    expect(trips.matching).toHaveLength(MATCHING_MAX);
  });

  it('when a known customer, who is kept apart from others, comes to say the same as somebody else', async () => {
    const { region, trips } = await told(
      [
        [from({ userId: 'a', email: 'a' }, IBRAHIM), from({ userId: 'c', email: 'c' })],
        [order(user('a'), user('c'), 'different')],
        [from({ userId: 'a', email: 'c' }), from({ userId: 'x', email: 'x' }, RUTH)],
      ],
      [from({ userId: 'a' }, RUTH, { occurredAt: NOW })],
    );
    expect(region.store.nodes.get(user('x'))?.subjectId).toBe(region.store.nodes.get(user('a'))?.subjectId);
    expect(trips.matching).toHaveLength(MATCHING_MAX);
  });

  it('when a customer allows it from now on, of whom nothing new is said', async () => {
    const no = { consent: { profiling: false } };
    const { region, trips } = await told(
      [[from({ userId: 'a', email: 'a' }, RUTH), from({ userId: 'b', email: 'b' }, RUTH, no)]],
      [from({ userId: 'b' }, undefined, { occurredAt: NOW })],
    );
    expect(region.partition()).toHaveLength(1);
    expect(trips.matching).toHaveLength(MATCHING_MAX);
  });

  it('whatever signals and orders came before', async () => {
    const names = fc.constantFrom('1', '2', '3');
    const whoArbitrary: fc.Arbitrary<Who> = fc
      .record({ userId: names, email: names, anonymousId: names }, { requiredKeys: [] })
      .filter((who) => Object.keys(who).length > 0);
    const tokenArbitrary = fc
      .tuple(fc.constantFrom<IdentifierType>('userId', 'email', 'anonymousId'), names)
      .map(([type, name]) => tokenOf(type, name));
    const eachArbitrary = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          who: whoArbitrary,
          states: fc.constantFrom(undefined, RUTH, IBRAHIM, { ...RUTH, givenName: 'Samuel' }),
          day: fc.nat({ max: 9 }),
          allows: fc.boolean().map((each) => each || sent % 4 > 0),
        }),
      },
      {
        weight: 1,
        arbitrary: fc
          .record({
            a: tokenArbitrary,
            b: tokenArbitrary,
            verdict: fc.constantFrom('same', 'different', 'sever'),
          })
          .filter(({ a, b }) => a !== b),
      },
    );
    let most = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(eachArbitrary, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 14 }),
        async (story) => {
          const region = new MemoryRegion(on);
          const trips = new RoundTrips(region);
          for (const batch of story) {
            trips.forget();
            const values = batch.map((each) =>
              'who' in each
                ? from(each.who, each.states, {
                    consent: { ...GRANTED, profiling: each.allows },
                    occurredAt: NOW - (10 - each.day) * DAY_MS,
                  })
                : order(each.a, each.b, each.verdict),
            );
            const { conflicts, failed } = await region.deliver([region.record(values)]);
            expect(failed).toEqual([]);
            expect(region.inconsistencies()).toEqual([]);
            // An attempt that was in the way of itself (two signals of a batch that mean one row) is made again, reads and all.
            if (conflicts > 0) continue;
            expect(trips.matching.length).toBeLessThanOrEqual(MATCHING_MAX);
            most = Math.max(most, trips.matching.length);
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(most).toBe(MATCHING_MAX);
  });
});

describe('a known customer', () => {
  it.each([
    ['is alone', [[from({ userId: 'a' }, RUTH)]], 1],
    ['has an address', [[from({ userId: 'a', email: 'a' }, RUTH)]], 2],
    [
      'is several atoms',
      [[from({ userId: 'a', email: 'a' }, RUTH), from({ userId: 'b', email: 'b' }, RUTH)]],
      2,
    ],
  ] as const)(
    'who %s and says nothing new is known after so many reads in turn',
    async (_name, before, reads) => {
      const { trips } = await told(before, [from({ userId: 'a' }, RUTH)]);
      expect(trips.matching).toHaveLength(0);
      expect(trips.reading).toHaveLength(reads);
    },
  );
});
