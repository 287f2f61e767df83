import type { LeftOutReason } from '../../contracts/outcomes.ts';
import { hasCpfDigits, hasLuhnDigit, hasMod11Hybrid10Digit, weightedSum } from './check-digits.ts';

/** A national number that is kept: see `national-id-laws.ts` for what allows it and where its check is described. */
interface NationalNumber {
  /** Of the letters and digits alone, in upper case. The first group, where there is one, is what is kept. */
  readonly pattern: RegExp;
  /** Whether the check digits of what is kept hold. */
  isSound(number: string): boolean;
  /** Numbers of the country that have no check digit. */
  readonly unchecked?: RegExp;
}

const DAY = '(?:0[1-9]|[12]\\d|3[01])';
const MONTH = '(?:0[1-9]|1[0-2])';
const of = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

/** The last digit follows from the weighted sum of those before it. */
const lastDigit =
  (weights: readonly number[], digitOf: (sum: number) => number) =>
  (number: string): boolean =>
    digitOf(weightedSum(number, weights)) === Number(number.at(-1));

/** Spain: the letter is the number modulo 23; X, Y and Z before an NIE stand for 0, 1 and 2. */
const hasSpanishLetter = (number: string): boolean =>
  'TRWAGMYFPDXBNJZSQVHLCKE'[
    Number(number.slice(0, -1).replace(/^[XYZ]/, (head) => String('XYZ'.indexOf(head)))) % 23
  ] === number.at(-1);

/** What a letter or digit counts at the odd places of a codice fiscale; a digit counts as the letter of its place in the
 * alphabet. At even places it is its own value. */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function hasItalianLetter(number: string): boolean {
  const worth = (sign: string): number => (/\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65);
  const sum = [...number.slice(0, 15)].reduce(
    (total, sign, place) => total + (place % 2 === 0 ? (ODD[worth(sign)] ?? 0) : worth(sign)),
    0,
  );
  return worth(number.charAt(15)) === sum % 26;
}

/** Finland: birthday and serial number, without the sign of the century between them, modulo 31. */
const hasFinnishSign = (number: string): boolean =>
  '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(number.slice(0, 6) + number.slice(-4, -1)) % 31] === number.at(-1);

/** Norway: two check digits, modulo 11, neither of which may be ten. Of numbers given out from 2032 on the first one will hold
 * less strictly (Skatteetaten, "Nytt fødselsnummer fra 2032"). */
const hasNorwegianDigits = (number: string): boolean =>
  weightedSum(number, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
  weightedSum(number, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;

/** Estonia and Lithuania: modulo 11; where that gives ten, again with the weights moved on by two; ten again stands as 0. */
function hasBalticDigit(number: string): boolean {
  const first = weightedSum(number, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  const check = first < 10 ? first : weightedSum(number, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
  return check % 10 === Number(number.at(-1));
}

const BALTIC: NationalNumber = {
  pattern: of(`[1-8]\\d\\d${MONTH}${DAY}\\d{4}`),
  isSound: hasBalticDigit,
};

/** National numbers that are kept, by country (ISO 3166-1 alpha-2). Each has a check digit: without one a slip of the pen
 * would make somebody else of a customer. */
export const nationalNumbers: Readonly<Record<string, NationalNumber>> = {
  BG: {
    // The month has 20 added for the 1800s and 40 for the 2000s.
    pattern: of(`\\d\\d(?:[024][1-9]|[135][0-2])${DAY}\\d{4}`),
    isSound: lastDigit([2, 4, 8, 5, 10, 9, 7, 3, 6], (sum) => (sum % 11) % 10),
  },
  BR: { pattern: of('\\d{11}'), isSound: hasCpfDigits },
  EE: BALTIC,
  ES: { pattern: of('(?:\\d{8}|[XYZ]\\d{7})[A-Z]'), isSound: hasSpanishLetter },
  FI: {
    // A hyphen for the 1900s is gone by now. Serial numbers from 900 on are given out for a while, or for tests.
    pattern: of(`${DAY}${MONTH}\\d\\d[A-FU-Y]?[0-8]\\d\\d[\\dA-FHJ-NPR-Y]`),
    isSound: hasFinnishSign,
  },
  GR: {
    pattern: of('\\d{9}'),
    isSound: lastDigit([256, 128, 64, 32, 16, 8, 4, 2], (sum) => (sum % 11) % 10),
  },
  HR: { pattern: of('\\d{11}'), isSound: hasMod11Hybrid10Digit },
  IS: {
    // Companies have 40 added to the day, and are nobody.
    pattern: of(`${DAY}${MONTH}\\d{5}[089]`),
    isSound: (number) => weightedSum(number, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  },
  IT: {
    pattern: of('[A-Z]{6}[\\dL-NP-V]{2}[A-EHLMPR-T][\\dL-NP-V]{2}[A-Z][\\dL-NP-V]{3}[A-Z]'),
    isSound: hasItalianLetter,
  },
  LT: BALTIC,
  LV: {
    pattern: of(`${DAY}${MONTH}\\d\\d[0-2]\\d{4}`),
    isSound: lastDigit([10, 5, 8, 4, 2, 1, 6, 3, 7, 9], (sum) => ((sum + 1) % 11) % 10),
    // Given out since 2017: 32 to 39, and nine digits that mean nothing.
    unchecked: of('3[2-9]\\d{9}'),
  },
  NO: {
    // A D number has 40 added to the day.
    pattern: of(`(?:[04][1-9]|[1256]\\d|[37][01])${MONTH}\\d{7}`),
    isSound: hasNorwegianDigits,
  },
  PL: {
    // The month has 80 added for the 1800s and 20, 40 or 60 for the centuries from 2000 on.
    pattern: of(`\\d\\d(?:[02468][1-9]|[13579][0-2])${DAY}\\d{5}`),
    isSound: lastDigit([1, 3, 7, 9, 1, 3, 7, 9, 1, 3], (sum) => (10 - (sum % 10)) % 10),
  },
  PT: {
    pattern: of('[1-35-9]\\d{8}'),
    isSound: lastDigit([9, 8, 7, 6, 5, 4, 3, 2], (sum) => (sum % 11 < 2 ? 0 : 11 - (sum % 11))),
  },
  RO: {
    pattern: of(`[1-9]\\d\\d${MONTH}${DAY}\\d{6}`),
    isSound: lastDigit([2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9], (sum) => (sum % 11 === 10 ? 1 : sum % 11)),
  },
  SA: { pattern: of('[12]\\d{9}'), isSound: hasLuhnDigit },
  SE: {
    // Mostly written without the century. A coordination number has 60 added to the day.
    pattern: of(`(?:19|20)?(\\d\\d${MONTH}(?:[06][1-9]|[1278]\\d|[39][01])\\d{4})`),
    isSound: hasLuhnDigit,
  },
  ZA: { pattern: of(`\\d\\d${MONTH}${DAY}\\d{4}[0-2]\\d\\d`), isSound: hasLuhnDigit },
};

const all = (countries: string, reason: LeftOutReason): readonly (readonly [string, LeftOutReason])[] =>
  countries.split(' ').map((country) => [country, reason]);

/** Why the numbers of a country are not kept. */
export const refusedNumbers: ReadonlyMap<string, LeftOutReason> = new Map([
  ...all('AT AU BE CA CH DE FR GB HU IE IN JP KR LU NL SG SI US', 'reserved-number'),
  ...all('CN CZ DK SK', 'needs-own-consent'),
  ...all('CY LI MT', 'no-check-digit'),
]);

/** Places with ISO codes of their own that have the numbers of another, and Greece as tax offices write it. */
const NUMBERED_BY: ReadonlyMap<string, string> = new Map(
  ['FI AX', 'FR GF GP MF MQ RE YT', 'GB GG IM JE', 'GR EL', 'US AS GU MP PR UM VI'].flatMap((line) => {
    const [country = '', ...places] = line.split(' ');
    return places.map((place) => [place, country] as const);
  }),
);

export const numberingCountryOf = (place: string): string => NUMBERED_BY.get(place) ?? place;

/** A number as it is kept, or why it is not. */
export type ReadNumber = { readonly value: string } | { readonly reason: LeftOutReason };

/**
 * Reads a national number: the country, then letters and digits alone (`ES12345678Z`).
 *
 * The country is the one that stands before the number, where what follows is a number of that country or would not be kept
 * anyway, and otherwise the customer's. Nothing is guessed from the form: the same nine or eleven digits are a number of many
 * countries, and pass the check of some of them by chance.
 * @param country ISO 3166-1 alpha-2 of the customer, when it is known
 */
export function readNationalId(raw: string, country: string | undefined): ReadNumber {
  const compact = raw
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\p{C}\p{Z}\s\p{Pd}.,/:'’]+/gu, '');
  const stated = country === undefined ? undefined : readIn(numberingCountryOf(country), compact);
  if (stated !== undefined && 'value' in stated) return stated;
  const [, prefix = '', number = ''] = /^([A-Z]{2})(.+)$/.exec(compact) ?? [];
  const written = readIn(numberingCountryOf(prefix), number);
  if ('value' in written || (stated === undefined && written.reason !== 'unknown-numbering')) return written;
  return stated ?? { reason: 'unknown-country' };
}

function readIn(country: string, compact: string): ReadNumber {
  const refusal = refusedNumbers.get(country);
  if (refusal !== undefined) return { reason: refusal };
  const known = Object.hasOwn(nationalNumbers, country) ? nationalNumbers[country] : undefined;
  if (known === undefined) return { reason: 'unknown-numbering' };
  if (known.unchecked?.test(compact) === true) return { reason: 'no-check-digit' };
  const [whole, kept = whole] = known.pattern.exec(compact) ?? [];
  // One digit repeated passes some checks and is nobody's.
  if (kept === undefined || /^(\d)\1+$/.test(kept)) return { reason: 'malformed-number' };
  return known.isSound(kept) ? { value: `${country}${kept}` } : { reason: 'wrong-check-digit' };
}
