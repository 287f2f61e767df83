import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ORIGINS, PERSON_ATTRIBUTES, STEWARDSHIP } from '../../functions/contracts/person.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { MATCH_ATTRIBUTES } from '../../functions/registry/matching/attributes.ts';
import { homeCountryOf } from '../../functions/registry/person/home-country.ts';
import { normaliseAttribute } from '../../functions/registry/person/normalise.ts';
import { normalisePostcode, POSTCODE_EXAMPLES } from '../../functions/registry/person/postcodes.ts';
import { saysTheSame } from '../../functions/registry/person/same.ts';
import { ownerOf, standingOf } from '../../functions/registry/person/survivorship.ts';
import { sources } from '../../functions/registry/sources/index.ts';

const COUNTRIES = ['GB', 'DE', 'NL', 'US', 'JP', 'PL', 'MT', 'ES', 'BR', 'XX'];

describe('postcodes', () => {
  it.each(POSTCODE_EXAMPLES)('of %s are written one way: %s', (country, raw, canonical) => {
    expect(normalisePostcode(raw, country)).toBe(canonical);
    expect(normalisePostcode(canonical, country)).toBe(canonical);
  });

  it('say nothing when empty, zero or too long', () => {
    for (const raw of ['', ' - ', '00000', '0000-000', 'see the note on the door'])
      expect([raw, normalisePostcode(raw, 'DE')]).toEqual([raw, null]);
  });
});

describe('attributes', () => {
  it('hold all that matching compares', () => {
    expect(PERSON_ATTRIBUTES).toEqual(expect.arrayContaining([...MATCH_ATTRIBUTES]));
  });

  it('are written one way', () => {
    expect(normaliseAttribute('givenName', '  Ada\u200b  Maria ', undefined)).toBe('Ada Maria');
    expect(normaliseAttribute('surname', 'o’Brien', undefined)).toBe('o’Brien');
    expect(normaliseAttribute('birthDate', '19851210', undefined)).toBe('1985-12-10');
    expect(normaliseAttribute('gender', 'Weiblich', undefined)).toBe('female');
    expect(normaliseAttribute('country', 'us-ca', undefined)).toBe('US');
  });

  it('say nothing where nothing was said', () => {
    for (const [attribute, raw] of [
      ['givenName', 'N/A'],
      ['surname', ' . '],
      ['city', 'unknown'],
      ['street', 'x'.repeat(121)],
      ['birthDate', '1970-01-01'],
      ['birthDate', '2001-02-30'],
      ['birthDate', '02/03/1990'],
      ['gender', 'yes'],
      ['country', 'Germany'],
    ] as const)
      expect([attribute, raw, normaliseAttribute(attribute, raw, 'DE')]).toEqual([attribute, raw, null]);
  });

  it('are idempotent on any text', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PERSON_ATTRIBUTES),
        fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.stringMatching(/^[A-Z0-9 -]{3,12}$/)),
        fc.constantFrom(...COUNTRIES),
        (attribute, raw, country) => {
          const once = normaliseAttribute(attribute, raw, country);
          if (once === null) return;
          expect(normaliseAttribute(attribute, once, country)).toBe(once);
        },
      ),
      { numRuns: 3_000 },
    );
  }, 60_000);

  it('say the same in another spelling, and not in other words', () => {
    expect(saysTheSame('São Paulo', 'SAO-PAULO')).toBe(true);
    expect(saysTheSame('Bonn', 'Bonne')).toBe(false);
  });
});

describe('standing', () => {
  it('is the same for the same source, and higher for what is said of the account', () => {
    for (const { id } of sources) {
      const [account, order] = [standingOf(id, 'account'), standingOf(id, 'transaction')];
      expect(account.origin).toBe(order.origin);
      for (const other of sources) expect(account.rank).toBeGreaterThan(standingOf(other.id, 'service').rank);
    }
  });

  it('gives every origin somebody, and the steward’s to nobody’s write key', () => {
    const origins = new Set(sources.map(({ id }) => standingOf(id, 'account').origin));
    expect([...origins, standingOf(STEWARDSHIP, 'account').origin].sort()).toEqual([...ORIGINS].sort());
    expect(sources.map(({ id }) => id)).not.toContain(STEWARDSHIP);
  });

  it('names an owner for every conflict', () => {
    expect(ownerOf('delivery', 'web')).toBe('logistics');
    expect(ownerOf(undefined, 'web')).toBe('digital-shop');
    expect(ownerOf('gone', 'also gone')).not.toBe('');
  });
});

describe('the home country', () => {
  it('is that of a jurisdiction whose numbers are all written one way', () => {
    const homes = Object.fromEntries(
      ['eu', 'uk', 'ch', 'us-ca', 'au', 'jp'].map((code) => [
        code,
        homeCountryOf(jurisdictions[code]?.countries ?? []),
      ]),
    );
    expect(homes).toEqual({ eu: undefined, uk: 'GB', ch: 'CH', 'us-ca': 'US', au: 'AU', jp: 'JP' });
    expect(homeCountryOf([])).toBeUndefined();
  });
});
