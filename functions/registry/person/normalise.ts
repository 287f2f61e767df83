import type { PersonAttribute } from '../../contracts/person.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { normaliseIdentifier } from '../identifiers/index.ts';
import { readNationalId } from './national-ids.ts';
import { normalisePostcode } from './postcodes.ts';

/** Longer values are notes, not names. */
const LENGTH_MAX = 120;
/** Controls, and the invisible marks that make different values look the same. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** What forms and software leave where nothing was said. */
const NOTHING = new Set(
  'null,undefined,none,n/a,na,nil,unknown,anonymous,test,tbd,not set,(not set),xxx,keine,inconnu'.split(','),
);

/** Words for what a person may be taken as, in the languages of the jurisdictions; others are kept as `other`. */
const GENDERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'f,female,woman,w,weiblich,frau,femme,féminin,mujer,femenino,feminino,donna,女,女性'
      .split(',')
      .map((word) => [word, 'female']),
  ),
  ...Object.fromEntries(
    'm,male,man,männlich,mann,homme,masculin,hombre,masculino,uomo,男,男性'
      .split(',')
      .map((word) => [word, 'male']),
  ),
  ...Object.fromEntries(
    'x,d,o,other,divers,diverse,non-binary,nonbinary,autre,otro,altro'
      .split(',')
      .map((word) => [word, 'other']),
  ),
};

/** Dates that stand in date fields because nobody filled them in. */
const UNSET_DATES = new Set(['1900-01-01', '1970-01-01', '1753-01-01', '1899-12-30', '1899-12-31']);
const BIRTH_YEAR_MIN = 1890;

/** Text as its writer meant it: composed, with single blanks; null when nothing is said. */
function plainText(raw: string): string | null {
  const text = raw.normalize('NFC').replace(INVISIBLE, ' ').replace(/\s+/g, ' ').trim();
  const isNothing =
    text.length > LENGTH_MAX || !/[\p{L}\p{N}]/u.test(text) || NOTHING.has(text.toLowerCase());
  return isNothing ? null : text;
}

/** `1990-02-28`, also at the start of a longer ISO time or without hyphens. A date whose order is anybody's guess
 * (`02/03/1990`) is not taken. */
function birthDate(raw: string): string | null {
  const [, year = '', month = '', day = ''] = /^\s*(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?\s*$/.exec(raw) ?? [];
  const date = `${year}-${month}-${day}`;
  const at = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(at) || !new Date(at).toISOString().startsWith(date)) return null;
  return Number(year) < BIRTH_YEAR_MIN || UNSET_DATES.has(date) ? null : date;
}

/**
 * A person's attribute in the form it is kept in, or null when the value says nothing.
 * @param country ISO 3166-1 alpha-2 of the customer, when it is known
 */
export function normaliseAttribute(
  attribute: PersonAttribute,
  raw: string,
  country: string | undefined,
): string | null {
  switch (attribute) {
    case 'fullName':
    case 'givenName':
    case 'surname':
    case 'birthPlace':
    case 'street':
    case 'streetNumber':
    case 'city':
    case 'region':
    case 'occupation':
    case 'company':
      return plainText(raw);
    case 'birthDate':
      return birthDate(raw);
    case 'gender':
      return GENDERS[raw.trim().toLowerCase()] ?? null;
    case 'email':
    case 'phone':
      return normaliseIdentifier(attribute, raw, country);
    case 'postcode':
      return normalisePostcode(raw, country);
    case 'country':
      return /^\s*([a-z]{2})(?:-[a-z0-9]{1,3})?\s*$/i.exec(raw)?.[1]?.toUpperCase() ?? null;
    case 'nationalId': {
      const read = readNationalId(raw, country);
      return 'value' in read ? read.value : null;
    }
    default:
      return unreachable(attribute);
  }
}
