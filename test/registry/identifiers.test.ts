import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IDENTIFIER_TYPES } from '../../functions/contracts/signal.ts';
import { identifiers, normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';

describe.each(IDENTIFIER_TYPES)('%s', (type) => {
  const { examples, linksMax, perSubjectMax } = identifiers[type];

  it('writes different spellings of one value the same way', () => {
    expect(examples.same.length).toBeGreaterThan(0);
    for (const [written, canonical] of examples.same) {
      expect(normaliseIdentifier(type, written)).toBe(canonical);
      expect(normaliseIdentifier(type, canonical)).toBe(canonical);
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

  it('limits links to other types by positive counts', () => {
    for (const [other, limit] of Object.entries(linksMax)) {
      expect(other).not.toBe(type);
      expect(limit.max).toBeGreaterThan(0);
    }
    expect(perSubjectMax.max).toBeGreaterThan(0);
  });
});
