import { soundex } from './distance.ts';
import type { MatchRecord } from './record.ts';

/** 1 January stands for "day unknown" in many files, so it brings nobody together. */
const UNKNOWN_DAY = '0101';

/** Keys under which a record is found by others: two records that share none are never compared. Each joins two or
 * more facts (or one rare one), so that a block stays small; each leaves out what the others rely on, so that any one
 * error leaves another way. At rest a key is stored as a keyed hash, like an identifier.
 * @returns distinct keys */
export function blockingKeys(record: MatchRecord): readonly string[] {
  const keys = new Set<string>();
  const add = (kind: string, ...parts: readonly string[]): void => {
    if (parts.every((part) => part !== '')) keys.add(`${kind}:${parts.join('|')}`);
  };
  const { givenName, surname, birthDate, postcode, occupation, street, streetNumber, email } = record;
  const year = birthDate.slice(0, 4);
  const monthDay = birthDate.slice(4);
  const day = monthDay === UNKNOWN_DAY ? '' : monthDay;
  const place = record.birthPlace === '' ? record.city : record.birthPlace;
  const code = postcode.replaceAll(' ', '');

  // Either part of the name with one other fact: names are also exchanged, or one of them is missing.
  for (const word of new Set([givenName, surname])) {
    if (word === '') continue;
    const sound = soundex(word);
    add('word+date', word, birthDate);
    add('word+year', word, year);
    add('word+postcode', word, code);
    add('word+place', word, place);
    add('word+occupation', word, occupation);
    add('start+day', word.slice(0, 3), day);
    add('sound+month', sound, year, monthDay.slice(0, 2));
    add('sound+place', sound, place);
    add('sound+area', sound, code.slice(0, -1));
  }
  if (givenName !== '' || surname !== '') add('name', [givenName, surname].sort().join(' '));
  add('surname', surname);
  add('surname+initial', surname, givenName.slice(0, 1));
  add('sounds', soundex(surname), soundex(givenName));

  // Without the name.
  add('date', birthDate);
  add('postcode', code);
  add('area+year', code.slice(0, -1), year);
  add('year+place+occupation', year, place, occupation);
  add('day+place', day, place);
  add('day+town', monthDay, postcode.split(' ', 1)[0] ?? '');
  add('postcode+occupation', code, occupation);
  add('address', street, streetNumber);
  add('street+name', street, surname === '' ? givenName : surname);
  add('postcode+number', code, streetNumber);

  // Identifiers, also with an error in them.
  add('email', email);
  add('mailbox', email.split('@', 1)[0] ?? '');
  add('mailbox-start+year', email.replace(/[^a-z0-9]/g, '').slice(0, 5), year);
  add('phone', record.phone.slice(-8));
  add('national-id', record.nationalId);
  add('national-id-start+year', record.nationalId.slice(0, 4), year);
  return [...keys];
}
