import type { SubjectId } from '../../contracts/ids.ts';
import type { ProfileView, RawIdentifier } from '../../contracts/operations.ts';
import { nodeOfSubjectId } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { attributesOf } from './attributes.ts';
import { customerOf } from './customer.ts';
import type { ServePorts } from './ports.ts';
import { profileView } from './profile-view.ts';
import { type Answered, type ServePolicy, UNKNOWN_CUSTOMER } from './setting.ts';
import { type FoundSubject, findSubject } from './subject.ts';

/** Scope with which a profile shows the person's attributes too. */
export const ATTRIBUTES_SCOPE = 'attributes:read';

/** What a profile is made from besides the subject itself. */
export type ProfilePorts = Pick<ServePorts, 'subjects' | 'keyring'>;

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
  const customer = await customerOf(identifiers, policy, ports);
  if ('refusal' in customer) return customer;
  const { found } = customer.answer;
  return found === null
    ? { refusal: UNKNOWN_CUSTOMER }
    : { answer: await viewOf(found, policy, ports, scopes, now) };
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

/** Attributes are kept to serve the customer, and told to whom may read them while that is in effect. */
async function viewOf(
  found: FoundSubject,
  policy: ServePolicy,
  ports: ProfilePorts,
  scopes: readonly string[],
  now: EpochMs,
): Promise<ProfileView> {
  const view = profileView(found, policy, now);
  const mayTell = scopes.includes(ATTRIBUTES_SCOPE) && view.consent.service?.inEffect === true;
  return mayTell ? { ...view, attributes: await attributesOf(found.graph, ports) } : view;
}
