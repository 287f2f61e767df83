/** Milliseconds since 1970-01-01T00:00:00Z. Stages take it as an argument and never ask a clock (law 9). */
export type EpochMs = number;

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

/** Whole weeks since the epoch (weeks begin on Thursday, as 1970-01-01 did; only equality and order matter). */
export const weekOf = (at: EpochMs): number => Math.floor(at / WEEK_MS);

/** The day that was written out last. */
let latest = { day: 0, text: '1970-01-01' };

/** UTC date as `YYYY-MM-DD`, the archive's `dt` partition. */
export function utcDate(at: EpochMs): string {
  const day = Math.floor(at / DAY_MS);
  // Nearly all calls are about the day of the call before, and writing a date out costs more than folding a signal.
  if (day !== latest.day) latest = { day, text: new Date(at).toISOString().slice(0, 10) };
  return latest.text;
}

/** UTC hour as `HH`, the archive's `hh` partition. */
export const utcHour = (at: EpochMs): string => new Date(at).toISOString().slice(11, 13);
