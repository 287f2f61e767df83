import type { Evidence } from '../jurisdiction-definition.ts';

/** A national number that a shop may keep. Many may not be kept at all: the French NIR (Décret 2019-341), the Japanese
 * Individual Number (Act 27 of 2013, art. 20), the Australian tax file number (Privacy (Tax File Number) Rule 2015), the
 * Swiss AHV number (AHVG art. 153c), the Korean RRN (PIPA art. 24-2). What has no entry here is dropped at the edge. */
interface NationalId {
  readonly name: string;
  /** What says that a shop has it, and how sure we are of that. For counsel to confirm. */
  readonly lawfulBy: string;
  readonly evidence: Evidence;
  /** Where the check is described. */
  readonly source: string;
  /** @param compact upper case, letters and digits only */
  isSound(compact: string): boolean;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const digitsOf = (text: string): number[] => [...text].map(Number);
const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, place) => sum + weight * (digits[place] ?? 0), 0);

/** DNI or NIE: the letter is the number modulo 23; X, Y and Z before an NIE stand for 0, 1 and 2. */
function isSpanish(compact: string): boolean {
  const [, head = '', digits = '', letter] = /^([XYZ]?)(\d{7,8})([A-Z])$/.exec(compact) ?? [];
  if (letter === undefined || digits.length !== (head === '' ? 8 : 7)) return false;
  const number = Number(`${head === '' ? '' : 'XYZ'.indexOf(head)}${digits}`);
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === letter;
}

/** What a letter or digit counts at the odd places of a codice fiscale; a digit counts as the letter of its place in the
 * alphabet. At even places it is its own value. */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isItalian(compact: string): boolean {
  if (!/^[A-Z]{6}[\dL-NP-V]{2}[A-EHLMPR-T][\dL-NP-V]{2}[A-Z][\dL-NP-V]{3}[A-Z]$/.test(compact)) return false;
  const worth = (sign: string): number => (/\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65);
  const sum = [...compact.slice(0, 15)].reduce(
    (total, sign, place) => total + (place % 2 === 0 ? (ODD[worth(sign)] ?? 0) : worth(sign)),
    0,
  );
  return worth(compact.charAt(15)) === sum % 26;
}

/** Nine digits, the last of which follows from the others, weighted 9 to 2, modulo 11. */
function isPortuguese(compact: string): boolean {
  if (!/^[1-35-9]\d{8}$/.test(compact)) return false;
  const digits = digitsOf(compact);
  const rest = weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return digits[8] === (rest < 2 ? 0 : 11 - rest);
}

/** Eleven digits with two check digits, modulo 11; one digit repeated passes the check and is nobody's. */
function isBrazilian(compact: string): boolean {
  if (!/^\d{11}$/.test(compact) || /^(\d)\1+$/.test(compact)) return false;
  const digits = digitsOf(compact);
  const check = (length: number): number => {
    const weights = Array.from({ length }, (_, place) => length + 1 - place);
    const rest = weighted(digits, weights) % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  return digits[9] === check(9) && digits[10] === check(10);
}

export const nationalIds: Readonly<Record<string, NationalId>> = {
  ES: {
    name: 'DNI or NIE',
    lawfulBy: 'Real Decreto 1619/2012 art. 6(1)(d): the number stands on an invoice',
    evidence: 'general knowledge',
    source: 'Ministerio del Interior, "Cálculo del dígito de control del NIF-NIE"',
    isSound: isSpanish,
    good: ['12345678Z', 'X1234567L', '12.345.678-z'],
    bad: ['12345678A', '1234567Z', 'X1234567Z', '00000001'],
  },
  IT: {
    name: 'codice fiscale',
    lawfulBy: 'DPR 633/1972 art. 21(2)(f): the code stands on an invoice',
    evidence: 'general knowledge',
    source:
      'DM 23 dicembre 1976, "Sistemi di codificazione dei soggetti da iscrivere all\'anagrafe tributaria"',
    isSound: isItalian,
    good: ['RSSMRA85T10A562S', 'rssmra 85t10 a562 s'],
    bad: ['RSSMRA85T10A562T', 'RSSMRA85T10A562'],
  },
  PT: {
    name: 'NIF',
    lawfulBy: 'CIVA art. 36(5)(a): the number stands on an invoice',
    evidence: 'general knowledge',
    source: 'Decreto-Lei 14/2013 art. 13: nine digits, the last a check digit',
    isSound: isPortuguese,
    good: ['123 456 789'],
    bad: ['123456788', '000000000', '12345678'],
  },
  BR: {
    name: 'CPF',
    lawfulBy: 'Ajuste SINIEF 19/2016 (NFC-e): the number stands on a consumer invoice when asked for',
    evidence: 'general knowledge',
    source: 'Receita Federal, check digits modulo 11 (Instrução Normativa RFB 2172/2024 on the CPF)',
    isSound: isBrazilian,
    good: ['529.982.247-25'],
    bad: ['529.982.247-24', '111.111.111-11', '5299822472'],
  },
};

/** A national number in canonical form: the country, then letters and digits alone.
 * @returns null when the country has no entry, so that it must not be kept, or the check fails */
export function normaliseNationalId(raw: string, country: string | undefined): string | null {
  const known =
    country === undefined || !Object.hasOwn(nationalIds, country) ? undefined : nationalIds[country];
  const compact = raw
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^A-Z\d]/g, '');
  return known?.isSound(compact) === true ? `${country}${compact}` : null;
}
