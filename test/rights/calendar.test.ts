import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../functions/kernel/invariant.ts';
import { localDayFrom } from '../../functions/kernel/local-day.ts';
import { addBusinessDays, businessDaysBetween, isBusinessDay } from '../../functions/rights/calendar.ts';
import { calendar } from './calendars.ts';

const day = (text: string): number => {
  const found = localDayFrom(text);
  if (found === null) throw new Error(`${text} is no date`);
  return found;
};

describe('business days', () => {
  it('leave out Saturday and Sunday, but Friday and Saturday in Saudi Arabia', () => {
    const week = ['2026-11-26', '2026-11-27', '2026-11-28', '2026-11-29', '2026-11-30'].map(day);
    const worked = (code: string) => week.map((date) => isBusinessDay(date, calendar(code)));
    expect(worked('eu')).toEqual([true, true, false, false, true]);
    expect(worked('sa')).toEqual([true, false, false, true, true]);
  });

  it('count five from a Wednesday in Riyadh to the Wednesday after', () => {
    expect(addBusinessDays(day('2026-11-25'), 5, calendar('sa'))).toBe(day('2026-12-02'));
  });

  it('leave out the holidays supplied and take in the worked weekend days', () => {
    const cn = calendar('cn', '2026-10-01,+2026-10-10');
    expect(isBusinessDay(day('2026-10-01'), cn)).toBe(false);
    expect(isBusinessDay(day('2026-10-10'), cn)).toBe(true);
    expect(isBusinessDay(day('2026-10-11'), cn)).toBe(false);
  });

  it('are counted back as they were counted on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20_000, max: 22_000 }),
        fc.integer({ min: 0, max: 60 }),
        (from, count) => {
          const local = calendar('sa', '2026-01-01,2026-06-17,+2027-01-01');
          expect(businessDaysBetween(from, addBusinessDays(from, count, local), local)).toBe(count);
        },
      ),
    );
  });
});

describe('PUBLIC_HOLIDAYS', () => {
  it.each([
    '2026-13-01',
    '2026-02-29',
    '26-12-25',
    '2026-12-25;2026-12-26',
    '',
    '2026-12-25,',
    '++2026-12-26',
    'Christmas',
  ])('refuses %j as a wrong setting', (text) => {
    expect(() => calendar('eu', text)).toThrow(InvariantError);
  });

  it('refuses a calendar in which nobody ever works', () => {
    const idle = Array.from({ length: 400 }, (_, at) =>
      new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10),
    );
    expect(() => addBusinessDays(day('2026-01-01'), 1, calendar('eu', idle.join(',')))).toThrow(
      /leaves no business day/,
    );
  });
});
