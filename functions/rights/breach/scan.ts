import type { LeakPattern } from '../../contracts/incidents.ts';
import { hasCpfDigits, hasLuhnDigit, hasMod11Radix2Digit } from '../../registry/person/check-digits.ts';

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

/** Numbers with a form of their own, or a check digit. Plain runs of digits without one would be found everywhere. */
function hasNationalId(text: string): boolean {
  return (
    SSN.test(text) ||
    RRN.test(text) ||
    [...text.matchAll(CPF)].some(([match]) => hasCpfDigits(match.replace(/\D/g, ''))) ||
    [...text.matchAll(RESIDENT_ID)].some(([match]) => hasMod11Radix2Digit(match.toUpperCase()))
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
