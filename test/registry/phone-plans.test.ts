import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/core';
import whole from 'libphonenumber-js/min/metadata';
import { describe, expect, it } from 'vitest';
import { normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { PHONE_PLANS_FILE, phonePlans } from '../../lib/phone-plans.ts';

const COUNTRIES = [
  ...new Set(
    Object.values(jurisdictions).flatMap(({ countries }) => countries.map((place) => place.slice(0, 2))),
  ),
];

describe('the numbering plans that a function carries', () => {
  it('are those of exactly the countries that the jurisdictions serve', () => {
    // Where they are not: npm run phone-plans
    expect(readFileSync(PHONE_PLANS_FILE, 'utf8')).toBe(phonePlans());
  });

  it('read a number of these countries as the library with all it knows does', () => {
    const digits = fc.stringMatching(/^0?[1-9][0-9]{6,11}$/);
    let taken = 0;
    fc.assert(
      fc.property(digits, fc.constantFrom(...COUNTRIES), (raw, country) => {
        const number = parsePhoneNumberFromString(
          raw,
          { extract: false, defaultCountry: country as CountryCode },
          whole,
        );
        const value = normaliseIdentifier('phone', raw, country);
        if (value === null) return;
        taken += 1;
        expect([raw, value]).toEqual([raw, number?.number]);
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(500);
  }, 60_000);
});
