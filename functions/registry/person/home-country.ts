import plans from '../identifiers/phone-plans.json' with { type: 'json' };

const callingCodeOf = (country: string): string | undefined =>
  Object.entries(plans.country_calling_codes).find(([, countries]) => countries.includes(country))?.[0];

/** The country whose national numbers and postcodes are meant where nobody says which: that of a jurisdiction of one
 * country, or of several that are one to a telephone (the United Kingdom and the Crown dependencies). Undefined for others.
 * @param places ISO 3166 codes; the first one names the country */
export function homeCountryOf(places: readonly string[]): string | undefined {
  const [first, ...others] = places.map((place) => place.slice(0, 2));
  if (first === undefined) return undefined;
  const code = callingCodeOf(first);
  return others.every((other) => other === first || (code !== undefined && callingCodeOf(other) === code))
    ? first
    : undefined;
}
