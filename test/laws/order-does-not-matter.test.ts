import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_CONSENT } from '../../functions/contracts/consent.ts';
import type { ProfileState } from '../../functions/contracts/profile.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import { foldSignals } from '../../functions/pipeline/3-profile/fold.ts';
import { EMPTY_STATE, mergeStates } from '../../functions/pipeline/3-profile/state.ts';
import { decodeState, encodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { scoreProfile } from '../../functions/pipeline/4-score/score.ts';
import { segments } from '../../functions/registry/segments/index.ts';
import { foldConsent } from '../../functions/rights/consent/state.ts';
import { NOW, permutationArbitrary, signalsArbitrary } from '../arbitraries.ts';

const RUNS = 1_000;

function fold(signals: readonly Signal[], state: ProfileState = EMPTY_STATE): ProfileState {
  const folded = foldSignals(
    state,
    signals,
    signals.map(() => ['service']),
  );
  return { ...folded, consent: foldConsent(folded.consent, signals, ['sharing', 'profiling']) };
}

/** Parts of a list, cut at random places. */
const partsArbitrary = (signals: Signal[]): fc.Arbitrary<Signal[][]> =>
  fc.array(fc.nat({ max: 4 }), { minLength: signals.length, maxLength: signals.length }).map((group) => {
    const parts: Signal[][] = [[], [], [], [], []];
    for (const [index, each] of signals.entries()) parts[group[index] ?? 0]?.push(each);
    return parts;
  });

const shuffled = signalsArbitrary().chain((signals) =>
  permutationArbitrary(signals.length).map((order) => ({
    signals,
    permuted: order.map((index) => signals[index] as Signal),
  })),
);

describe('law 3: order does not matter', () => {
  it('folds any permutation of the signals to the same state', () => {
    fc.assert(
      fc.property(shuffled, ({ signals, permuted }) => {
        expect(encodeState(fold(permuted))).toBe(encodeState(fold(signals)));
      }),
      { numRuns: RUNS },
    );
  });

  it('folds one by one, in any split, and merged from parts, to the same state', () => {
    const cases = signalsArbitrary().chain((signals) =>
      partsArbitrary(signals).map((parts) => ({ signals, parts })),
    );
    fc.assert(
      fc.property(cases, ({ signals, parts }) => {
        const whole = encodeState(fold(signals));
        expect(encodeState(signals.reduce((state, each) => fold([each], state), EMPTY_STATE))).toBe(whole);
        expect(encodeState(parts.reduce((state, part) => fold(part, state), EMPTY_STATE))).toBe(whole);
        // Of merged atoms the stricter statement holds, of one atom's signals the newer: see consent.test.ts.
        const merged = parts.map((part) => fold(part)).reduce(mergeStates, EMPTY_STATE);
        const withoutConsent = (state: ProfileState) => encodeState({ ...state, consent: EMPTY_CONSENT });
        expect(withoutConsent(merged)).toBe(withoutConsent(fold(signals)));
      }),
      { numRuns: RUNS },
    );
  });

  it('merges states commutatively and associatively, with the empty state neutral', () => {
    const three = fc
      .tuple(signalsArbitrary(15), signalsArbitrary(15), signalsArbitrary(15))
      .map((each) => each.map((part) => fold(part)) as [ProfileState, ProfileState, ProfileState]);
    fc.assert(
      fc.property(three, ([a, b, c]) => {
        expect(encodeState(mergeStates(a, b))).toBe(encodeState(mergeStates(b, a)));
        expect(encodeState(mergeStates(mergeStates(a, b), c))).toBe(
          encodeState(mergeStates(a, mergeStates(b, c))),
        );
        expect(encodeState(mergeStates(a, EMPTY_STATE))).toBe(encodeState(a));
      }),
      { numRuns: RUNS },
    );
  });

  it('puts the same profile into the same segments, whatever the order of arrival', () => {
    fc.assert(
      fc.property(shuffled, ({ signals, permuted }) => {
        const scored = (state: ProfileState) => [
          ...scoreProfile(
            () => state,
            segments,
            () => true,
            NOW,
          ).segments,
        ];
        expect(scored(permuted.reduce((state, each) => fold([each], state), EMPTY_STATE))).toEqual(
          scored(fold(signals)),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('stores a state and reads back the same', () => {
    fc.assert(
      fc.property(signalsArbitrary(), (signals) => {
        const state = fold(signals);
        expect(decodeState(encodeState(state))).toEqual(state);
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps a typical customer within one write unit', () => {
    const year = Array.from({ length: 26 }, (_, index) => signalsOfAWeek(index)).flat();
    expect(encodeState(fold(year)).length).toBeLessThan(1_024);
  });
});

function signalsOfAWeek(week: number): Signal[] {
  const [first] = fc.sample(signalsArbitrary(2), { numRuns: 1, seed: week });
  return (first ?? []).map((each) => ({ ...each, occurredAt: NOW - week * 7 * 86_400_000 }));
}
