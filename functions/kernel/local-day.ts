import { DAY_MS, type EpochMs, HOUR_MS } from './time.ts';

/** A date of the local calendar, as whole days since 1970-01-01. No time zone is left in it, so days are counted, and
 * not hours: a day of 23 or 25 hours is one day. */
export type LocalDay = number;

const DATE_MS_MAX = 8.64e15;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}

/** The date that a calendar on the wall shows at an instant.
 * @param timeZone IANA name
 * @throws RangeError for an unknown time zone or an instant that no date can express */
export function localDayOf(at: EpochMs, timeZone: string): LocalDay {
  const parts = { year: 0, month: 0, day: 0 };
  for (const { type, value } of formatOf(timeZone).formatToParts(at))
    if (type === 'year' || type === 'month' || type === 'day') parts[type] = Number(value);
  return Date.UTC(parts.year, parts.month - 1, parts.day) / DAY_MS;
}

/** The first instant of a local date. It isn't always 00:00: some zones have set their clocks forward at midnight. So
 * it is searched for instead of computed from an offset. */
export function startOfLocalDay(day: LocalDay, timeZone: string): EpochMs {
  // No zone is further than 15 hours from UTC.
  let before = day * DAY_MS - 15 * HOUR_MS;
  let within = Math.min(day * DAY_MS + 15 * HOUR_MS, DATE_MS_MAX);
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (localDayOf(middle, timeZone) >= day) within = middle;
    else before = middle;
  }
  return within;
}

/** The last millisecond of a local date. */
export const endOfLocalDay = (day: LocalDay, timeZone: string): EpochMs =>
  startOfLocalDay(day + 1, timeZone) - 1;

/** The same day of a later month; the last one where that month has no such day (31 January + 1 is 28 or 29 February). */
export function addMonths(day: LocalDay, months: number): LocalDay {
  const date = new Date(day * DAY_MS);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), last)) / DAY_MS;
}

/** `YYYY-MM-DD` as a date, or null when there is no such one. */
export function localDayFrom(text: string): LocalDay | null {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? null : at / DAY_MS;
}

/** 0 is Sunday, 6 is Saturday. */
export const weekdayOf = (day: LocalDay): number => new Date(day * DAY_MS).getUTCDay();
