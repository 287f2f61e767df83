import type { IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { ProfileView, RawIdentifier } from '../../contracts/operations.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { nodeOfSubjectId } from '../../contracts/subject.ts';
import { identifierToken, type JurisdictionSecrets } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import type { ServePorts } from './ports.ts';
import { profileView } from './profile-view.ts';
import type { Answered, Refusal, ServePolicy } from './setting.ts';
import { findSubject } from './subject.ts';

export const UNKNOWN_CUSTOMER: Refusal = {
  status: 404,
  title: 'Unknown customer',
  detail: 'No signal of this customer has been applied here.',
};

/** Tokens of raw identifiers, highest priority first, each with its place in the request. Raw values go no further. */
export function tokensOf(
  identifiers: readonly RawIdentifier[],
  secrets: JurisdictionSecrets,
): Answered<ReadonlyMap<IdentifierToken, number>> {
  const places = identifiers
    .map(({ type, value }, place) => ({ type, place, normalised: normaliseIdentifier(type, value) }))
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
  ports: Pick<ServePorts, 'subjects'>,
  now: EpochMs,
): Promise<Answered<ProfileView>> {
  const tokens = tokensOf(identifiers, policy.secrets);
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
    : { answer: profileView(search.found, policy, now) };
}

/** `GET /v1/subjects/{subjectId}`: an id from before a merge leads to the subject as it is now.
 * @throws ThrottledError, TransientError */
export async function profileOfSubject(
  subjectId: SubjectId,
  policy: ServePolicy,
  ports: Pick<ServePorts, 'subjects'>,
  now: EpochMs,
): Promise<Answered<ProfileView>> {
  const search = await findSubject([nodeOfSubjectId(subjectId)], ports.subjects);
  return 'conflicting' in search || search.found === null
    ? { refusal: UNKNOWN_CUSTOMER }
    : { answer: profileView(search.found, policy, now) };
}
