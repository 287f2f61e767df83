import type { IdentifierType } from '../../functions/contracts/signal.ts';
import type { TownEvent } from './town-event.ts';

/** An identifier that the town sent, with the person it belongs to. */
export interface TrueIdentifier {
  readonly type: IdentifierType;
  readonly value: string;
  /** ISO 3166-1 code of their country. */
  readonly country: string;
  readonly personId: string;
}

const TRAITS = ['email', 'phone', 'loyaltyId'] as const;

/** Whose identifiers were sent to a jurisdiction. Events that were meant to be wrong are somebody else's, or nobody's; an
 * identifier that chance gave to two people is left out. */
export function truthOf(events: readonly TownEvent[], jurisdiction: string): readonly TrueIdentifier[] {
  const found = new Map<string, TrueIdentifier | null>();
  for (const event of events) {
    if (event.jurisdiction !== jurisdiction) continue;
    if (event.intent === 'malformed' || event.intent === 'misdirected') continue;
    for (const [type, value] of identifiersOf(event)) {
      const key = `${type}\u0000${value}`;
      const known = found.get(key);
      if (known === null || known?.personId === event.personId) continue;
      const { personId } = event;
      found.set(key, known === undefined ? { type, value, country: countryOf(event), personId } : null);
    }
  }
  return [...found.values()].filter((identifier) => identifier !== null);
}

const countryOf = ({ context }: TownEvent): string =>
  (context.location as { readonly country?: string } | undefined)?.country ?? '';

function identifiersOf({ userId, anonymousId, context, call }: TownEvent): [IdentifierType, string][] {
  const traits = {
    ...(context.traits as Record<string, unknown> | undefined),
    ...(call.type === 'identify' ? call.traits : {}),
  };
  return (
    [['userId', userId], ['anonymousId', anonymousId], ...TRAITS.map((type) => [type, traits[type]])] as [
      IdentifierType,
      unknown,
    ][]
  ).filter((entry): entry is [IdentifierType, string] => typeof entry[1] === 'string');
}
