import { at, own, textAt } from './shape.ts';

/** Where an event says its customer lives: ISO 3166-1 alpha-2 and, when given, the subdivision. */
export interface Residence {
  readonly country: string;
  readonly subdivision?: string;
}

/** Places in an event that name a country, the most telling first: a home address says more about where somebody
 * lives than a delivery, and both say more than the place a connection came from. */
const PLACES: readonly (readonly string[])[] = [
  ['traits', 'address'],
  ['context', 'traits', 'address'],
  ['properties', 'address'],
  ['properties', 'shipping_address'],
  ['properties', 'shippingAddress'],
  ['traits'],
  ['context', 'traits'],
  ['properties'],
  ['context', 'location'],
];

/** The residence an event states, or null. `US-CA` in a country field is taken apart; a name (`France`) or any other
 * text is not a code and says nothing. */
export function residenceOf(event: unknown): Residence | null {
  for (const path of PLACES) {
    const place = at(event, ...path);
    const code = /^([a-z]{2})(?:-([a-z0-9]{1,3}))?$/i.exec(textAt(place, 'country')?.trim() ?? '');
    if (code?.[1] === undefined) continue;
    const country = code[1].toUpperCase();
    const stated = code[2] ?? own(place, 'state') ?? own(place, 'region') ?? own(place, 'subdivision');
    const subdivision = /^(?:[a-z]{2}-)?([a-z0-9]{1,3})$/i.exec(
      typeof stated === 'string' ? stated.trim() : '',
    )?.[1];
    return subdivision === undefined ? { country } : { country, subdivision: subdivision.toUpperCase() };
  }
  return null;
}

/** A country written into a locale: `de-AT`, `de_AT`. */
const LOCALE = /^[a-z]{2,3}[-_](?:[a-z]{4}[-_])?([a-z]{2})\b/i;

/**
 * The country whose ways of writing numbers an event follows: the one it states, else the jurisdiction's own where that
 * is one, else its locale's where that is one of the jurisdiction's (many browsers say `en-US` anywhere). Undefined when
 * nothing tells.
 */
export function countryOf(event: unknown, policy: CountryPolicy): string | undefined {
  const stated =
    residenceOf(event)?.country ?? /^[a-z]{2}$/i.exec(textAt(event, 'context', 'country') ?? '')?.[0];
  if (stated !== undefined) return stated.toUpperCase();
  if (policy.homeCountry !== undefined) return policy.homeCountry;
  const locale = LOCALE.exec(textAt(event, 'context', 'locale') ?? '')?.[1]?.toUpperCase();
  return locale !== undefined && policy.jurisdiction.countries.includes(locale) ? locale : undefined;
}

/** What tells a country where an event does not. */
export interface CountryPolicy extends Pick<ResidencePolicy, 'jurisdiction'> {
  /** See `homeCountryOf`. */
  readonly homeCountry: string | undefined;
}

/** What decides whose resident somebody is. */
export interface ResidencePolicy {
  /** Code of the jurisdiction whose stack this is, and its countries. */
  readonly jurisdiction: { readonly code: string; readonly countries: readonly string[] };
  jurisdictionOf(country: string, subdivision?: string): string | undefined;
}

/** The jurisdiction an event belongs to when it isn't ours: its code, or `none` when the product knows no law for
 * that place. Null when the event is ours: so it says, or it says nothing, or it names a country of which we have
 * a part without saying which part. */
export function otherJurisdictionOf(event: unknown, policy: ResidencePolicy): string | null {
  const residence = residenceOf(event);
  if (residence === null) return null;
  const { country, subdivision } = residence;
  const code = policy.jurisdictionOf(country, subdivision);
  if (code === policy.jurisdiction.code) return null;
  const isPartOurs = policy.jurisdiction.countries.some((ours) => ours.startsWith(`${country}-`));
  if (subdivision === undefined && isPartOurs) return null;
  return code ?? 'none';
}
