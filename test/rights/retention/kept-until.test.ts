import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALERT_DAYS,
  ANSWER_DAYS,
  CUE_DAYS,
  QUARANTINE_DAYS,
  RECORD_DAYS,
  STREAM_HOURS,
  TABLE_RECOVERY_DAYS,
  UNREADABLE_DAYS,
} from '../../../functions/contracts/retention.ts';
import type { EventClass, Signal } from '../../../functions/contracts/signal.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { foldSignals } from '../../../functions/pipeline/3-profile/fold.ts';
import { EMPTY_STATE, mergeStates } from '../../../functions/pipeline/3-profile/state.ts';
import { eu } from '../../../functions/registry/jurisdictions/eu.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { foldConsent } from '../../../functions/rights/consent/state.ts';
import {
  classesIn,
  keptUntil,
  longestDays,
  pageKeptUntil,
  shortestDays,
} from '../../../functions/rights/retention/kept-until.ts';
import { NOW, permutationArbitrary, signal, signalsArbitrary } from '../../arbitraries.ts';

const { retention } = eu;
const until = (signals: readonly Signal[]): number | null => keptUntil(folded(signals), null, retention);

/** The state of an atom that has seen these signals, all of them allowed. */
function folded(signals: readonly Signal[]): typeof EMPTY_STATE {
  const state = foldSignals(
    EMPTY_STATE,
    signals,
    signals.map(() => ['service', 'profiling'] as const),
  );
  return { ...state, consent: foldConsent(state.consent, signals, []) };
}

const one = (fact: Signal['facts'][number], at = NOW): Signal =>
  signal({ id: `${fact.kind} ${at}`, who: { userId: 'u1' }, occurredAt: at, facts: [fact] });
const VISIT = { kind: 'visit', depth: 1 } as const;
const ORDER = { kind: 'order', valueMinor: 1_000, items: 1 } as const;

describe('a profile is kept', () => {
  const cases: readonly (readonly [EventClass, Signal['facts'][number]])[] = [
    ['transaction', ORDER],
    ['transaction', { kind: 'refund', valueMinor: 5 }],
    ['behaviour', VISIT],
    ['behaviour', { kind: 'cart', open: true, valueMinor: 5 }],
    ['service', { kind: 'contact', channel: 'phone', escalated: false }],
    ['service', { kind: 'resolution', firstContact: true, minutes: 5 }],
    ['service', { kind: 'flag', code: 'praise' }],
    ['delivery', { kind: 'delivery', onTime: true, hour: 9 }],
    ['feedback', { kind: 'satisfaction', score: 80 }],
    ['feedback', { kind: 'effort', score: 80 }],
    ['consent', { kind: 'consent', choices: { profiling: false } }],
  ];
  it.each(cases)('as long as the class %s allows, backups counted in, after %o', (eventClass, fact) => {
    expect(classesIn(folded([one(fact)]))).toEqual([eventClass]);
    const days = retention[eventClass].value.maxDays - TABLE_RECOVERY_DAYS;
    expect(until([one(fact)])).toBe(NOW + days * DAY_MS);
  });

  it('for the longest of the classes that it rests on, from the newest sign of life', () => {
    const lastYear = NOW - 365 * DAY_MS;
    expect(until([one(ORDER, lastYear), one(VISIT)])).toBe(
      NOW + (retention.transaction.value.maxDays - TABLE_RECOVERY_DAYS) * DAY_MS,
    );
  });

  it('no longer than anything else when nothing but its messages are known', () => {
    const days = retention.other.value.maxDays - TABLE_RECOVERY_DAYS;
    expect(keptUntil(EMPTY_STATE, NOW, retention)).toBe(NOW + days * DAY_MS);
    expect(keptUntil(EMPTY_STATE, null, retention)).toBeNull();
  });

  it('as long whatever order its signals came in, and however they were split among atoms', () => {
    fc.assert(
      fc.property(
        signalsArbitrary(12).chain((signals) =>
          fc.tuple(fc.constant(signals), permutationArbitrary(signals.length), fc.nat(signals.length)),
        ),
        ([signals, order, cut]) => {
          const shuffled = order.flatMap((at) => signals[at] ?? []);
          expect(until(shuffled)).toBe(until(signals));
          const merged = mergeStates(folded(shuffled.slice(0, cut)), folded(shuffled.slice(cut)));
          expect(keptUntil(merged, null, retention)).toBe(until(signals));
        },
      ),
    );
  });

  it('at least as long after any further signal', () => {
    fc.assert(
      fc.property(signalsArbitrary(8), signalsArbitrary(8), (before, further) => {
        const merged = keptUntil(mergeStates(folded(before), folded(further)), null, retention);
        for (const part of [before, further]) expect(merged ?? 0).toBeGreaterThanOrEqual(until(part) ?? 0);
      }),
    );
  });

  it('and its counted messages as long as any signal of their time could still be lawful to hold', () => {
    expect(pageKeptUntil(NOW, retention)).toBe(NOW + (longestDays(retention) - TABLE_RECOVERY_DAYS) * DAY_MS);
  });
});

describe.each(Object.values(jurisdictions).map((each) => [each.code, each.retention] as const))(
  'in %s',
  (_, ofClass) => {
    it('what has no class of its own goes before the shortest class does', () => {
      const shortest = shortestDays(ofClass);
      for (const days of [ALERT_DAYS, RECORD_DAYS, CUE_DAYS])
        expect(days + TABLE_RECOVERY_DAYS).toBeLessThanOrEqual(shortest);
      for (const days of [QUARANTINE_DAYS, UNREADABLE_DAYS, ANSWER_DAYS + 1])
        expect(days).toBeLessThanOrEqual(shortest);
    });

    it('a stream forgets long before the shortest class ends', () => {
      for (const hours of Object.values(STREAM_HOURS)) expect(hours / 24).toBeLessThan(shortestDays(ofClass));
    });

    it('every class leaves a profile some time, and a backup its days', () => {
      expect(shortestDays(ofClass)).toBeGreaterThan(TABLE_RECOVERY_DAYS);
    });
  },
);
