import type { Comparison, Level } from '../../../registry/matching/attributes.ts';
import { areFormsOfOneName } from '../../../registry/matching/given-names.ts';
import { editDistance, jaroWinkler, soundex } from './distance.ts';

/** How alike two present, normalised values are. Symmetric. */
export type Comparator = (a: string, b: string) => Level;

const SAME: Level = 0;
const NEAR: Level = 1;
const CLOSE: Level = 2;
const RELATED: Level = 3;
const DIFFERENT: Level = 4;

const shorter = (a: string, b: string): number => Math.min(a.length, b.length);
/** One slip of a finger; in values of one or two characters that would be another value. */
const isOneSlip = (a: string, b: string): boolean => shorter(a, b) >= 3 && editDistance(a, b, 1) <= 1;

/** near: a short or pet form · close: one slip · related: an initial, a beginning, or much alike. */
const givenName: Comparator = (a, b) => {
  if (a === b) return SAME;
  if (areFormsOfOneName(a, b)) return NEAR;
  if (isOneSlip(a, b)) return CLOSE;
  const begins = a.startsWith(b) || b.startsWith(a);
  if (begins && (shorter(a, b) === 1 || shorter(a, b) >= 3)) return RELATED;
  return jaroWinkler(a, b) >= 0.88 ? RELATED : DIFFERENT;
};

/** near: one slip · close: two slips or much alike · related: sounds alike. */
const surname: Comparator = (a, b) => {
  if (a === b) return SAME;
  if (isOneSlip(a, b)) return NEAR;
  if (jaroWinkler(a, b) >= 0.9 || (shorter(a, b) >= 5 && editDistance(a, b, 2) <= 2)) return CLOSE;
  return soundex(a) === soundex(b) ? RELATED : DIFFERENT;
};

/** near: one slip, or day and month exchanged · close: two slips · related: same year, or same day and month. */
const birthDate: Comparator = (a, b) => {
  if (a === b) return SAME;
  const slips = editDistance(a, b, 2);
  if (slips <= 1) return NEAR;
  const [yearA, monthA, dayA] = [a.slice(0, 4), a.slice(4, 6), a.slice(6)];
  const [yearB, monthB, dayB] = [b.slice(0, 4), b.slice(4, 6), b.slice(6)];
  if (yearA === yearB && monthA === dayB && dayA === monthB) return NEAR;
  if (slips === 2) return CLOSE;
  return yearA === yearB || (monthA === monthB && dayA === dayB) ? RELATED : DIFFERENT;
};

/** The part of a postcode that names a town: before the space, or the first three characters where there is none. */
const townOf = (postcode: string): string =>
  postcode.includes(' ') ? postcode.slice(0, postcode.indexOf(' ')) : postcode.slice(0, 3);
const leadingLetters = (text: string): string => /^[a-z]+/.exec(text)?.[0] ?? '';

/** near: one slip · close: same town part · related: same region letters, or two slips in an all-digit code. */
const postcode: Comparator = (a, b) => {
  const [x, y] = [a.replaceAll(' ', ''), b.replaceAll(' ', '')];
  if (x === y) return SAME;
  if (editDistance(x, y, 1) <= 1) return NEAR;
  if (townOf(a) === townOf(b)) return CLOSE;
  const letters = leadingLetters(a);
  if (letters === '') return editDistance(x, y, 2) <= 2 ? RELATED : DIFFERENT;
  return letters === leadingLetters(b) ? RELATED : DIFFERENT;
};

/** near: one slip · close: two slips, much alike, or one within the other, word for word · related: a word in common. */
const phrase: Comparator = (a, b) => {
  if (a === b) return SAME;
  if (isOneSlip(a, b)) return NEAR;
  if (jaroWinkler(a, b) >= 0.9 || (a.length > 4 && b.length > 4 && editDistance(a, b, 2) <= 2)) return CLOSE;
  const [wordsA, wordsB] = [a.split(' '), b.split(' ')];
  if (wordsA.every((word) => wordsB.includes(word)) || wordsB.every((word) => wordsA.includes(word)))
    return CLOSE;
  return wordsA.some((word) => word.length >= 4 && wordsB.includes(word)) ? RELATED : DIFFERENT;
};

/** near: same mailbox name, or two slips · close: four slips or much alike · related: same domain. */
const email: Comparator = (a, b) => {
  if (a === b) return SAME;
  const [boxA, domainA] = a.split('@', 2);
  const [boxB, domainB] = b.split('@', 2);
  const slips = editDistance(a, b, 4);
  if (boxA === boxB || slips <= 2) return NEAR;
  if (slips <= 4 || jaroWinkler(a, b) >= 0.9) return CLOSE;
  return domainA !== undefined && domainA === domainB ? RELATED : DIFFERENT;
};

/** near: one slip · close: two. */
const number: Comparator = (a, b) => {
  const slips = editDistance(a, b, 2);
  return slips === 0 ? SAME : slips === 1 ? NEAR : slips === 2 ? CLOSE : DIFFERENT;
};

/** Digits after which a telephone number's country and trunk prefixes make no difference. */
const SUBSCRIBER_DIGITS = 8;
const phone: Comparator = (a, b) => number(a.slice(-SUBSCRIBER_DIGITS), b.slice(-SUBSCRIBER_DIGITS));

/** near: one slip. */
const houseNumber: Comparator = (a, b) => (a === b ? SAME : editDistance(a, b, 1) <= 1 ? NEAR : DIFFERENT);
const code: Comparator = (a, b) => (a === b ? SAME : DIFFERENT);

/** Several measures depend a little on which value comes first; the lesser one always does. */
const symmetric =
  (compare: Comparator): Comparator =>
  (a, b) =>
    a <= b ? compare(a, b) : compare(b, a);

export const comparators: Readonly<Record<Comparison, Comparator>> = {
  givenName: symmetric(givenName),
  surname: symmetric(surname),
  middleName: symmetric(code),
  birthDate: symmetric(birthDate),
  birthPlace: symmetric(phrase),
  postcode: symmetric(postcode),
  occupation: symmetric(phrase),
  gender: symmetric(code),
  email: symmetric(email),
  phone: symmetric(phone),
  street: symmetric(phrase),
  streetNumber: symmetric(houseNumber),
  city: symmetric(phrase),
  region: symmetric(code),
  nationalId: symmetric(number),
};
