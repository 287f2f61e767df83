import type { Person } from '../../../../functions/registry/matching/attributes.ts';

/** Made-up people with clerks' errors: records of one person differ by slips, pet names, moves and gaps. */
export interface MadeRecord {
  readonly person: Person;
  readonly truth: number;
}

const GIVEN = [
  'william',
  'margaret',
  'thomas',
  'elizabeth',
  'henry',
  'charlotte',
  'edward',
  'agnes',
  'samuel',
  'ruth',
];
const PET: Readonly<Record<string, string>> = {
  william: 'bill',
  margaret: 'peggy',
  thomas: 'tom',
  elizabeth: 'betty',
  henry: 'harry',
  charlotte: 'lottie',
  edward: 'ted',
  samuel: 'sam',
};
const TOWNS = ['leeds', 'york', 'truro', 'perth', 'derby', 'ely', 'wells', 'bath', 'hull', 'stoke'];
const SYLLABLES = [
  'bar',
  'den',
  'mor',
  'wick',
  'thor',
  'pel',
  'ham',
  'stan',
  'gil',
  'croft',
  'lor',
  'fen',
  'tre',
  'vass',
];

export function madePeople(count: number, random: () => number): MadeRecord[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const digits = (length: number): string => Array.from({ length }, () => Math.floor(random() * 10)).join('');
  const slip = (text: string): string => {
    const at = Math.floor(random() * text.length);
    return text.slice(0, at) + pick([...'abcdefghijklmnopqrstuvwxyz']) + text.slice(at + 1);
  };
  const records: MadeRecord[] = [];
  for (let truth = 0; truth < count; truth++) {
    const givenName = pick(GIVEN);
    const surname = pick(SYLLABLES) + pick(SYLLABLES) + pick(SYLLABLES);
    const year = 1920 + Math.floor(random() * 90);
    const birthDate = `${year}-${String(1 + Math.floor(random() * 12)).padStart(2, '0')}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`;
    const city = pick(TOWNS);
    const postcode = digits(5);
    const email = `${pick(SYLLABLES)}${pick(SYLLABLES)}${digits(4)}@${pick(SYLLABLES)}.org`;
    const copies = 1 + Math.floor(random() * 5);
    for (let copy = 0; copy < copies; copy++) {
      const person: Record<string, string> = {};
      if (random() < 0.93) person.givenName = random() < 0.2 ? (PET[givenName] ?? givenName) : givenName;
      if (random() < 0.93) person.surname = random() < 0.15 ? slip(surname) : surname;
      if (random() < 0.8) person.birthDate = random() < 0.15 ? birthDate.slice(0, 8) + digits(2) : birthDate;
      if (random() < 0.8) person.city = random() < 0.1 ? pick(TOWNS) : city;
      if (random() < 0.8) person.postcode = random() < 0.15 ? digits(5) : postcode;
      if (random() < 0.6) person.email = random() < 0.1 ? slip(email) : email;
      records.push({ person, truth });
    }
  }
  return records;
}

/** Pairwise F1 of a partition against the truth. */
export function pairwiseF1(
  truth: readonly number[],
  found: readonly number[],
): { f1: number; precision: number } {
  let [both, same, joined] = [0, 0, 0];
  for (let a = 0; a < truth.length; a++) {
    for (let b = 0; b < a; b++) {
      if (truth[a] === truth[b]) same++;
      if (found[a] === found[b]) joined++;
      if (truth[a] === truth[b] && found[a] === found[b]) both++;
    }
  }
  return { f1: (2 * both) / (same + joined), precision: both / joined };
}
