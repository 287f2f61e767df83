/** Where an order's `Country` column says the customer lives. */
export interface Residence {
  /** ISO 3166-1 code; `EU` for the Union at large (reserved in ISO 3166 for it) and `ZZ` for a place unknown. */
  readonly country: string;
  /** Jurisdiction that a rule of ours chooses, where the code does not. */
  readonly jurisdiction?: string;
  /** The rule, in words, for the report's notes. */
  readonly rule?: string;
}

/** Where an event goes, and the country it states there. */
export interface Route {
  readonly jurisdiction: string;
  /** Null: the event states none, because no code names the place and a rule put it here. */
  readonly country: string | null;
}

/** Names as they stand in the UCI Online Retail files. */
const NAMES: Readonly<Record<string, string>> = {
  australia: 'AU',
  austria: 'AT',
  bahrain: 'BH',
  belgium: 'BE',
  bermuda: 'BM',
  brazil: 'BR',
  canada: 'CA',
  cyprus: 'CY',
  'czech republic': 'CZ',
  denmark: 'DK',
  eire: 'IE',
  finland: 'FI',
  france: 'FR',
  germany: 'DE',
  greece: 'GR',
  'hong kong': 'HK',
  iceland: 'IS',
  ireland: 'IE',
  israel: 'IL',
  italy: 'IT',
  japan: 'JP',
  korea: 'KR',
  lebanon: 'LB',
  lithuania: 'LT',
  malta: 'MT',
  netherlands: 'NL',
  nigeria: 'NG',
  norway: 'NO',
  poland: 'PL',
  portugal: 'PT',
  rsa: 'ZA',
  'saudi arabia': 'SA',
  singapore: 'SG',
  spain: 'ES',
  sweden: 'SE',
  switzerland: 'CH',
  thailand: 'TH',
  'united arab emirates': 'AE',
  'united kingdom': 'GB',
  usa: 'US',
};

/** Names that need a decision of ours; each is stated in the report of a run that met it. */
const RULES: Readonly<Record<string, Residence>> = {
  'channel islands': {
    country: 'GG',
    jurisdiction: 'uk',
    rule: "Channel Islands: neither uk nor eu; the uk's rules are applied",
  },
  'european community': {
    country: 'EU',
    jurisdiction: 'eu',
    rule: 'European Community: no single country; the rules of the eu are applied',
  },
  unspecified: { country: 'GB', rule: "Unspecified: taken as the retailer's home country, GB" },
  '': { country: 'GB', rule: "no country given: taken as the retailer's home country, GB" },
};

/** Residence for a `Country` cell. A name that the table does not have is a place unknown, which no jurisdiction
 * serves: its orders are refused as misdirected rather than given to a law that may not be theirs. */
export function residenceOf(name: string | undefined): Residence {
  const key = (name ?? '').trim().toLowerCase();
  const rule = RULES[key];
  if (rule !== undefined) return rule;
  const country = NAMES[key];
  if (country !== undefined) return { country };
  if (/^[a-z]{2}$/.test(key)) return { country: key.toUpperCase() };
  return {
    country: 'ZZ',
    rule: 'a country name that is not in the table: sent as ZZ, which no jurisdiction serves',
  };
}

/** Home of a retailer whose orders come from everywhere: the uk for this file format, else the first that runs. */
export const homeOf = (running: readonly string[]): string =>
  running.includes('uk') ? 'uk' : (running[0] ?? 'uk');

/** Where an event of a residence goes: to its jurisdiction if that runs, else to the home endpoint, which refuses it as
 * misdirected.
 * @param running codes of the jurisdictions that run
 * @param jurisdictionOf the registry's answer for a country code */
export function routeOf(
  residence: Residence,
  running: readonly string[],
  jurisdictionOf: (country: string) => string | undefined,
): Route {
  const byCode = jurisdictionOf(residence.country);
  const code = byCode ?? residence.jurisdiction;
  if (code === undefined || !running.includes(code))
    return { jurisdiction: homeOf(running), country: residence.country };
  return { jurisdiction: code, country: byCode === undefined ? null : residence.country };
}
