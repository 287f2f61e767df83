import type { LeakPattern } from '../../contracts/incidents.ts';

/** No longer text is searched; the log service cuts a line at this length too (256 KiB). */
export const LINE_LENGTH_MAX = 262_144;

/**
 * What stands in a log line and must not: which patterns, never what matched. Patterns are narrow enough for our own
 * lines (codes, numbers, times, request ids, stack frames), since a search that cries wolf is switched off.
 */
export function leaksIn(line: string): ReadonlySet<LeakPattern> {
  const text = line.slice(0, LINE_LENGTH_MAX);
  const found = new Set<LeakPattern>();
  for (const [pattern, isIn] of searches) if (isIn(text)) found.add(pattern);
  return found;
}

const EMAIL = /[\w.+-](?:@|%40)(?:[a-z0-9-]+\.)+[a-z]{2,24}(?![\w-])/i;
/** ITU-T E.164: up to 15 digits, no zero first; written with single separators too. */
const PHONE = /(?<![\w+.])(?:\+|%2B)[1-9](?:[ ().-]?\d){7,14}(?!\d)/i;
/** Starts with 2 to 6 (ISO/IEC 7812 leaves 1 and 7 to 9 to other trades), so that a time in ms is none. */
const CARD = /(?<![\w.-])[2-6](?:[ -]?\d){12,18}(?![\w.-])/g;
/** Members that only an event as its client sends it has, as JSON, as JSON within JSON, or as Node prints objects. */
const PAYLOAD =
  /(?:["'\\]|[{,]\s*)(?:anonymousId|userId|previousId|traits|properties|originalTimestamp|writeKey)["'\\]*\s*:/;
const TOKEN = /\b(?:userId|loyaltyId|email|phone|deviceId|anonymousId)\.[\w-]{22}(?![\w-])/;

const searches: readonly (readonly [LeakPattern, (text: string) => boolean])[] = [
  ['email', (text) => EMAIL.test(text)],
  ['phone', (text) => PHONE.test(text)],
  [
    'payment-card',
    (text) => [...text.matchAll(CARD)].some(([match]) => hasLuhnDigit(match.replace(/\D/g, ''))),
  ],
  ['national-id', hasNationalId],
  ['event-payload', (text) => PAYLOAD.test(text)],
  ['identifier-token', (text) => TOKEN.test(text)],
];

/** ISO/IEC 7812-1, annex B. */
function hasLuhnDigit(digits: string): boolean {
  let sum = 0;
  for (let place = 1; place <= digits.length; place += 1) {
    const digit = Number(digits.at(-place));
    const doubled = place % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Numbers with a form of their own, or a check digit. Plain runs of digits without one would be found everywhere. */
function hasNationalId(text: string): boolean {
  return (
    SSN.test(text) ||
    RRN.test(text) ||
    [...text.matchAll(CPF)].some(([match]) => isCpf(match.replace(/\D/g, ''))) ||
    [...text.matchAll(RESIDENT_ID)].some(([match]) => isResidentId(match))
  );
}

/** United States: areas 000, 666 and from 900 on, group 00 and serial 0000 are not given (SSA). */
const SSN = /(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w.-])/;
/** South Korea: birthday, then century and sex. */
const RRN = /(?<![\w.-])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}(?![\w.-])/;
/** Brazil. */
const CPF = /(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w.-])/g;
/** China: place, birthday, serial, check character (GB 11643-1999). */
const RESIDENT_ID =
  /(?<![\w.-])\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX](?![\w.-])/gi;

function isCpf(digits: string): boolean {
  const checkOf = (length: number): number => {
    let sum = 0;
    for (let place = 0; place < length; place += 1) sum += Number(digits[place]) * (length + 1 - place);
    return ((sum * 10) % 11) % 10;
  };
  return checkOf(9) === Number(digits[9]) && checkOf(10) === Number(digits[10]);
}

/** ISO 7064, MOD 11-2. */
function isResidentId(text: string): boolean {
  let remainder = 0;
  for (const digit of text.slice(0, 17)) remainder = ((remainder + Number(digit)) * 2) % 11;
  return '0123456789X'[(12 - remainder) % 11] === text.at(17)?.toUpperCase();
}
