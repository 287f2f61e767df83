import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparators } from '../../../../functions/pipeline/2-identify/probabilistic/comparators.ts';
import {
  editDistance,
  jaroWinkler,
  soundex,
} from '../../../../functions/pipeline/2-identify/probabilistic/distance.ts';
import { matchRecordOf } from '../../../../functions/pipeline/2-identify/probabilistic/record.ts';
import { COMPARISONS, type Comparison, LEVELS } from '../../../../functions/registry/matching/attributes.ts';

describe('distances', () => {
  it('count a swap of neighbours as one slip', () => {
    expect(editDistance('stuart', 'sutart', 2)).toBe(1);
    expect(editDistance('kitten', 'sitting', 3)).toBe(3);
  });

  it('stop at the bound', () => {
    expect(editDistance('abcdef', 'uvwxyz', 2)).toBe(3);
  });

  it('give the same within the bound as without it', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 4 }), (a, b, max) => {
        expect(editDistance(a, b, max)).toBe(Math.min(editDistance(a, b, 99), max + 1));
      }),
    );
  });

  it('give the published Jaro-Winkler values', () => {
    expect(jaroWinkler('martha', 'marhta')).toBeCloseTo(0.961, 3);
    expect(jaroWinkler('dixon', 'dicksonx')).toBeCloseTo(0.813, 3);
    expect(jaroWinkler('dwayne', 'duane')).toBeCloseTo(0.84, 3);
  });

  it('give the Soundex codes of the National Archives', () => {
    expect(['washington', 'lee', 'gutierrez', 'pfister', 'tymczak', 'ashcraft'].map(soundex)).toEqual([
      'w252',
      'l',
      'g362',
      'p236',
      't522',
      'a261',
    ]);
  });
});

describe('comparators', () => {
  const cases: readonly (readonly [Comparison, string, string, (typeof LEVELS)[number]])[] = [
    ['givenName', 'margaret', 'peggy', 'near'],
    ['givenName', 'thomas', 'thmoas', 'close'],
    ['givenName', 'j', 'james', 'related'],
    ['givenName', 'henry', 'mary', 'different'],
    ['surname', 'elphinston', 'eophinston', 'near'],
    ['surname', 'smith', 'smyth', 'near'],
    ['surname', 'falkner', 'jones', 'different'],
    ['birthDate', '18600607', '18680607', 'near'],
    ['birthDate', '19900412', '19901204', 'near'],
    ['birthDate', '19900412', '19900729', 'related'],
    ['postcode', 'sy5 7nt', 'sy5 9ab', 'close'],
    ['postcode', 'sy5 7nt', 'sy57nt', 'same'],
    ['birthPlace', 'edinburgh', 'city of edinburgh', 'close'],
    ['email', 'ada@one.org', 'ada@two.net', 'near'],
    ['email', 'ada@shop.org', 'bartholomew@shop.org', 'related'],
    ['phone', '442079460958', '02079460958', 'same'],
    ['region', 'vic', 'nsw', 'different'],
  ];
  it.each(cases)('%s: %s and %s are %s', (comparison, a, b, level) => {
    expect(LEVELS[comparators[comparison](a, b)]).toBe(level);
  });

  it('do not depend on which record comes first', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', '1', '2', ' ', '@', '.'),
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(fc.constantFrom(...COMPARISONS), word, word, (comparison, a, b) => {
        expect(comparators[comparison](a, b)).toBe(comparators[comparison](b, a));
      }),
    );
  });
});

describe('matchRecordOf', () => {
  it('takes the parts of a full name, surname first too', () => {
    expect(matchRecordOf({ fullName: 'José  Antonio Núñez' })).toMatchObject({
      givenName: 'jose',
      middleName: 'antonio',
      surname: 'nunez',
    });
    expect(matchRecordOf({ fullName: 'Smith, John' })).toMatchObject({ givenName: 'john', surname: 'smith' });
  });

  it('reads dates with the day first or the year first', () => {
    expect(matchRecordOf({ birthDate: '7/6/1860' }).birthDate).toBe('18600607');
    expect(matchRecordOf({ birthDate: '1860-06-07' }).birthDate).toBe('18600607');
  });

  it('holds an empty attribute to be missing', () => {
    expect(new Set(Object.values(matchRecordOf({ surname: ' ', email: '' })))).toEqual(new Set(['']));
  });
});
