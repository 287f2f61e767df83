import type { LeftOut } from '../../contracts/outcomes.ts';
import { PERSON_ATTRIBUTES, type PersonAttribute, type PersonAttributes } from '../../contracts/person.ts';
import { readNationalId } from '../../registry/person/national-ids.ts';
import { normaliseAttribute } from '../../registry/person/normalise.ts';
import { isObject, type JsonObject, own } from './shape.ts';

/**
 * What each attribute is called in traits: names of the Segment specification first
 * (https://segment.com/docs/connections/spec/identify/#traits), then RudderStack's, then what systems send besides.
 */
const NAMES: Readonly<Partial<Record<PersonAttribute, readonly string[]>>> = {
  fullName: ['name', 'fullName', 'full_name'],
  givenName: ['firstName', 'firstname', 'first_name', 'givenName', 'given_name'],
  surname: ['lastName', 'lastname', 'last_name', 'surname', 'familyName', 'family_name'],
  birthDate: ['birthday', 'birthDate', 'birth_date', 'dateOfBirth', 'date_of_birth'],
  birthPlace: ['birthPlace', 'birth_place', 'placeOfBirth'],
  gender: ['gender'],
  email: ['email'],
  phone: ['phone'],
  occupation: ['title', 'occupation', 'jobTitle', 'job_title'],
  company: ['company'],
  nationalId: ['nationalId', 'national_id'],
};

/** What each part is called in an address. */
const ADDRESS_NAMES: Readonly<Partial<Record<PersonAttribute, readonly string[]>>> = {
  street: ['street', 'street1', 'line1', 'address1'],
  streetNumber: ['streetNumber', 'street_number', 'houseNumber', 'house_number'],
  postcode: ['postalCode', 'postalcode', 'postal_code', 'postcode', 'zip', 'zipCode', 'zipcode', 'zip_code'],
  city: ['city', 'town'],
  region: ['state', 'region', 'province'],
  country: ['country'],
};
const ADDRESS = Object.keys(ADDRESS_NAMES) as readonly PersonAttribute[];
/** A country or a region alone says where somebody is, not where they live. */
const ADDRESS_CORE: readonly PersonAttribute[] = ['street', 'postcode', 'city'];
const NAME_PARTS: readonly PersonAttribute[] = ['givenName', 'surname'];

type Raw = Partial<Record<PersonAttribute, string>>;

/** Where traits stand in an event. An `Account Updated` that came as a track call or a CloudEvent has them as properties. */
function traitsOf(event: JsonObject, isAccount: boolean): readonly JsonObject[] {
  const [stated, known] = [own(event, 'traits'), own(own(event, 'context'), 'traits')];
  if (stated === undefined && known === undefined && !isAccount) return NO_TRAITS;
  return [stated, known, isAccount ? own(event, 'properties') : undefined].filter(isObject);
}
const NO_TRAITS: readonly JsonObject[] = [];

/** What an event states of its customer, if anything, and what of that is not kept though the event is. */
export interface Stated {
  readonly person: PersonAttributes | null;
  readonly leftOut: readonly LeftOut[];
}
export const NOTHING_STATED: Stated = { person: null, leftOut: [] };

/**
 * What an event states of its customer. Traits that have no place here are dropped. Where nothing of a person is
 * in the event it costs three looks.
 *
 * An address is stated as a whole: parts that it lacks are stated to be empty, since the street of one address and the town
 * of another are neither. Likewise a full name takes the place of its parts, and parts that of the full name. An order's
 * shipping address counts when nothing better is said; its recipient's name does not, who may be anybody.
 *
 * @param countryOf the customer's country, when it is known by other means; asked for only when needed
 */
export function personOf(event: JsonObject, isAccount: boolean, countryOf: () => string | undefined): Stated {
  const traits = traitsOf(event, isAccount);
  const properties = own(event, 'properties');
  const shipping = own(properties, 'shipping_address') ?? own(properties, 'shippingAddress');
  if (traits.length === 0 && !isObject(shipping)) return NOTHING_STATED;
  const address = [...traits.flatMap(addressesIn), shipping]
    .filter(isObject)
    .map((place) => rawOf(ADDRESS_NAMES, place))
    .find((parts) => ADDRESS_CORE.some((part) => parts[part] !== undefined));
  const raw: Raw = {
    ...Object.assign({}, ...traits.map((place) => rawOf(NAMES, place)).reverse()),
    ...address,
  };
  if (Object.keys(raw).length === 0) return NOTHING_STATED;
  return statedBy(raw, raw.country === undefined ? countryOf() : undefined);
}

/** An address of its own, or parts among the traits. */
const addressesIn = (traits: JsonObject): readonly unknown[] => [own(traits, 'address'), traits];

function rawOf(names: Readonly<Partial<Record<PersonAttribute, readonly string[]>>>, place: JsonObject): Raw {
  const raw: Raw = {};
  for (const [attribute, spellings] of Object.entries(names) as [PersonAttribute, readonly string[]][]) {
    for (const spelling of spellings) {
      const value = own(place, spelling);
      // Segment's `company` is an object with a name.
      const stated = attribute === 'company' && isObject(value) ? own(value, 'name') : value;
      // Systems send postcodes and telephone numbers as numbers too.
      const text = typeof stated === 'number' ? String(stated) : stated;
      if (typeof text !== 'string' || text === '') continue;
      raw[attribute] = text;
      break;
    }
  }
  return raw;
}

function statedBy(raw: Raw, otherwiseIn: string | undefined): Stated {
  const country = normaliseAttribute('country', raw.country ?? '', undefined) ?? otherwiseIn;
  const { nationalId, ...others } = raw;
  const number = nationalId === undefined ? null : readNationalId(nationalId, country);
  const leftOut: readonly LeftOut[] =
    number !== null && 'reason' in number ? [{ attribute: 'nationalId', reason: number.reason }] : [];
  const stated: Raw = number !== null && 'value' in number ? { nationalId: number.value } : {};
  for (const attribute of PERSON_ATTRIBUTES) {
    const text = attribute === 'nationalId' ? undefined : others[attribute];
    const value = text === undefined ? null : normaliseAttribute(attribute, text, country);
    if (value !== null) stated[attribute] = value;
  }
  if (Object.keys(stated).length === 0) return { person: null, leftOut };
  if (ADDRESS_CORE.some((part) => stated[part] !== undefined))
    for (const part of ADDRESS) stated[part] ??= '';
  const hasParts = NAME_PARTS.some((part) => stated[part] !== undefined);
  if (hasParts) stated.fullName ??= '';
  else if (stated.fullName !== undefined) for (const part of NAME_PARTS) stated[part] = '';
  return { person: stated, leftOut };
}
