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
  const definition = identifiers[type];
  if (isBlocked(definition, raw.trim())) return null;
  const value = definition.normalise(raw, country);
  return value === null || isBlocked(definition, value) ? null : value;
}

function isBlocked(definition: IdentifierDefinition, value: string): boolean {
  const lower = value.toLowerCase();
  return definition.blocked.some((stop) => (typeof stop === 'string' ? stop === lower : stop.test(lower)));
}
