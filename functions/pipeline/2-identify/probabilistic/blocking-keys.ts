import type { Comparison } from '../../../registry/matching/attributes.ts';
import { soundex } from './distance.ts';
import type { MatchRecord } from './record.ts';

/** A fact of a record that a key is made of. `grain`: the whole value, or a part of it that survives some errors. */
export interface Facet {
  readonly attribute: Comparison;
  readonly grain: 'whole' | 'part';
  /** Share of records that have the same fact; null: that of the value itself. */
  readonly share: number | null;
}

/** One way to be found. Two records that share no key are never compared. */
export interface BlockingKey {
  /** Kind and facts in the clear: to be hashed under a secret before it is stored. */
  readonly text: string;
  readonly facets: readonly Facet[];
}

const whole = (attribute: Comparison): Facet => ({ attribute, grain: 'whole', share: null });
const part = (attribute: Comparison, share: number): Facet => ({ attribute, grain: 'part', share });

/** A fact together with its text in this record; empty when the record does not say. */
type Fact = readonly [text: string, facet: Facet];

/** 1 January stands for "day unknown" in many files, so it brings nobody together. */
const UNKNOWN_DAY = '0101';

/** Shares of parts of values, from what the parts can be: days of a year, letters, years of a life. */
const SHARE = {
  year: 1 / 80,
  monthDay: 1 / 366,
  month: 1 / 12,
  initial: 1 / 14,
  start: 1 / 300,
  sound: 1 / 200,
  area: 1 / 300,
  town: 1 / 100,
  mailbox: 1 / 5_000,
  mailboxStart: 1 / 1_000,
  idStart: 1 / 2_000,
} as const;

/** Keys under which a record is found by others. Each joins two or more facts (or one rare one), so that a block stays
 * small; each leaves out what the others rely on, so that any one error leaves another way.
 * @returns keys with distinct texts */
export function blockingKeys(record: MatchRecord): readonly BlockingKey[] {
  const keys = new Map<string, BlockingKey>();
  const add = (kind: string, ...facts: readonly Fact[]): void => {
    if (facts.some(([text]) => text === '')) return;
    const text = `${kind}:${facts.map(([fact]) => fact).join('|')}`;
    if (!keys.has(text)) keys.set(text, { text, facets: facts.map(([, facet]) => facet) });
  };
  const { givenName, surname, birthDate, postcode, street, streetNumber, email } = record;
  const code = postcode.replaceAll(' ', '');
  const date: Fact = [birthDate, whole('birthDate')];
  const year: Fact = [birthDate.slice(0, 4), part('birthDate', SHARE.year)];
  const monthDay = birthDate.slice(4);
  const day: Fact = [monthDay === UNKNOWN_DAY ? '' : monthDay, part('birthDate', SHARE.monthDay)];
  const month: Fact = [monthDay.slice(0, 2), part('birthDate', SHARE.month)];
  const place: Fact =
    record.birthPlace === '' ? [record.city, whole('city')] : [record.birthPlace, whole('birthPlace')];
  const wholeCode: Fact = [code, whole('postcode')];
  const area: Fact = [code.slice(0, -1), part('postcode', SHARE.area)];
  const occupation: Fact = [record.occupation, whole('occupation')];
  const wholeStreet: Fact = [street, whole('street')];
  const houseNumber: Fact = [streetNumber, whole('streetNumber')];

  // Either part of the name with one other fact: names are also exchanged, or one of them is missing.
  for (const [text, role] of new Map<string, 'givenName' | 'surname'>([
    [givenName, 'givenName'],
    [surname, 'surname'],
  ])) {
    if (text === '') continue;
    const word: Fact = [text, whole(role)];
    const sound: Fact = [soundex(text), part(role, SHARE.sound)];
    add('word+date', word, date);
    add('word+year', word, year);
    add('word+postcode', word, wholeCode);
    add('word+place', word, place);
    add('word+occupation', word, occupation);
    add('start+day', [text.slice(0, 3), part(role, SHARE.start)], day);
    add('sound+month', sound, year, month);
    add('sound+place', sound, place);
    add('sound+area', sound, area);
  }
  if (givenName !== '' && surname !== '') {
    const [first, second] = givenName < surname ? [givenName, surname] : [surname, givenName];
    add('name', [first, whole('givenName')], [second, whole('surname')]);
  } else add('name', [givenName || surname, whole(givenName === '' ? 'surname' : 'givenName')]);
  add('surname', [surname, whole('surname')]);
  add(
    'surname+initial',
    [surname, whole('surname')],
    [givenName.slice(0, 1), part('givenName', SHARE.initial)],
  );
  add(
    'sounds',
    [soundex(surname), part('surname', SHARE.sound)],
    [soundex(givenName), part('givenName', SHARE.sound)],
  );

  // Without the name.
  add('date', date);
  add('postcode', wholeCode);
  add('area+year', area, year);
  add('year+place+occupation', year, place, occupation);
  add('day+place', day, place);
  add(
    'day+town',
    [monthDay, part('birthDate', SHARE.monthDay)],
    [postcode.split(' ', 1)[0] ?? '', part('postcode', SHARE.town)],
  );
  add('postcode+occupation', wholeCode, occupation);
  add('address', wholeStreet, houseNumber);
  add(
    'street+name',
    wholeStreet,
    surname === '' ? [givenName, whole('givenName')] : [surname, whole('surname')],
  );
  add('postcode+number', wholeCode, houseNumber);

  // Identifiers, also with an error in them.
  add('email', [email, whole('email')]);
  add('mailbox', [email.split('@', 1)[0] ?? '', part('email', SHARE.mailbox)]);
  add(
    'mailbox-start+year',
    [email.replace(/[^a-z0-9]/g, '').slice(0, 5), part('email', SHARE.mailboxStart)],
    year,
  );
  add('phone', [record.phone.slice(-8), whole('phone')]);
  add('national-id', [record.nationalId, whole('nationalId')]);
  add('national-id-start+year', [record.nationalId.slice(0, 4), part('nationalId', SHARE.idStart)], year);
  return [...keys.values()];
}
