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

/** Whom an event names. */
export interface Named {
  /** Highest priority first and each once; empty when it names nobody. */
  readonly identifiers: readonly Identifier[];
  /** Path to a number in the place of an identifier that is not what its sender wrote (see {@link idIn}), if there is one. */
  readonly imprecise?: readonly string[];
}

/** A value in the place of an identifier: text, or a whole number as its decimal digits, so that `12345` and `"12345"` are
 * the same customer. NaN for a number with a fraction, or one so large that reading JSON has rounded it (RFC 8259 §6): two
 * customers may have become one there. */
function idIn(value: unknown): string | number | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value !== 'number') return undefined;
  return Number.isSafeInteger(value) ? String(value) : Number.NaN;
}

/** Tokens of everybody an event names. Raw values go no further than this function.
 * @param countryOf the customer's country, asked for only when a value needs it */
export function identifiersOf(
  event: unknown,
  secrets: JurisdictionSecrets,
  countryOf: () => string | undefined,
): Named {
  const seen = new Set<string>();
  const found: Identifier[] = [];
  let imprecise: readonly string[] | undefined;
  const add = (type: IdentifierType, value: unknown, path: readonly string[]): void => {
    const raw = idIn(value);
    if (typeof raw === 'number') imprecise ??= path;
    if (typeof raw !== 'string' || found.length >= IDENTIFIERS_MAX) return;
    // Only telephone numbers are written differently by country.
    const normalised = normaliseIdentifier(type, raw, type === 'phone' ? countryOf() : undefined);
    if (normalised === null || seen.has(`${type}\u0000${normalised}`)) return;
    seen.add(`${type}\u0000${normalised}`);
    found.push({ type, token: identifierToken(secrets, type, normalised) });
  };
  for (const [type, path] of PLACES) add(type, at(event, ...path), path);
  // An alias does not say whether its previous id was an account's or a browser's: it is taken as both, and the
  // wrong one links to nothing.
  if (at(event, 'type') === 'alias')
    for (const type of ['userId', 'anonymousId'] as const) add(type, at(event, 'previousId'), ['previousId']);
  for (const name of ['externalIds', 'externalId']) {
    const list = at(event, 'context', name);
    if (!Array.isArray(list)) continue;
    for (const [place, external] of (list as readonly unknown[]).entries()) {
      const type = EXTERNAL_TYPES[textAt(external, 'type')?.toLowerCase() ?? ''];
      if (type !== undefined) add(type, at(external, 'id'), ['context', name, String(place), 'id']);
    }
  }
  found.sort((one, other) => IDENTIFIER_TYPES.indexOf(one.type) - IDENTIFIER_TYPES.indexOf(other.type));
  return { identifiers: found, ...(imprecise === undefined ? {} : { imprecise }) };
}
