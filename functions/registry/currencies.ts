/** Version of the table below; a changed rate is a new version, so that a re-derived amount names what it used. */
export const CURRENCY_RATES_VERSION = '2026-01-02';

/**
 * Approximate reference rates: whole units of the currency for one euro, and decimal digits of its minor unit
 * (ISO 4217). Rounded from the European Central Bank's euro reference rates of the version's date; currencies
 * outside that list follow their pegs. They put foreign orders on one scale for value tiers and thresholds. They are
 * fixed on purpose, so that a replay years later gives the same state, and they are not meant for bookkeeping.
 */
const RATES: Readonly<Record<string, readonly [unitsPerEuro: number, minorDigits: number]>> = {
  EUR: [1, 2],
  GBP: [0.87, 2],
  USD: [1.17, 2],
  CHF: [0.93, 2],
  JPY: [184, 0],
  AUD: [1.76, 2],
  CAD: [1.61, 2],
  NZD: [2.04, 2],
  SEK: [10.8, 2],
  NOK: [11.8, 2],
  DKK: [7.47, 2],
  ISK: [147, 0],
  PLN: [4.22, 2],
  CZK: [24.2, 2],
  HUF: [385, 2],
  RON: [5.09, 2],
  BGN: [1.956, 2],
  TRY: [50.4, 2],
  ILS: [3.74, 2],
  CNY: [8.2, 2],
  HKD: [9.1, 2],
  SGD: [1.51, 2],
  KRW: [1690, 0],
  INR: [105, 2],
  IDR: [19600, 2],
  MYR: [4.76, 2],
  PHP: [69, 2],
  THB: [36.9, 2],
  BRL: [6.44, 2],
  MXN: [21.1, 2],
  ZAR: [19.4, 2],
  AED: [4.3, 2],
  SAR: [4.39, 2],
  BHD: [0.44, 3],
  KWD: [0.36, 3],
};

/** ISO 4217 codes that amounts may be given in. */
export const CURRENCIES: readonly string[] = Object.keys(RATES);

/** Whole units of a known currency for one euro; 1 for a code the table does not have (see {@link CURRENCIES}). */
export const unitsPerEuro = (currency: string): number => RATES[currency]?.[0] ?? 1;

/**
 * Converts an amount to minor units of another currency.
 * @param amount whole units (may have decimals) of `from`; @param from and @param to codes of {@link CURRENCIES}.
 * @returns an integer, rounded half up.
 * @throws RangeError for a code the table does not have; schemas refuse such codes first.
 */
export function toMinorUnits(amount: number, from: string, to: string): number {
  const source = RATES[from];
  const target = RATES[to];
  if (source === undefined || target === undefined) throw new RangeError('currency without a reference rate');
  const inTarget = from === to ? amount : (amount / source[0]) * target[0];
  return Math.round(inTarget * 10 ** target[1]);
}
