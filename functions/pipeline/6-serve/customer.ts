import type { IdentifierToken } from '../../contracts/ids.ts';
import type { RawIdentifier } from '../../contracts/operations.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { identifierToken } from '../../contracts/tokens.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import { homeCountryOf } from '../../registry/person/home-country.ts';
import type { ServePorts } from './ports.ts';
import type { Answered, ServePolicy } from './setting.ts';
import { type FoundSubject, findSubject } from './subject.ts';

/** Tokens of raw identifiers, highest priority first, each with its place in the request. Raw values go no further. */
export function tokensOf(
  identifiers: readonly RawIdentifier[],
  { secrets, jurisdiction }: Pick<ServePolicy, 'secrets' | 'jurisdiction'>,
): Answered<ReadonlyMap<IdentifierToken, number>> {
  const places = identifiers
    .map(({ type, value, country = homeCountryOf(jurisdiction.countries) }, place) => ({
      type,
      place,
      normalised: normaliseIdentifier(type, value, country),
    }))
    .sort((a, b) => IDENTIFIER_TYPES.indexOf(a.type) - IDENTIFIER_TYPES.indexOf(b.type));
  const tokens = new Map<IdentifierToken, number>();
  const unusable: string[] = [];
  for (const { type, place, normalised } of places) {
    if (normalised === null) {
      unusable.push(`/identifiers/${place}/value`);
      continue;
    }
    const token = identifierToken(secrets, type, normalised);
    if (!tokens.has(token)) tokens.set(token, place);
  }
  if (unusable.length === 0) return { answer: tokens };
  return {
    refusal: {
      status: 400,
      title: 'Unusable identifier',
      detail: 'The value is not of its type, or is a placeholder, so it identifies nobody.',
      at: unusable.sort(),
    },
  };
}

export interface Customer {
  readonly tokens: readonly IdentifierToken[];
  readonly found: FoundSubject | null;
}

/** Whom the identifiers mean. Those of different customers are refused: an answer must not mix them, and an act not join them.
 * @throws ThrottledError, TransientError */
export async function customerOf(
  identifiers: readonly RawIdentifier[],
  policy: ServePolicy,
  ports: Pick<ServePorts, 'subjects'>,
): Promise<Answered<Customer>> {
  const tokens = tokensOf(identifiers, policy);
  if ('refusal' in tokens) return tokens;
  const search = await findSubject([...tokens.answer.keys()], ports.subjects);
  if ('conflicting' in search) {
    return {
      refusal: {
        status: 409,
        title: 'Different customers',
        detail: 'The identifiers belong to different customers; ask for one at a time.',
        at: search.conflicting.map((token) => `/identifiers/${tokens.answer.get(token) ?? 0}`).sort(),
      },
    };
  }
  return { answer: { tokens: [...tokens.answer.keys()], found: search.found } };
}
