import { invariant, unreachable } from '../kernel/invariant.ts';
import {
  addMonths,
  endOfLocalDay,
  type LocalDay,
  localDayFrom,
  localDayOf,
  weekdayOf,
} from '../kernel/local-day.ts';
import { type EpochMs, HOUR_MS } from '../kernel/time.ts';
import type { JurisdictionDefinition, Weekday } from '../registry/jurisdiction-definition.ts';
import type { Period } from '../registry/period.ts';

/** What decides on which date a time ends. */
export interface LocalCalendar {
  readonly timeZone: string;
  /** Days of the week that are not business days; 0 is Sunday. */
  readonly weekend: ReadonlySet<number>;
  /** Public holidays, which the deployer supplies. Without them more days count as business days, so a deadline comes
   * out early and never late. */
  readonly holidays: ReadonlySet<LocalDay>;
  /** Days of a weekend that are worked all the same (China moves some for its long holidays). */
  readonly workdays: ReadonlySet<LocalDay>;
}

const WEEKDAYS: readonly Weekday[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];

/**
 * The calendar of a jurisdiction.
 * @param publicHolidays the stack's setting PUBLIC_HOLIDAYS: dates with commas between, and a plus before those that
 * are worked though they fall on a weekend (`2026-10-01,2026-10-02,+2026-10-10`); `none` for none
 * @throws InvariantError when the setting has anything else
 */
export function calendarOf(
  { timeZone, weekend }: Pick<JurisdictionDefinition, 'timeZone' | 'weekend'>,
  publicHolidays: string,
): LocalCalendar {
  const [holidays, workdays] = [new Set<LocalDay>(), new Set<LocalDay>()];
  for (const entry of publicHolidays === 'none' ? [] : publicHolidays.split(',')) {
    const day = localDayFrom(entry.replace(/^\+/, ''));
    invariant(day !== null, 'PUBLIC_HOLIDAYS is not a list of dates such as 2026-12-25,2026-12-28');
    (entry.startsWith('+') ? workdays : holidays).add(day);
  }
  return {
    timeZone,
    weekend: new Set(weekend.value.map((day) => WEEKDAYS.indexOf(day))),
    holidays,
    workdays,
  };
}

export const isBusinessDay = (day: LocalDay, { weekend, holidays, workdays }: LocalCalendar): boolean =>
  workdays.has(day) || (!weekend.has(weekdayOf(day)) && !holidays.has(day));

/** More than any run of holidays; a calendar in which nobody ever works is a wrong setting, not a long wait. */
const IDLE_DAYS_MAX = 366;

/** The first business day on or after a date. */
export function businessDayFrom(day: LocalDay, calendar: LocalCalendar): LocalDay {
  let found = day;
  while (!isBusinessDay(found, calendar)) {
    invariant(found - day < IDLE_DAYS_MAX, 'PUBLIC_HOLIDAYS leaves no business day in a year');
    found += 1;
  }
  return found;
}

/** The n-th business day after a date; the date itself for 0. */
export function addBusinessDays(day: LocalDay, count: number, calendar: LocalCalendar): LocalDay {
  let reached = day;
  for (let counted = 0; counted < count; counted += 1) reached = businessDayFrom(reached + 1, calendar);
  return reached;
}

/** Business days after one date, up to and with another. */
export function businessDaysBetween(from: LocalDay, to: LocalDay, calendar: LocalCalendar): number {
  let count = 0;
  for (let day = from + 1; day <= to; day += 1) if (isBusinessDay(day, calendar)) count += 1;
  return count;
}

/** The date on which a time of whole days ends. The day on which it starts is not counted (regulation (EEC, Euratom)
 * 1182/71 art. 3(1) and the like elsewhere). A calendar time that ends on a weekend ends there: where the law would
 * move the end, it moves it later, and the product keeps the earlier day. */
export function lastDayOf(start: LocalDay, { count, unit }: Period, calendar: LocalCalendar): LocalDay {
  switch (unit) {
    case 'calendar-days':
      return start + count;
    case 'calendar-months':
      return addMonths(start, count);
    case 'business-days':
      return addBusinessDays(start, count, calendar);
    case 'hours':
      throw new RangeError('a time in hours has no last day');
    default:
      return unreachable(unit);
  }
}

/** The instant at which a time ends: exactly for hours, else with the local day. */
export function endOf(startsAt: EpochMs, period: Period, calendar: LocalCalendar): EpochMs {
  if (period.unit === 'hours') return startsAt + period.count * HOUR_MS;
  const start = localDayOf(startsAt, calendar.timeZone);
  return endOfLocalDay(lastDayOf(start, period, calendar), calendar.timeZone);
}
