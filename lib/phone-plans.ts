import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import all from 'libphonenumber-js/min/metadata';
import { jurisdictions } from '../functions/registry/jurisdictions/index.ts';

export const PHONE_PLANS_FILE = join(
  import.meta.dirname,
  '../functions/registry/identifiers/phone-plans.json',
);

/** Place of a plan's formats (libphonenumber-js, metadata version 4): how to write a number for people, which we never do. */
const FORMATS = 4;
const NO_FORMATS = 0;

/** The numbering plans of the countries that the jurisdictions serve, out of libphonenumber's of the whole world: a function
 * that carries those starts later. Numbers of other countries are taken by their length. */
export function phonePlans(): string {
  const served = new Set(
    Object.values(jurisdictions).flatMap(({ countries }) => countries.map((place) => place.slice(0, 2))),
  );
  const ours = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
    Object.entries(record).filter(([country]) => served.has(country));
  const codes = Object.entries(all.country_calling_codes as unknown as Record<string, string[]>)
    .map(([code, countries]) => [code, countries.filter((country) => served.has(country))] as const)
    .filter(([, countries]) => countries.length > 0);
  if (all.version !== 4) throw new Error('the library has changed the form of its metadata');
  const countries = ours(all.countries as unknown as Record<string, readonly unknown[]>).map(
    ([country, plan]) => [country, plan.with(FORMATS, NO_FORMATS)] as const,
  );
  return `${JSON.stringify({
    version: all.version,
    country_calling_codes: Object.fromEntries(codes),
    countries: Object.fromEntries(countries),
  })}\n`;
}

// `npm run phone-plans`, after a change of the jurisdictions' countries or of the library: a test says when.
if (process.argv[1] === import.meta.filename) writeFileSync(PHONE_PLANS_FILE, phonePlans());
