import type { ConsentChoices } from '../../functions/contracts/purposes.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import type { Random } from './random.ts';

/** How a person shops over the town's weeks. */
export type Habit = 'browser' | 'occasional' | 'regular' | 'loyal' | 'lapsing' | 'returner' | 'troubled';

/** A resident of the town. `id` is the truth about who is who: it is never sent, and measures of identity
 * resolution compare with it. Names, addresses and numbers are invented, in ranges reserved for that. */
export interface Person {
  readonly id: string;
  /** ISO 3166-1, and where the law differs within the country, the part (ISO 3166-2). */
  readonly country: string;
  readonly region?: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly habit: Habit;
  readonly firstName: string;
  readonly lastName: string;
  /** Under example.com, .org or .net, which RFC 2606 reserves; in a subdomain, since the bare domains are what people
   * type to get past a form and the product blocks them. */
  readonly email: string;
  /** A second address, from which they order as if they were somebody else; null for most. */
  readonly secondEmail: string | null;
  /** ISO 8601 date. */
  readonly birthDate: string;
  readonly address: { readonly street: string; readonly city: string; readonly postalCode: string };
  /** In Ofcom's ranges for drama, or after +999, a country code that the ITU holds in reserve. */
  readonly phone: string;
  /** Account number; null for guests who never make an account. */
  readonly userId: string | null;
  readonly loyaltyId: string | null;
  /** Browser cookies, one a device. */
  readonly anonymousIds: readonly [string, ...string[]];
  /** Choices made in the cookie banner; null: never answered. */
  readonly choices: ConsentChoices | null;
  /** The browser sends `Sec-GPC: 1`. */
  readonly gpc: boolean;
}

const FIRST_NAMES = [
  'Ada',
  'Bela',
  'Chiara',
  'Dagny',
  'Elif',
  'Femke',
  'Goran',
  'Hanna',
  'Ines',
  'Jonas',
  'Katya',
  'Liam',
  'Maeve',
  'Nils',
  'Oana',
  'Piotr',
  'Quirin',
  'Rosa',
  'Soren',
  'Tomas',
  'Una',
  'Viktor',
  'Wilma',
  'Xenia',
  'Yara',
  'Zoltan',
] as const;
const LAST_NAMES = [
  'Arden',
  'Baumgart',
  'Castell',
  'Duval',
  'Ekberg',
  'Farkas',
  'Grieg',
  'Holm',
  'Ivers',
  'Jansen',
  'Kovac',
  'Lindqvist',
  'Marlow',
  'Nemeth',
  'Okell',
  'Pereira',
  'Quist',
  'Rossi',
  'Sorley',
  'Tamm',
  'Ulrich',
  'Varga',
  'Wynne',
  'Ximenez',
  'Yates',
  'Zeman',
] as const;

const EU_COUNTRIES = { DE: 30, FR: 24, IT: 16, ES: 12, NL: 9, IE: 5, SE: 4 } as const;
const HABITS: Readonly<Record<Habit, number>> = {
  browser: 34,
  occasional: 30,
  regular: 15,
  loyal: 7,
  lapsing: 5,
  returner: 4,
  troubled: 5,
};

/** Invents person number `index` of the town. */
export function personOf(index: number, homes: readonly string[], random: Random): Person {
  const id = `p${String(index).padStart(5, '0')}`;
  const home = homes[index % homes.length] ?? 'eu';
  const residence = residenceIn(home, random);
  const { country } = residence;
  const habit = random.weighted(HABITS);
  const firstName = random.pick(FIRST_NAMES);
  const lastName = random.pick(LAST_NAMES);
  const digits = (count: number): string => Array.from({ length: count }, () => random.int(0, 9)).join('');
  const devices = random.weighted({ 1: 60, 2: 32, 3: 8 });
  const hasAccount = random.chance(habit === 'browser' ? 0.35 : 0.88);
  const mailbox = `${firstName}.${lastName}.${index}`.toLowerCase();
  const details = random.fork('details');
  return {
    id,
    ...residence,
    habit,
    firstName,
    lastName,
    email: `${mailbox}@${random.pick(['mail.example.com', 'post.example.org', 'inbox.example.net'])}`,
    ...detailsOf(details, country),
    secondEmail:
      hasAccount && details.chance(SECOND_EMAILS)
        ? `${firstName.charAt(0)}${lastName}${index}@post.example.net`.toLowerCase()
        : null,
    phone: phoneOf(index, country),
    userId: hasAccount ? `c-${String(10_000 + index)}` : null,
    loyaltyId: hasAccount && random.chance(0.45) ? `L${String(70_000_000 + index)}` : null,
    anonymousIds: Array.from(
      { length: Number(devices) },
      () => `anon-${digits(4)}-${digits(4)}-${digits(4)}-${digits(4)}`,
    ) as [string],
    choices: choicesOf(random),
    gpc: random.chance(0.04),
  };
}

/** Where somebody of a jurisdiction lives, and what they pay in. */
function residenceIn(home: string, random: Random): Pick<Person, 'country' | 'region' | 'currency'> {
  const { currency = 'EUR', countries: [first = 'DE'] = [] } = jurisdictions[home] ?? {};
  if (home === 'eu') return { country: random.weighted(EU_COUNTRIES), currency };
  const [country = first, region] = first.split('-');
  return { country, currency, ...(region === undefined ? {} : { region }) };
}

/** What a person states of themselves in a form, as Segment's traits have it. */
export const statedBy = ({ firstName, lastName, birthDate, address }: Person): Record<string, unknown> => ({
  firstName,
  lastName,
  birthday: birthDate,
  address,
});

/** Share of account holders with a second address. */
const SECOND_EMAILS = 0.08;

const STREETS = ['Alder', 'Birch', 'Chapel', 'Dyer', 'Elm', 'Foundry', 'Garden', 'Harbour', 'Mill'] as const;
const CITIES = [
  'Ashford Bay',
  'Bellmoor',
  'Corvale',
  'Dunwick',
  'Eastmere',
  'Fernhaven',
  'Grauberg',
] as const;
/** Layouts of postcodes by country, `9` a digit and `A` a letter; five digits elsewhere. */
const POSTCODES: Readonly<Record<string, string>> = {
  GB: 'A99 9AA',
  IE: 'A99 AA99',
  NL: '9999 AA',
  SE: '999 99',
};

function detailsOf(random: Random, country: string): Pick<Person, 'birthDate' | 'address'> {
  const bornAt = Date.UTC(random.int(1945, 2004), 0, random.int(1, 365));
  const street = `${random.int(1, 180)} ${random.pick(STREETS)} Street`;
  const city = random.pick(CITIES);
  const postalCode = (POSTCODES[country] ?? '99999').replaceAll(/[9A]/g, (sign) =>
    sign === '9' ? String(random.int(1, 9)) : random.pick(['B', 'D', 'H', 'K', 'N', 'P', 'R', 'S', 'T']),
  );
  return {
    birthDate: new Date(bornAt).toISOString().slice(0, 10),
    address: { street, city, postalCode },
  };
}

/** Prefixes of the numbers that Ofcom keeps for radio and television drama; three digits follow. */
const DRAMA_PREFIXES = [
  '7700900',
  '1632960',
  '2079460',
  '1134960',
  '1144960',
  '1154960',
  '1164960',
  '1174960',
  '1184960',
  '1214960',
] as const;

/** A different number for each person, as far as the ranges go. */
function phoneOf(index: number, country: string): string {
  const prefix = DRAMA_PREFIXES[Math.floor(index / 1_000)];
  if (country === 'GB' && prefix !== undefined)
    return `+44${prefix}${String(index % 1_000).padStart(3, '0')}`;
  return `+99980${String(index).padStart(6, '0')}`;
}

function choicesOf(random: Random): ConsentChoices | null {
  switch (random.weighted({ all: 62, some: 12, none: 14, unanswered: 12 })) {
    case 'all':
      return { analytics: true, personalisation: true, profiling: true };
    case 'some':
      return { analytics: true, personalisation: true, profiling: false };
    case 'none':
      return { analytics: false, personalisation: false, profiling: false };
    case 'unanswered':
      return null;
  }
}
