import { IDENTIFIER_TYPES, type Identifier, type IdentifierType } from '../../contracts/signal.ts';
import { identifierToken, type JurisdictionSecrets } from '../../contracts/tokens.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import { at, textAt } from './shape.ts';

/** Identifiers of one event at most; more is an export, not a person (a profile above that is past use anyway). */
const IDENTIFIERS_MAX = 24;

/** Where each type stands in a Segment-shaped event. */
const PLACES: readonly (readonly [IdentifierType, readonly string[]])[] = [
  ['userId', ['userId']],
  ['loyaltyId', ['traits', 'loyaltyId']],
  ['loyaltyId', ['traits', 'loyalty_id']],
  ['loyaltyId', ['context', 'traits', 'loyaltyId']],
  ['loyaltyId', ['context', 'traits', 'loyalty_id']],
  ['loyaltyId', ['properties', 'loyalty_id']],
  ['email', ['traits', 'email']],
  ['email', ['context', 'traits', 'email']],
  ['email', ['properties', 'email']],
  ['phone', ['traits', 'phone']],
  ['phone', ['context', 'traits', 'phone']],
  ['phone', ['properties', 'phone']],
  ['deviceId', ['context', 'device', 'id']],
  ['anonymousId', ['anonymousId']],
];

/** Types of `context.externalIds` (Segment Unify) and `context.externalId` (RudderStack) that we know. */
const EXTERNAL_TYPES: Readonly<Record<string, IdentifierType>> = {
  user_id: 'userId',
  userid: 'userId',
  loyalty_id: 'loyaltyId',
  loyaltyid: 'loyaltyId',
  email: 'email',
  phone: 'phone',
  device_id: 'deviceId',
  deviceid: 'deviceId',
  'android.id': 'deviceId',
  'ios.id': 'deviceId',
  anonymous_id: 'anonymousId',
  anonymousid: 'anonymousId',
};

/** Tokens of everybody an event names, highest priority first and each once; empty when it names nobody.
 * Raw values go no further than this function.
 * @param countryOf the customer's country, asked for only when a value needs it */
export function identifiersOf(
  event: unknown,
  secrets: JurisdictionSecrets,
  countryOf: () => string | undefined,
): Identifier[] {
  const seen = new Set<string>();
  const found: Identifier[] = [];
  const add = (type: IdentifierType, raw: string | undefined): void => {
    if (raw === undefined || found.length >= IDENTIFIERS_MAX) return;
    // Only telephone numbers are written differently by country.
    const normalised = normaliseIdentifier(type, raw, type === 'phone' ? countryOf() : undefined);
    if (normalised === null || seen.has(`${type}\u0000${normalised}`)) return;
    seen.add(`${type}\u0000${normalised}`);
    found.push({ type, token: identifierToken(secrets, type, normalised) });
  };
  for (const [type, path] of PLACES) add(type, textAt(event, ...path));
  // An alias does not say whether its previous id was an account's or a browser's: it is taken as both, and the
  // wrong one links to nothing.
  if (at(event, 'type') === 'alias') {
    add('userId', textAt(event, 'previousId'));
    add('anonymousId', textAt(event, 'previousId'));
  }
  for (const list of [at(event, 'context', 'externalIds'), at(event, 'context', 'externalId')]) {
    if (!Array.isArray(list)) continue;
    for (const external of list as readonly unknown[]) {
      const type = EXTERNAL_TYPES[textAt(external, 'type')?.toLowerCase() ?? ''];
      if (type !== undefined) add(type, textAt(external, 'id'));
    }
  }
  return found.sort(
    (one, other) => IDENTIFIER_TYPES.indexOf(one.type) - IDENTIFIER_TYPES.indexOf(other.type),
  );
}
