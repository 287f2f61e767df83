import type { IdentifierToken } from '../../contracts/ids.ts';
import { CLOSED_STATES, type PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { PrivacyRequestBody, PrivacyRequestView } from '../../contracts/privacy-requests-api.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { identifierToken, messageToken, typeOfToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import { correctionOf, fingerprintOf } from './correction.ts';
import { tell } from './evidence.ts';
import { needsProof, type PrivacyPolicy } from './policy.ts';
import type { DoorPorts } from './ports.ts';
import { type Answered, CLOSED, type Refusal, viewOf } from './request-view.ts';
import { findPerson, subjectKeyOf } from './subject.ts';

function tokensOf(body: PrivacyRequestBody, policy: PrivacyPolicy): Answered<readonly IdentifierToken[]> {
  const at: string[] = [];
  const tokens = new Set<IdentifierToken>();
  for (const [place, { type, value }] of body.identifiers.entries()) {
    const normalised = normaliseIdentifier(type, value);
    if (normalised === null) at.push(`/identifiers/${place}/value`);
    else tokens.add(identifierToken(policy.secrets, type, normalised));
  }
  if (at.length > 0)
    return {
      refusal: {
        status: 400,
        title: 'Unusable identifier',
        detail: 'The value is not of its type, or is a placeholder, so it identifies nobody.',
        at,
      },
    };
  const rank = (token: IdentifierToken): number => IDENTIFIER_TYPES.indexOf(typeOfToken(token));
  return { answer: [...tokens].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)) };
}

const CORRECTIONS: { readonly refusal: Refusal } = {
  refusal: {
    status: 400,
    title: 'Unusable corrections',
    detail: 'A request to correct names each attribute once with its new value; no other request names any.',
    at: ['/corrections'],
  },
};

/** A request as it comes in. @returns null when it does not say what to correct, or does and wants something else */
function newRequest(
  body: PrivacyRequestBody,
  requestId: string,
  subjectKey: string,
  tokens: PrivacyRequest['tokens'],
  { secrets }: PrivacyPolicy,
  now: EpochMs,
): PrivacyRequest | null {
  const { type, corrections } = body;
  if ((type === 'correct') !== (corrections !== undefined)) return null;
  const correction = corrections === undefined ? undefined : correctionOf(corrections, requestId, secrets);
  if (correction === null) return null;
  const wants = corrections === undefined ? '' : `.${fingerprintOf(corrections, secrets)}`;
  return {
    requestId,
    openKey: `${type}.${subjectKey}${wants}`,
    type,
    state: needsProof(type) ? 'received' : 'pending',
    version: 0,
    requester: body.requester,
    ...(correction === undefined ? {} : { correction }),
    tokens,
    receivedAt: now,
    identity: null,
    authority: null,
    failedProofs: 0,
    pauses: [],
    extensionNoticedAt: null,
    needs: null,
    reminded: [],
    driver: 1,
    startedAt: null,
    located: null,
    canary: null,
    deletedAt: null,
    pitrClearAt: null,
    restrictedUntil: null,
    exported: null,
    link: null,
    denial: null,
    closedAt: null,
  };
}

/**
 * `POST /v1/privacy-requests`. The same client key is the same request, and so is one of the same type for a subject of whom
 * one is open, corrections of something else aside. Nothing is looked at that could tell the caller whether anything is held.
 * @param chance 22 characters, for a request without a client key
 * @throws TransientError, ThrottledError
 */
export async function receive(
  body: PrivacyRequestBody,
  chance: string,
  policy: PrivacyPolicy,
  ports: DoorPorts,
  now: EpochMs,
): Promise<Answered<PrivacyRequestView>> {
  const tokens = tokensOf(body, policy);
  if ('refusal' in tokens) return tokens;
  const [first, ...others] = tokens.answer;
  if (first === undefined) return CLOSED;
  const requestId =
    body.clientKey === undefined
      ? chance
      : messageToken(policy.secrets, `privacy-request\u0000${body.clientKey}`);
  const person = await findPerson(tokens.answer, ports.subjects);
  const subjectKey = subjectKeyOf(person, tokens.answer);
  const request = newRequest(body, requestId, subjectKey, [first, ...others], policy, now);
  if (request === null) return CORRECTIONS;
  const standing = await ports.requests.open(request);
  if (standing.type !== body.type)
    return {
      refusal: {
        status: 409,
        title: 'Key used',
        detail: 'This client key belongs to a request of another type.',
      },
    };
  await tell(
    standing,
    [{ kind: 'privacy-request-received', reasons: standing.requester, at: standing.receivedAt }],
    policy,
    ports,
  );
  // Also for one that stands already: its starter may have crashed before this line.
  if (!CLOSED_STATES.has(standing.state)) await ports.driver.start(standing);
  return { answer: viewOf(standing, policy) };
}
