import type { JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { au } from './au.ts';
import { ch } from './ch.ts';
import { eu } from './eu.ts';
import { jp } from './jp.ts';
import { uk } from './uk.ts';
import { usCa } from './us-ca.ts';

export type { JurisdictionDefinition } from '../jurisdiction-definition.ts';

const all: readonly JurisdictionDefinition[] = [eu, uk, ch, usCa, au, jp];

/** Every jurisdiction the product knows, by code. A new one is one file in this folder and one line here. */
export const jurisdictions: Readonly<Record<string, JurisdictionDefinition>> = Object.fromEntries(
  all.map((definition) => [definition.code, definition]),
);

/** Codes in the order they are listed. */
export const jurisdictionCodes: readonly string[] = all.map((definition) => definition.code);

const codeByPlace: ReadonlyMap<string, string> = new Map(
  all.flatMap((definition) => definition.countries.map((place) => [place, definition.code] as const)),
);

/**
 * The code of the jurisdiction a resident of a country falls under; a subdivision's own law wins over its country's.
 * @param country ISO 3166-1 alpha-2, any case
 * @param subdivision ISO 3166-2, with or without the country (`US-CA` or `CA`), any case
 * @returns undefined when the product knows no jurisdiction for the place
 */
export function jurisdictionOfCountry(country: string, subdivision?: string): string | undefined {
  const place = country.trim().toUpperCase();
  if (subdivision !== undefined && subdivision !== '') {
    const part = subdivision.trim().toUpperCase();
    const code = codeByPlace.get(part.startsWith(`${place}-`) ? part : `${place}-${part}`);
    if (code !== undefined) return code;
  }
  return codeByPlace.get(place);
}

/**
 * The definitions of the given codes, in that order, each once.
 * @throws Error naming the codes that are unknown and those that are known, or saying that none was given
 */
export function enabledOrThrow(codes: readonly string[]): readonly JurisdictionDefinition[] {
  const known = `known jurisdictions: ${jurisdictionCodes.join(', ')}`;
  const wanted = [...new Set(codes)];
  if (wanted.length === 0) throw new Error(`no jurisdiction is enabled; ${known}`);
  const found = wanted.map((code) => (Object.hasOwn(jurisdictions, code) ? jurisdictions[code] : undefined));
  const unknown = wanted.filter((_, at) => found[at] === undefined);
  if (unknown.length > 0) throw new Error(`unknown jurisdiction ${unknown.join(', ')}; ${known}`);
  return found.filter((definition) => definition !== undefined);
}
