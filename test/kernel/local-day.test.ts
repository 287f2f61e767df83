import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addMonths,
  endOfLocalDay,
  localDayFrom,
  localDayOf,
  startOfLocalDay,
  weekdayOf,
} from '../../functions/kernel/local-day.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';

const day = (text: string): number => localDayFrom(text) ?? Number.NaN;
const zones = fc.constantFrom(
  'Europe/Brussels',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
);
const days = fc.integer({ min: 14_000, max: 25_000 });

describe('a local day', () => {
  it('begins where the day before ends, and both know their date', () => {
    fc.assert(
      fc.property(days, zones, (date, zone) => {
        const start = startOfLocalDay(date, zone);
        expect([localDayOf(start - 1, zone), localDayOf(start, zone)]).toEqual([date - 1, date]);
        expect(endOfLocalDay(date - 1, zone)).toBe(start - 1);
      }),
    );
  });

  it('begins at one in the morning where the clocks went forward at midnight', () => {
    const start = startOfLocalDay(day('2018-11-04'), 'America/Sao_Paulo');
    expect(new Date(start).toISOString()).toBe('2018-11-04T03:00:00.000Z');
    expect(endOfLocalDay(day('2018-11-04'), 'America/Sao_Paulo') + 1 - start).toBe(23 * 3_600_000);
  });

  it('begins at the second midnight where the clocks went back at the first', () => {
    const start = startOfLocalDay(day('2018-02-18'), 'America/Sao_Paulo');
    expect(new Date(start).toISOString()).toBe('2018-02-18T03:00:00.000Z');
  });
});

describe('adding months', () => {
  it.each([
    ['2027-01-31', 1, '2027-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2027-10-31', 1, '2027-11-30'],
    ['2027-12-15', 3, '2028-03-15'],
    ['2028-02-29', 12, '2029-02-28'],
  ])('%s and %i is %s', (from, months, to) => {
    expect(addMonths(day(from), months)).toBe(day(to));
  });

  it('lands in the month meant, on the same day or its last', () => {
    fc.assert(
      fc.property(days, fc.integer({ min: 0, max: 40 }), (from, months) => {
        const [a, b] = [from, addMonths(from, months)].map((at) => new Date(at * DAY_MS));
        if (a === undefined || b === undefined) return;
        const monthOf = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();
        expect(monthOf(b) - monthOf(a)).toBe(months);
        const isLast = new Date(b.getTime() + DAY_MS).getUTCDate() === 1;
        expect(b.getUTCDate() === a.getUTCDate() || (isLast && b.getUTCDate() < a.getUTCDate())).toBe(true);
      }),
    );
  });
});

it('knows dates from what only looks like one', () => {
  expect(localDayFrom('1970-01-02')).toBe(1);
  expect(weekdayOf(day('2026-11-25'))).toBe(3);
  for (const text of ['2027-02-29', '2026-1-1', '', '2026-00-10', 'yesterday', '+002026-01-01'])
    expect(localDayFrom(text)).toBeNull();
});
