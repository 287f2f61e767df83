import type { Comparison, Person } from '../../../registry/matching/attributes.ts';

/** A person's record in the form that is compared and blocked on; empty where missing. */
export type MatchRecord = Readonly<Record<Comparison, string>>;

/** Lower-cased, without accents, punctuation as spaces. */
const fold = (text: string | undefined): string =>
  text === undefined
    ? ''
    : text
        .normalize('NFD')
        .replace(/\p{M}/gu, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}.]+/gu, ' ')
        .trim();

const compact = (text: string | undefined): string => (text ?? '').toLowerCase().replace(/\s+/g, ' ').trim();

/** Digits `yyyymmdd` where the year leads, also of a date that no calendar has (a typing error is still evidence).
 * `dd/mm/yyyy` and `dd.mm.yyyy` are turned round. */
function dateDigits(text: string | undefined): string {
  const dayFirst = /^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})\s*$/.exec(text ?? '');
  if (dayFirst !== null) {
    const [, day = '', month = '', year = ''] = dayFirst;
    return year + month.padStart(2, '0') + day.padStart(2, '0');
  }
  return (text ?? '').replace(/\D/g, '').slice(0, 8);
}

/** The parts of a name. A full name of one word could be either part: it is taken as the given name, and compared as
 * both. */
function nameParts(person: Person): { given: string; surname: string; middle: string } {
  const [before = '', after = ''] = (person.fullName ?? '').split(',', 2);
  const isSurnameFirst = after !== '' && person.givenName === undefined && person.surname === undefined;
  const words = fold(isSurnameFirst ? `${after} ${before}` : person.fullName)
    .split(' ')
    .filter((word) => word !== '');
  const stated = fold(person.givenName) !== '' || fold(person.surname) !== '';
  const given = stated ? fold(person.givenName) : (words[0] ?? '');
  const surname = stated ? fold(person.surname) : words.length > 1 ? (words.at(-1) ?? '') : '';
  const middle = words.slice(1, -1).find((word) => word.length > 1 && word !== given && word !== surname);
  return { given, surname, middle: middle ?? '' };
}

/** Puts a raw record into comparable form. Pure; never fails: what cannot be read is missing. */
export function matchRecordOf(person: Person): MatchRecord {
  const { given, surname, middle } = nameParts(person);
  return {
    givenName: given,
    surname,
    middleName: middle,
    birthDate: dateDigits(person.birthDate),
    birthPlace: fold(person.birthPlace),
    postcode: compact(person.postcode),
    occupation: fold(person.occupation),
    gender: fold(person.gender),
    email: compact(person.email),
    phone: (person.phone ?? '').replace(/\D/g, ''),
    street: fold(person.street),
    streetNumber: fold(person.streetNumber),
    city: fold(person.city),
    region: fold(person.region),
    nationalId: compact(person.nationalId).replace(/[^\p{L}\p{N}]/gu, ''),
  };
}
