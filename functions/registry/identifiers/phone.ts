import {
  type CountryCode,
  isSupportedCountry,
  type MetadataJson,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/core';
import { ever, type IdentifierDefinition } from '../identifier-definition.ts';
import plans from './phone-plans.json' with { type: 'json' };

/** Plans of the countries we serve (`npm run phone-plans`): the whole world's would take most of what a hot function may weigh. */
const metadata = plans as unknown as MetadataJson;

/** Longer ones are text that happens to hold digits. */
const LENGTH_MAX = 40;

/** ITU-T E.164 §6: country code and subscriber number, 15 digits at most. */
const E164 = /^\+[1-9]\d{6,14}$/;

/** A calling code of none of these countries: such a number is taken by its length. */
const isOfUnknownPlan = (number: string): boolean =>
  E164.test(number) &&
  ![2, 3, 4].some((end) => Object.hasOwn(plans.country_calling_codes, number.slice(1, end)));

const isCountry = (country: string | undefined): country is CountryCode =>
  country !== undefined && isSupportedCountry(country as CountryCode, metadata);

/** A number that would be read as another one has lost a digit that belongs to it (`00 27 000 0000`). */
const isStable = (number: string): boolean =>
  parsePhoneNumberFromString(number, { extract: false }, metadata)?.number === number;

/**
 * A telephone number as E.164, through libphonenumber. A national number (`020 7946 0958`) is taken when the country is
 * known; without it, it would stand for different people in different countries. An international one needs only a length
 * that its country has (numbering plans grow faster than libraries are updated), a national one has to fit the plan, since
 * the country is our conclusion. A number with an extension is an office's line and nobody's own.
 */
export const phone: IdentifierDefinition = {
  type: 'phone',
  version: 2,
  normalise(raw, country) {
    const written = raw
      .trim()
      .replace(/^tel:/i, '')
      .replace(/^00(?=[1-9])/, '+');
    const digits = written.replace(/[\s().\-/\u00a0\u2010-\u2015]/g, '');
    if (isOfUnknownPlan(digits)) return digits;
    if (written.length > LENGTH_MAX) return null;
    const isInternational = written.startsWith('+');
    if (!isInternational && !isCountry(country)) return null;
    const number = parsePhoneNumberFromString(
      written,
      { extract: false, ...(isCountry(country) ? { defaultCountry: country } : {}) },
      metadata,
    );
    if (number === undefined || number.ext !== undefined) return null;
    const isSound = isInternational ? number.isPossible() : number.isValid();
    return isSound && isStable(number.number) ? number.number : null;
  },
  // One digit repeated, or counted up, is what people type to get past a form.
  blocked: [
    /^\+(\d)\1+$/,
    /^\+\d{1,3}(\d)\1{6,}$/,
    /^\+?1?2?3456789\d*$/,
    // The North American plan keeps 555-0100 to 555-0199 for fiction (ATIS-0300115).
    /^\+1\d{3}55501\d\d$/,
  ],
  // A family or a small office shares a line; more are a switchboard's.
  linksMax: { userId: ever(5), loyaltyId: ever(5), email: ever(5) },
  // A number is changed with the provider.
  perSubjectMax: ever(10),
  examples: {
    same: [
      ['+44 (0)20 7946 0958', '+442079460958'],
      ['0049 30 901820', '+4930901820'],
      ['tel:+81-3-3211-4411', '+81332114411'],
      ['020 7946 0958', '+442079460958', 'GB'],
      ['(415) 701-2311', '+14157012311', 'US'],
      ['03-3211-4411', '+81332114411', 'JP'],
      ['02 1234 5678', '+390212345678', 'IT'],
      // Of a country we do not serve.
      ['+972 (2) 530-8500', '+97225308500'],
    ],
    blocked: [
      '+0000000000',
      '+1111111111',
      '020 7946 0958',
      '+44 0000000000',
      'call me',
      '+12',
      '+44 20 7946 0958 ext 12',
      '+1 415 555 0123',
    ],
  },
};
