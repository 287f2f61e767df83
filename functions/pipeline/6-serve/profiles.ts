import type { IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { ProfileView, RawIdentifier } from '../../contracts/operations.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { nodeOfSubjectId } from '../../contracts/subject.ts';
import { identifierToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import { homeCountryOf } from '../../registry/person/home-country.ts';
import { permits } from '../../rights/consent/permission.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { attributesOf } from './attributes.ts';
import type { ServePorts } from './ports.ts';
import { profileView } from './profile-view.ts';
import { type Answered, type ServePolicy, UNKNOWN_CUSTOMER } from './setting.ts';
import { type FoundSubject, findSubject } from './subject.ts';

/** Scope with which a profile shows the person's attributes too. */
export const ATTRIBUTES_SCOPE = 'attributes:read';

/** What a profile is made from besides the subject itself. */
export type ProfilePorts = Pick<ServePorts, 'subjects' | 'keyring'>;

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

/**
 * `POST /v1/profiles/lookup`: the profile that the identifiers lead to.
 * @throws ThrottledError, TransientError
 */
export async function lookupProfile(
  identifiers: readonly RawIdentifier[],
  policy: ServePolicy,
  ports: ProfilePorts,
  scopes: readonly string[],
  now: EpochMs,
): Promise<Answered<ProfileView>> {
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
  return search.found === null
    ? { refusal: UNKNOWN_CUSTOMER }
    : { answer: await viewOf(search.found, policy, ports, scopes, now) };
}

/** `GET /v1/subjects/{subjectId}`: an id from before a merge leads to the subject as it is now.
 * @throws ThrottledError, TransientError */
export async function profileOfSubject(
  subjectId: SubjectId,
  policy: ServePolicy,
  ports: ProfilePorts,
  scopes: readonly string[],
  now: EpochMs,
): Promise<Answered<ProfileView>> {
  const search = await findSubject([nodeOfSubjectId(subjectId)], ports.subjects);
  return 'conflicting' in search || search.found === null
    ? { refusal: UNKNOWN_CUSTOMER }
    : { answer: await viewOf(search.found, policy, ports, scopes, now) };
}

/** Attributes are kept to serve the customer, and told to whom may read them. */
async function viewOf(
  found: FoundSubject,
  policy: ServePolicy,
  ports: ProfilePorts,
  scopes: readonly string[],
  now: EpochMs,
): Promise<ProfileView> {
  const view = profileView(found, policy, now);
  const { service } = standingsOf(policy.jurisdiction, found.state.consent, now);
  const mayTell = scopes.includes(ATTRIBUTES_SCOPE) && permits(service);
  return mayTell ? { ...view, attributes: await attributesOf(found.graph, ports) } : view;
}
