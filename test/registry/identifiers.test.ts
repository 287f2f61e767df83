import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTIFIER_TYPES } from '../../functions/contracts/signal.ts';
import { identifiers, normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';

describe.each(IDENTIFIER_TYPES)('%s', (type) => {
  const { examples, linksMax, perSubjectMax } = identifiers[type];

  it('writes different spellings of one value the same way', () => {
    expect(examples.same.length).toBeGreaterThan(0);
    for (const [written, canonical, country] of examples.same) {
      expect([written, normaliseIdentifier(type, written, country)]).toEqual([written, canonical]);
      expect([canonical, normaliseIdentifier(type, canonical)]).toEqual([canonical, canonical]);
      if (country !== undefined)
        expect([written, normaliseIdentifier(type, written)]).toEqual([written, null]);
    }
  });

  it('takes nobody for somebody', () => {
    for (const raw of [
      ...examples.blocked,
      '',
      '   ',
      '0',
      '-1',
      'null',
      'NULL',
      'undefined',
      'n/a',
      'x'.repeat(300),
      'a\nb',
      // Lost on the way: two customers' names look the same then.
      'M\ufffdller',
      '\ud800',
    ])
      expect(normaliseIdentifier(type, raw), raw).toBeNull();
  });

  it('is idempotent on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (raw) => {
        const once = normaliseIdentifier(type, raw);
        if (once !== null) expect(normaliseIdentifier(type, once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('is idempotent on digits in any country, and reads what it wrote the same in every other', () => {
    const country = fc.constantFrom('GB', 'DE', 'IT', 'US', 'JP', 'AU', 'CH', 'BR', 'XX', '');
    const digits = fc.stringMatching(/^(\+|00|0)?[1-9][0-9 ]{5,15}$/);
    fc.assert(
      fc.property(digits, country, country, (raw, here, there) => {
        const once = normaliseIdentifier(type, raw, here);
        if (once !== null) expect(normaliseIdentifier(type, once, there)).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  it('limits links to other types by positive counts', () => {
    for (const [other, limit] of Object.entries(linksMax)) {
      expect(other).not.toBe(type);
      expect(limit.max).toBeGreaterThan(0);
    }
    expect(perSubjectMax.max).toBeGreaterThan(0);
  });
});
