/**
 * How the countries we serve write their postcodes: `9` a digit, `A` a letter, `*` either, the rest as it stands. Layouts
 * after UPU S42 / POST*CODE ("Addressing systems", upu.int) and Unicode CLDR `postalCodeData` (release 26, the last to
 * have it); the Irish Eircode after Eircode's "Product Guide" (2015), the Korean five digits after Korea Post (2015).
 * Among several layouts the first that fits counts.
 */
const LAYOUTS: Readonly<Record<string, readonly string[]>> = {
  AT: ['9999'],
  AU: ['9999'],
  AX: ['99999'],
  BE: ['9999'],
  BG: ['9999'],
  BR: ['99999-999'],
  CA: ['A9A 9A9'],
  CH: ['9999'],
  CN: ['999999'],
  CY: ['9999'],
  CZ: ['999 99'],
  DE: ['99999'],
  DK: ['9999'],
  EE: ['99999'],
  ES: ['99999'],
  FI: ['99999'],
  FR: ['99999'],
  GB: ['A9 9AA', 'A99 9AA', 'AA9 9AA', 'AA99 9AA', 'A9A 9AA', 'AA9A 9AA', 'AAA 9AA'],
  GF: ['99999'],
  GG: ['AA9 9AA', 'AA99 9AA'],
  GP: ['99999'],
  GR: ['999 99'],
  HR: ['99999'],
  HU: ['9999'],
  IE: ['A99 ****', 'A9A ****'],
  IM: ['AA9 9AA', 'AA99 9AA'],
  IN: ['999999'],
  IS: ['999'],
  IT: ['99999'],
  JE: ['AA9 9AA', 'AA99 9AA'],
  JP: ['999-9999'],
  KR: ['99999'],
  LI: ['9999'],
  LT: ['99999'],
  LU: ['9999'],
  LV: ['9999'],
  MF: ['99999'],
  MQ: ['99999'],
  MT: ['AAA 9999'],
  NL: ['9999 AA'],
  NO: ['9999'],
  PL: ['99-999'],
  PT: ['9999-999', '9999'],
  RE: ['99999'],
  RO: ['999999'],
  SA: ['99999', '99999-9999'],
  SE: ['999 99'],
  SG: ['999999'],
  SI: ['9999'],
  SK: ['999 99'],
  // The four digits after a ZIP code name a side of a street, and come and go: the five are kept.
  US: ['99999'],
  YT: ['99999'],
  ZA: ['9999'],
};

const LENGTH_MAX = 12;

/** A postcode as its country writes it. A code that does not fit (a slip is still evidence), or of a country we do not
 * serve, is upper-cased and compacted.
 * @param country ISO 3166-1 alpha-2, when it is known
 * @returns null when there is nothing of a code in it */
export function normalisePostcode(raw: string, country: string | undefined): string | null {
  const compact = raw
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  if (compact === '' || compact.length > LENGTH_MAX || /^0+$/.test(compact)) return null;
  const layouts = country === undefined ? undefined : LAYOUTS[country];
  for (const layout of layouts ?? []) {
    for (const candidate of candidatesOf(compact, country ?? '', layout)) {
      const fitted = laidOut(candidate, layout);
      if (fitted !== null) return fitted;
    }
  }
  return compact;
}

/** Codes are also written with a mark of the country before them (`LV-1010`, `D-10115`), and ZIP codes with four more
 * digits. */
function candidatesOf(compact: string, country: string, layout: string): readonly string[] {
  if (country === 'US' && /^\d{9}$/.test(compact)) return [compact.slice(0, 5)];
  return layout.startsWith('9') ? [compact.replace(/^[A-Z]{1,2}/, '')] : [compact];
}

function laidOut(compact: string, layout: string): string | null {
  let text = '';
  let place = 0;
  for (const sign of layout) {
    if (sign === ' ' || sign === '-') {
      text += sign;
      continue;
    }
    const given = compact[place] ?? '';
    const fits = sign === '9' ? /\d/ : sign === 'A' ? /[A-Z]/ : /[A-Z\d]/;
    if (!fits.test(given)) return null;
    text += given;
    place += 1;
  }
  return place === compact.length ? text : null;
}

/** What the table promises; run by a test. */
export const POSTCODE_EXAMPLES: readonly (readonly [country: string, raw: string, canonical: string])[] = [
  ['GB', 'sw1a1aa', 'SW1A 1AA'],
  ['GB', 'M1 1AE', 'M1 1AE'],
  ['GB', 'GIR 0AA', 'GIR 0AA'],
  ['DE', 'D-10115', '10115'],
  ['NL', '1012ab', '1012 AB'],
  ['SE', 'SE-114 55', '114 55'],
  ['PL', '00950', '00-950'],
  ['PT', '1250142', '1250-142'],
  ['IE', 'd02x285', 'D02 X285'],
  ['IE', 'D6W XY00', 'D6W XY00'],
  ['LV', 'LV-1010', '1010'],
  ['MT', 'vlt1117', 'VLT 1117'],
  ['US', '94107-1234', '94107'],
  ['CA', 'k1a0b1', 'K1A 0B1'],
  ['JP', '〒100-0001', '100-0001'],
  ['JP', '１０００００１', '100-0001'],
  ['BR', '01310100', '01310-100'],
  // A slip, and a country we do not serve.
  ['DE', '1011', '1011'],
  ['AR', 'c1425 abc', 'C1425ABC'],
];
