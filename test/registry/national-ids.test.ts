import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEFT_OUT_REASONS, type LeftOutReason } from '../../functions/contracts/outcomes.ts';
import { IDENTIFIER_TYPES } from '../../functions/contracts/signal.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { nationalIdLaws } from '../../functions/registry/person/national-id-laws.ts';
import {
  nationalNumbers,
  numberingCountryOf,
  readNationalId,
  refusedNumbers,
} from '../../functions/registry/person/national-ids.ts';

/** Numbers that public documents and validators print as examples, as they are written there and as they are kept. */
const EXAMPLES: readonly (readonly [country: string, written: string, kept: string])[] = [
  ['BG', '803205 603 1', 'BG8032056031'],
  ['BG', '752316 926 3', 'BG7523169263'],
  ['BR', '529.982.247-25', 'BR52998224725'],
  ['EE', '36805280109', 'EE36805280109'],
  ['ES', '12.345.678-z', 'ES12345678Z'],
  ['ES', 'X1234567L', 'ESX1234567L'],
  ['FI', '131052-308T', 'FI131052308T'],
  ['FI', '131052A308t', 'FI131052A308T'],
  ['AX', '131052-308T', 'FI131052308T'],
  ['GR', '094259216', 'GR094259216'],
  ['GR', 'EL 094259216', 'GR094259216'],
  ['HR', '33392005961', 'HR33392005961'],
  ['IS', '120174-3399', 'IS1201743399'],
  ['IT', 'rssmra 85t10 a562 s', 'ITRSSMRA85T10A562S'],
  ['LT', '33309240064', 'LT33309240064'],
  ['LV', '161175-19997', 'LV16117519997'],
  ['NO', '151086 95088', 'NO15108695088'],
  ['PL', '44051401359', 'PL44051401359'],
  ['PT', '123 456 789', 'PT123456789'],
  ['RO', '1630615123457', 'RO1630615123457'],
  ['SA', '1058529940', 'SA1058529940'],
  ['SE', '880320-0016', 'SE8803200016'],
  ['SE', '19811218-9876', 'SE8112189876'],
  ['ZA', '750330 5044 089', 'ZA7503305044089'],
];
const COUNTRIES = Object.keys(nationalNumbers);
/** Check digits that find any one wrong digit. With the others ten and another digit look alike now and then. */
const STRICT = ['ES', 'FI', 'HR', 'IS', 'IT', 'NO', 'PL', 'SA', 'SE', 'ZA'];
const keptAs = (raw: string, country: string | undefined): string | null => {
  const read = readNationalId(raw, country);
  return 'value' in read ? read.value : null;
};
const reasonOf = (raw: string, country: string | undefined): LeftOutReason | null => {
  const read = readNationalId(raw, country);
  return 'reason' in read ? read.reason : null;
};

/** A made-up number of a country that passes its check: one of its form, with the last signs put right. */
const soundNumber = (country: string): fc.Arbitrary<string> =>
  fc
    .stringMatching(nationalNumbers[country]?.pattern ?? /^$/)
    .map((text) => {
      const digits = [...'0123456789'];
      const ends = [...digits, ...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].map((end) => text.slice(0, -1) + end);
      const pairs = digits.flatMap((one) => digits.map((two) => text.slice(0, -2) + one + two));
      const sound = [...ends, ...pairs].find((number) => keptAs(number, country)?.startsWith(country));
      return sound === undefined ? null : (keptAs(sound, country)?.slice(2) ?? null);
    })
    .filter((number) => number !== null);
const anyNumber = fc
  .constantFrom(...COUNTRIES)
  .chain((country) => soundNumber(country).map((number) => ({ country, number })));
const withDigit = (number: string, place: number, digit: number): string =>
  `${number.slice(0, place)}${digit}${number.slice(place + 1)}`;

describe('national numbers', () => {
  it.each(EXAMPLES)('of %s are kept in one form: %s as %s', (country, written, kept) => {
    expect(keptAs(written, country)).toBe(kept);
  });

  it('have an example for every country whose numbers are kept', () => {
    expect(new Set(EXAMPLES.map(([, , kept]) => kept.slice(0, 2)))).toEqual(new Set(COUNTRIES));
  });

  it.each(EXAMPLES)('of %s are told when the check of %s fails', (country, _, kept) => {
    // In Iceland the sign of the century comes after the check digit.
    const [, head = '', check = '', tail = ''] =
      (country === 'IS' ? /^..(.+)(.)(.)$/ : /^..(.+)(.)$/).exec(kept) ?? [];
    const other = /\d/.test(check) ? (Number(check) + 1) % 10 : check === 'A' ? 'B' : 'A';
    expect(reasonOf(`${head}${other}${tail}`, country)).toBe('wrong-check-digit');
  });

  it('are not kept with any one digit wrong, where the check digit promises that', () => {
    const changed = fc
      .constantFrom(...STRICT)
      .chain((country) =>
        fc.tuple(fc.constant(country), soundNumber(country), fc.nat(), fc.integer({ min: 1, max: 9 })),
      );
    fc.assert(
      fc.property(changed, ([country, number, at, by]) => {
        // In Iceland the last digit is that of the century, and stands outside the check.
        const end = country === 'IS' ? 9 : number.length;
        const places = [...number.slice(0, end)].flatMap((sign, place) => (/\d/.test(sign) ? [place] : []));
        const place = places[at % places.length] ?? 0;
        const wrong = withDigit(number, place, (Number(number[place]) + by) % 10);
        expect([wrong, keptAs(wrong, country)]).toEqual([wrong, null]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are never kept with a wrong last digit', () => {
    fc.assert(
      fc.property(anyNumber, fc.integer({ min: 1, max: 9 }), ({ country, number }, by) => {
        const last = number.length - 1;
        if (country === 'IS' || !/\d$/.test(number)) return;
        const wrong = withDigit(number, last, (Number(number[last]) + by) % 10);
        expect([wrong, reasonOf(wrong, country)]).not.toEqual([wrong, null]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are read the same again, wherever the customer is said to live', () => {
    const countries = [...COUNTRIES, ...refusedNumbers.keys(), 'XX', undefined];
    fc.assert(
      fc.property(anyNumber, fc.constantFrom(...countries), ({ country, number }, elsewhere) => {
        const kept = `${country}${number}`;
        expect(keptAs(number, country)).toBe(kept);
        expect(keptAs(kept, elsewhere)).toBe(kept);
      }),
      { numRuns: 2_000 },
    );
  });

  it('make something of any text, and say why when they do not', () => {
    const country = fc.constantFrom(...COUNTRIES, 'DE', 'XX', '__proto__', 'constructor', undefined);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), country, (raw, of) => {
        const read = readNationalId(raw, of);
        if ('reason' in read) expect(Object.keys(LEFT_OUT_REASONS)).toContain(read.reason);
        else expect(keptAs(read.value, of)).toBe(read.value);
      }),
    );
  });

  it('of one digit, of companies, for tests and with lost signs are nobody’s', () => {
    for (const [raw, country] of [
      ['111.111.111-11', 'BR'],
      ['000000000', 'GR'],
      ['450401-3150', 'IS'],
      ['131052-998T', 'FI'],
      ['131052+308T', 'FI'],
      ['1310**-308T', 'FI'],
      ['', 'PL'],
    ] as const)
      expect([raw, reasonOf(raw, country)]).toEqual([raw, 'malformed-number']);
  });
});

describe('the country of a national number', () => {
  it('is not guessed: nine digits are a number of many', () => {
    expect(keptAs('123456789', 'PT')).not.toBeNull();
    expect(reasonOf('123456789', undefined)).toBe('unknown-country');
    expect(reasonOf('RSSMRA85T10A562S', undefined)).toBe('unknown-country');
  });

  it('may stand before it', () => {
    expect(keptAs('ES 12345678-Z', undefined)).toBe('ES12345678Z');
    expect(keptAs('ES12345678Z', 'DE')).toBe('ES12345678Z');
    expect(reasonOf('ES12345678A', undefined)).toBe('wrong-check-digit');
    expect(reasonOf('NL123456782', undefined)).toBe('reserved-number');
  });

  it('says why its numbers are not kept', () => {
    for (const [country, raw, reason] of [
      ['FR', '2 84 05 88 019 003 17', 'reserved-number'],
      ['GP', '2 84 05 88 019 003 17', 'reserved-number'],
      ['IN', '2234 5678 9012', 'reserved-number'],
      ['KR', '9710139019902', 'reserved-number'],
      ['US', '123-45-6789', 'reserved-number'],
      ['PR', '123-45-6789', 'reserved-number'],
      ['CZ', '7103192745', 'needs-own-consent'],
      ['CN', '11010519491231002X', 'needs-own-consent'],
      ['LV', '328673-00679', 'no-check-digit'],
      ['MT', '0123456M', 'no-check-digit'],
      ['XX', '12345', 'unknown-numbering'],
    ] as const)
      expect([country, reasonOf(raw, country)]).toEqual([country, reason]);
  });
});

describe('the laws of national numbers', () => {
  const places = Object.values(jurisdictions).flatMap(({ countries }) => countries);
  const countries = new Set(places.map((place) => numberingCountryOf(place.slice(0, 2))));

  it('are written down for every country of the jurisdictions, and each is kept or refused', () => {
    expect(Object.keys(nationalIdLaws).sort()).toEqual([...countries].sort());
    for (const country of countries)
      expect([country, country in nationalNumbers, refusedNumbers.has(country)]).toEqual([
        country,
        !refusedNumbers.has(country),
        !(country in nationalNumbers),
      ]);
  });

  it.each(Object.entries(nationalIdLaws))(
    'of %s name their source, and the check of what is kept',
    (country, entry) => {
      expect(entry.name).not.toBe('');
      expect(entry.law.value).not.toBe('');
      expect(entry.law.source).not.toBe('');
      expect(entry.check !== undefined).toBe(country in nationalNumbers);
    },
  );

  it('let no number name a customer by itself', () => {
    expect(IDENTIFIER_TYPES).not.toContain('nationalId');
  });
});
