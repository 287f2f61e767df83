import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endOf,
  mergeRestrictions,
  type Restrictable,
  type Restriction,
  withRestriction,
} from '../../functions/contracts/restriction.ts';

const ids = ['one', 'two', 'three'] as const;
const restrictionArbitrary: fc.Arbitrary<Restriction> = fc.record({
  requestId: fc.constantFrom(...ids),
  until: fc.integer({ min: 1, max: 9 }),
  liftedAt: fc.option(fc.integer({ min: 0, max: 9 })),
});
/** A person who asks, or for whom one is lifted, in the order in which it happens. */
const historyArbitrary = fc.array(restrictionArbitrary, { maxLength: 9 });
const shuffled = (history: readonly Restriction[]) =>
  fc.shuffledSubarray([...history], { minLength: history.length, maxLength: history.length });

const FREE: Restrictable = { restrictedUntil: null };
const stateOf = (history: readonly Restriction[]): Restrictable =>
  history.reduce((node, change) => withRestriction(node, change), FREE);

describe('restrictions and their liftings', () => {
  it('give one state, in whatever order they arrive and however often', () => {
    fc.assert(
      fc.property(
        historyArbitrary.chain((history) => fc.tuple(fc.constant(history), shuffled(history))),
        ([history, other]) => {
          expect(stateOf(other)).toEqual(stateOf(history));
          expect(stateOf([...other, ...history])).toEqual(stateOf(history));
        },
      ),
    );
  });

  it('merge: in any order and grouping, with nothing as neutral element', () => {
    fc.assert(
      fc.property(historyArbitrary, historyArbitrary, historyArbitrary, (a, b, c) => {
        const [x, y, z] = [a, b, c].map((each) => mergeRestrictions([], each)) as [
          readonly Restriction[],
          readonly Restriction[],
          readonly Restriction[],
        ];
        expect(mergeRestrictions(x, y)).toEqual(mergeRestrictions(y, x));
        expect(mergeRestrictions(mergeRestrictions(x, y), z)).toEqual(
          mergeRestrictions(x, mergeRestrictions(y, z)),
        );
        expect(mergeRestrictions(x, x)).toEqual(x);
      }),
    );
  });

  it('restrict while one stands that was not lifted, and no longer', () => {
    fc.assert(
      fc.property(historyArbitrary, (history) => {
        const standing = ids.flatMap((id) => {
          const own = history.filter(({ requestId }) => requestId === id);
          return own.some(({ liftedAt }) => liftedAt !== null) ? [] : own.map(({ until }) => until);
        });
        expect(stateOf(history).restrictedUntil).toBe(standing.length === 0 ? null : Math.max(...standing));
      }),
    );
  });

  it('stand beside what restricts for nobody knows which request', () => {
    const before: Restrictable = { restrictedUntil: 5 };
    const lifted = withRestriction(before, { requestId: 'one', until: 9, liftedAt: 3 });
    expect(lifted.restrictedUntil).toBe(5);
    const restricted = withRestriction(before, { requestId: 'one', until: 9, liftedAt: null });
    expect(endOf(restricted.restrictions ?? [])).toBe(9);
  });
});
