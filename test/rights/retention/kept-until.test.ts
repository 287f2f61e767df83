import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeptUntil } from '../../../functions/contracts/profile.ts';
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
import { stateKeptAt } from '../../../functions/pipeline/3-profile/kept.ts';
import { wholeState } from '../../../functions/pipeline/3-profile/revocable.ts';
import { EMPTY_STATE, mergeStates } from '../../../functions/pipeline/3-profile/state.ts';
import { decodeState, encodeState } from '../../../functions/pipeline/3-profile/state-codec.ts';
import { eu } from '../../../functions/registry/jurisdictions/eu.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { standingsOf } from '../../../functions/rights/consent/standing.ts';
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
const endsOf = (signals: readonly Signal[]): KeptUntil | null => keptUntil(folded(signals), null, retention);
/** When all that contracts carry is gone. */
const until = (signals: readonly Signal[]): number | null => endsOf(signals)?.facts ?? null;
const daysOf = (eventClass: EventClass): number => retention[eventClass].value.maxDays - TABLE_RECOVERY_DAYS;
const afterDays = (days: number): number => NOW + days * DAY_MS;

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
  ];
  it.each(cases)('as long as the class %s allows, backups counted in, after %o', (eventClass, fact) => {
    expect(classesIn(folded([one(fact)]))).toEqual([eventClass]);
    expect(until([one(fact)])).toBe(afterDays(daysOf(eventClass)));
  });

  it('for the longest of the classes that it rests on, from the newest sign of life', () => {
    const lastYear = NOW - 365 * DAY_MS;
    expect(until([one(ORDER, lastYear), one(VISIT)])).toBe(afterDays(daysOf('transaction')));
  });

  it('no longer than anything else when nothing but its messages are known', () => {
    expect(keptUntil(EMPTY_STATE, NOW, retention)).toEqual({
      facts: afterDays(daysOf('other')),
      parts: [],
      choices: null,
    });
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
          expect(endsOf(shuffled)).toEqual(endsOf(signals));
          const merged = mergeStates(folded(shuffled.slice(0, cut)), folded(shuffled.slice(cut)));
          expect(keptUntil(merged, null, retention)).toEqual(endsOf(signals));
        },
      ),
    );
  });

  it('at least as long after any further signal', () => {
    fc.assert(
      fc.property(signalsArbitrary(8), signalsArbitrary(8), (before, further) => {
        const merged = keptUntil(mergeStates(folded(before), folded(further)), null, retention);
        for (const part of [before, further].map(endsOf)) {
          expect(merged?.facts ?? 0).toBeGreaterThanOrEqual(part?.facts ?? 0);
          expect(merged?.choices ?? 0).toBeGreaterThanOrEqual(part?.choices ?? 0);
        }
      }),
    );
  });

  it('and its counted messages as long as any signal of their time could still be lawful to hold', () => {
    expect(pageKeptUntil(NOW, retention)).toBe(NOW + (longestDays(retention) - TABLE_RECOVERY_DAYS) * DAY_MS);
  });
});

const BROWSING = ['analytics', 'personalisation', 'profiling'] as const;
const REFUSAL = { kind: 'consent', choices: { profiling: false } } as const;
const visited = (at: number): Signal => one(VISIT, at);

/** What is kept of somebody who bought, browsed with permission and chose, as many days later. */
function keptAfter(days: number, story: { orders?: Signal[]; visits?: Signal[]; choices?: Signal[] }) {
  const { orders = [], visits = [], choices = [] } = story;
  const carried = foldSignals(
    EMPTY_STATE,
    orders,
    orders.map(() => ['service'] as const),
  );
  const browsed = foldSignals(
    carried,
    visits,
    visits.map(() => BROWSING),
    visits.map(() => ({ purposes: BROWSING, since: 0 })),
  );
  const state = { ...browsed, consent: foldConsent(browsed.consent, choices, []) };
  const ends = keptUntil(state, null, retention);
  if (ends === null) return null;
  const kept = stateKeptAt({ state: encodeState(state), keptUntil: ends }, afterDays(days));
  return kept === null ? null : { ...kept, state: decodeState(kept.state) };
}

describe('of what is kept', () => {
  const story = { orders: [one(ORDER)], visits: [visited(NOW)], choices: [one(REFUSAL)] };

  it('behaviour goes by its own class, though orders and choices stay', () => {
    const whole = keptAfter(daysOf('behaviour') - 1, story);
    expect([wholeState(whole?.state ?? EMPTY_STATE).visits, whole?.state.orders]).toEqual([1, 1]);
    const later = keptAfter(daysOf('behaviour'), story);
    expect(later?.state.revocable).toEqual([]);
    expect(later?.state.orders).toBe(1);
    expect(later?.state.consent).toEqual(whole?.state.consent);
  });

  it('choices outlive everything else, and hold for whoever returns', () => {
    const bare = keptAfter(daysOf('transaction'), story);
    expect(bare?.keptUntil).toEqual({ facts: null, parts: [], choices: afterDays(daysOf('consent')) });
    const { consent, ...rest } = bare?.state ?? EMPTY_STATE;
    expect({ ...rest, consent: EMPTY_STATE.consent }).toEqual(EMPTY_STATE);
    expect(standingsOf(eu, consent, afterDays(daysOf('transaction'))).profiling).toMatchObject({
      depth: 'none',
      origin: 'explicit',
    });
    expect(keptAfter(daysOf('consent'), story)).toBeNull();
  });

  it('choices go on as long as anything is used by them, however old they are', () => {
    const old = one(REFUSAL, NOW - 3_000 * DAY_MS);
    expect(keptUntil(folded([old, one(ORDER)]), null, retention)?.choices).toBe(afterDays(daysOf('consent')));
    const long = {
      ...retention,
      transaction: { ...retention.transaction, value: { ...retention.transaction.value, maxDays: 9_000 } },
    };
    const ends = keptUntil(folded([old, one(ORDER)]), null, long);
    expect(ends?.choices).toBe(ends?.facts);
  });

  it('nothing is ever past its end, whatever was folded, and what is not past it stays as it is', () => {
    const facts = fc.constantFrom<Signal['facts'][number]>(ORDER, VISIT, REFUSAL, {
      kind: 'effort',
      score: 5,
    });
    const signals = fc.array(fc.tuple(facts, fc.integer({ min: 0, max: 2_500 })), { maxLength: 8 });
    fc.assert(
      fc.property(signals, signals, fc.integer({ min: 0, max: 2_000 }), (carried, browsed, days) => {
        const at = (list: typeof carried) => list.map(([fact, ago]) => one(fact, NOW - ago * DAY_MS));
        const now = afterDays(days);
        const kept = keptAfter(days, { orders: at(carried), visits: at(browsed), choices: at(carried) });
        if (kept === null) return;
        const { facts: end, parts, choices } = kept.keptUntil;
        for (const each of [end, ...parts, choices]) expect(each ?? now + 1).toBeGreaterThan(now);
        expect(kept.state.revocable).toHaveLength(parts.length);
        expect(stateKeptAt({ state: encodeState(kept.state), keptUntil: kept.keptUntil }, now)).toEqual({
          state: encodeState(kept.state),
          keptUntil: kept.keptUntil,
        });
      }),
    );
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
