import type { DeployableJurisdiction, JurisdictionDefinition } from '../jurisdiction-definition.ts';
import { au } from './au.ts';
import { br } from './br.ts';
import { ca } from './ca.ts';
import { caQc } from './ca-qc.ts';
import { ch } from './ch.ts';
import { cn } from './cn.ts';
import { eu } from './eu.ts';
import { india } from './in.ts';
import { jp } from './jp.ts';
import { kr } from './kr.ts';
import { sa } from './sa.ts';
import { sg } from './sg.ts';
import { uk } from './uk.ts';
import { us } from './us.ts';
import { usCa } from './us-ca.ts';
import { za } from './za.ts';

export type { DeployableJurisdiction, JurisdictionDefinition } from '../jurisdiction-definition.ts';

const all: readonly JurisdictionDefinition[] = [
  ...[eu, uk, ch],
  ...[usCa, us, caQc, ca, br],
  ...[india, cn, jp, kr, sg, au],
  ...[za, sa],
];

/** Every jurisdiction the product knows, by code. A new one is one file in this folder and one line here. */
export const jurisdictions: Readonly<Record<string, JurisdictionDefinition>> = Object.fromEntries(
  all.map((definition) => [definition.code, definition]),
);

/** Codes in the order they are listed. */
export const jurisdictionCodes: readonly string[] = all.map((definition) => definition.code);

/** Null: a place where the law of its country does not hold. */
const codeByPlace: ReadonlyMap<string, string | null> = new Map(
  all.flatMap(({ code, countries, exceptPlaces = [] }) => [
    ...countries.map((place) => [place, code] as const),
    ...exceptPlaces.map((place) => [place, null] as const),
  ]),
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
    if (code !== undefined) return code ?? undefined;
  }
  return codeByPlace.get(place) ?? undefined;
}

/** Whether there is a place where the stack of a jurisdiction can stand. */
export const isDeployable = (definition: JurisdictionDefinition): definition is DeployableJurisdiction =>
  definition.region !== null;

/**
 * The definitions of the given codes, in that order, each once.
 * @throws Error naming the codes that are unknown and those that are known; saying why a jurisdiction cannot be
 * deployed; or saying that none was given
 */
export function enabledOrThrow(codes: readonly string[]): readonly DeployableJurisdiction[] {
  const known = `known jurisdictions: ${jurisdictionCodes.join(', ')}`;
  const wanted = [...new Set(codes)];
  if (wanted.length === 0) throw new Error(`no jurisdiction is enabled; ${known}`);
  const unknown = wanted.filter((code) => !Object.hasOwn(jurisdictions, code));
  if (unknown.length > 0) throw new Error(`unknown jurisdiction ${unknown.join(', ')}; ${known}`);
  return wanted.flatMap((code) => {
    const definition = jurisdictions[code];
    if (definition === undefined) return [];
    if (!isDeployable(definition))
      throw new Error(`jurisdiction ${code} cannot be deployed: ${definition.notDeployable}`);
    return [definition];
  });
}
