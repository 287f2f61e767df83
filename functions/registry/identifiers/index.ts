import type { IdentifierType } from '../../contracts/signal.ts';
import type { IdentifierDefinition } from '../identifier-definition.ts';
import { anonymousId } from './anonymous-id.ts';
import { deviceId } from './device-id.ts';
import { email } from './email.ts';
import { loyaltyId } from './loyalty-id.ts';
import { phone } from './phone.ts';
import { userId } from './user-id.ts';

/** Every identifier type; priorities are the order of IDENTIFIER_TYPES. */
export const identifiers: Readonly<Record<IdentifierType, IdentifierDefinition>> = {
  userId,
  loyaltyId,
  email,
  phone,
  deviceId,
  anonymousId,
};

/** Canonical form of a raw identifier value, or null when it is unusable or blocked and so identifies nobody. Stops
 * are looked for before and after, since normalising may turn one (`-1`) into something that looks like a value.
 * @param country of the customer, ISO 3166-1 alpha-2, when it is known */
export function normaliseIdentifier(type: IdentifierType, raw: string, country?: string): string | null {
  const stops = stopsOf[type];
  const trimmed = raw.trim();
  if (isBlocked(stops, trimmed)) return null;
  const value = identifiers[type].normalise(raw, country);
  return value === null || (value !== trimmed && isBlocked(stops, value)) ? null : value;
}

interface Stops {
  readonly words: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
}

/** Words apart from patterns, since every identifier of every event is held against them. */
const stopsOf = Object.fromEntries(
  Object.entries(identifiers).map(([type, { blocked }]): [string, Stops] => [
    type,
    {
      words: new Set(blocked.filter((stop) => typeof stop === 'string')),
      patterns: blocked.filter((stop) => stop instanceof RegExp),
    },
  ]),
) as Readonly<Record<IdentifierType, Stops>>;

function isBlocked({ words, patterns }: Stops, value: string): boolean {
  const lower = value.toLowerCase();
  return words.has(lower) || patterns.some((pattern) => pattern.test(lower));
}
