import metadata from 'libphonenumber-js/min/metadata';

/** The calling code is the first fact that the library's metadata states of a country. */
const callingCodeOf = (country: string): string | undefined =>
  (metadata.countries as unknown as Readonly<Record<string, readonly [string, ...unknown[]]>>)[country]?.[0];

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
