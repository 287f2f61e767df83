import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localDayOf } from '../../../functions/kernel/local-day.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { jurisdictionCodes } from '../../../functions/registry/jurisdictions/index.ts';
import { isBusinessDay } from '../../../functions/rights/calendar.ts';
import {
  type Deadline,
  type DeadlineRule,
  deadlineOf,
  type Pause,
  type RequestTimes,
  ruleFor,
} from '../../../functions/rights/privacy-request/deadline.ts';
import { calendar, lawOf } from '../calendars.ts';

type Running = Extract<Deadline, { readonly state: 'running' }>;

const FROM = Date.UTC(2026, 0, 1);
const instant = fc.integer({ min: FROM, max: FROM + 4 * 365 * DAY_MS });
const lengthMs = fc.integer({ min: 0, max: 40 * DAY_MS });
const date = instant.map((at) => new Date(at).toISOString().slice(0, 10));
const holidays = fc.array(fc.tuple(fc.boolean(), date), { maxLength: 60 });
const textOf = (days: readonly (readonly [boolean, string])[]) =>
  days.map(([worked, day]) => `${worked ? '+' : ''}${day}`).join(',') || 'none';
/** What happens to a request happens near its time, so that it matters. */
const within60Days = fc.integer({ min: -2 * DAY_MS, max: 60 * DAY_MS });
const pausesAfter = (receivedAt: number) =>
  fc.array(
    fc
      .tuple(within60Days, fc.nat(12 * DAY_MS))
      .map(([afterMs, ms]): Pause => ({ from: receivedAt + afterMs, to: receivedAt + afterMs + ms })),
    { maxLength: 5 },
  );
const times: fc.Arbitrary<RequestTimes> = instant.chain((receivedAt) =>
  fc.record({
    receivedAt: fc.constant(receivedAt),
    verifiedAt: fc.option(within60Days.map((ms) => receivedAt + ms)),
    pauses: pausesAfter(receivedAt),
    extensionNoticedAt: fc.option(within60Days.map((ms) => receivedAt + ms)),
  }),
);

/** Every rule of the registry, and one of business days on a clock that stops, which no law has today. */
const rules: readonly (readonly [code: string, duty: string, rule: DeadlineRule])[] = [
  ...jurisdictionCodes.flatMap((code) =>
    (['answer', 'opt-out', 'acknowledge'] as const).flatMap((duty) => {
      const rule = ruleFor(lawOf(code), duty);
      return rule === null ? [] : [[code, duty, rule] as const];
    }),
  ),
  [
    'sa',
    'ten business days, stopping',
    {
      within: { count: 10, unit: 'business-days' },
      extension: { count: 5, unit: 'business-days', by: 'controller' },
      clock: 'from-receipt-stops-for-person',
    },
  ],
];

function running(deadline: Deadline): Running {
  if (deadline.state !== 'running') throw new Error(`the clock is ${deadline.state}`);
  return deadline;
}

const RUNS = { numRuns: 40 };

describe.each(rules)('%s, %s', (code, _, rule) => {
  const due = (at: RequestTimes, publicHolidays = 'none') =>
    running(deadlineOf(rule, at, calendar(code, publicHolidays)));
  const plain = (receivedAt: number): RequestTimes => ({
    receivedAt,
    verifiedAt: null,
    pauses: [],
    extensionNoticedAt: null,
  });

  it('what comes later is due no earlier', () => {
    fc.assert(
      fc.property(times, lengthMs, holidays, ({ receivedAt, pauses }, laterMs, days) => {
        // A clock that stood for one request before the other came is the one's alone.
        const shared = pauses.filter(({ from }) => from >= receivedAt + laterMs);
        const first = due({ ...plain(receivedAt), pauses: shared }, textOf(days));
        const second = due({ ...plain(receivedAt + laterMs), pauses: shared }, textOf(days));
        expect(second.dueAt).toBeGreaterThanOrEqual(first.dueAt);
      }),
      RUNS,
    );
  });

  it('is due with the end of a local day, a business day where those are counted', () => {
    fc.assert(
      fc.property(times, holidays, (at, days) => {
        const local = calendar(code, textOf(days));
        const { dueAt } = running(deadlineOf(rule, at, local));
        const day = localDayOf(dueAt, local.timeZone);
        expect(localDayOf(dueAt + 1, local.timeZone)).toBe(day + 1);
        if (rule.within.unit === 'business-days') expect(isBusinessDay(day, local)).toBe(true);
      }),
      RUNS,
    );
  });

  it('reminds after the start and before the end, half first, and never while the clock stands', () => {
    fc.assert(
      fc.property(times, (at) => {
        const { startsAt, halfAt, eightyPercentAt, dueAt } = due(at);
        expect([startsAt, halfAt, eightyPercentAt, dueAt]).toEqual(
          [startsAt, halfAt, eightyPercentAt, dueAt].toSorted((a, b) => a - b),
        );
        if (rule.clock !== 'from-receipt-stops-for-person') return;
        for (const { from, to } of at.pauses)
          for (const reminder of [halfAt, eightyPercentAt])
            expect(reminder > Math.max(from, startsAt) && reminder < (to ?? reminder)).toBe(false);
      }),
      RUNS,
    );
  });

  it('an extension moves the end if the person hears of it in time, and only then', () => {
    fc.assert(
      fc.property(times, (at) => {
        const short = due({ ...at, extensionNoticedAt: null });
        const long = due(at);
        const inTime =
          rule.extension !== null && at.extensionNoticedAt !== null && at.extensionNoticedAt <= short.dueAt;
        expect(long.extended).toBe(inTime);
        expect(long.extensionNoticeBy).toBe(rule.extension === null ? null : short.dueAt);
        if (inTime) expect(long.dueAt).toBeGreaterThan(short.dueAt);
        else expect(long).toEqual(short);
      }),
      RUNS,
    );
  });

  it('more public holidays never make it due earlier', () => {
    fc.assert(
      fc.property(instant, holidays, (receivedAt, days) => {
        const off = days.filter(([worked]) => !worked);
        expect(due(plain(receivedAt), textOf(off)).dueAt).toBeGreaterThanOrEqual(
          due(plain(receivedAt)).dueAt,
        );
      }),
      RUNS,
    );
  });

  it('waiting for the person moves it by the dates waited, or by nothing where the law does not stop', () => {
    fc.assert(
      fc.property(instant, fc.double({ min: 0, max: 1, noNaN: true }), lengthMs, (receivedAt, share, ms) => {
        const before = due(plain(receivedAt)).dueAt;
        const from = Math.floor(receivedAt + share * (before - receivedAt));
        const after = due({ ...plain(receivedAt), pauses: [{ from, to: from + ms }] }).dueAt;
        const { timeZone } = calendar(code);
        const dates = (end: number, start: number) => localDayOf(end, timeZone) - localDayOf(start, timeZone);
        if (rule.clock !== 'from-receipt-stops-for-person') expect(after).toBe(before);
        else if (rule.within.unit !== 'business-days')
          expect(dates(after, before)).toBe(dates(from + ms, from));
        else expect(after).toBeGreaterThanOrEqual(Math.max(before, from + ms));
      }),
      RUNS,
    );
  });

  it('does not care in which order or how often a wait is told', () => {
    fc.assert(
      fc.property(times, (at) => {
        const again = { ...at, pauses: [...at.pauses, ...at.pauses].reverse() };
        expect(due(again)).toEqual(due(at));
      }),
      RUNS,
    );
  });
});
