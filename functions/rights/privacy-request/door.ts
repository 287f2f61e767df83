import { createHash, timingSafeEqual } from 'node:crypto';
import type { IdentifierToken } from '../../contracts/ids.ts';
import {
  type Assurance,
  CLOSED_STATES,
  type PrivacyRequest,
  type PrivacyRequestBody,
  type PrivacyRequestView,
  type VerificationBody,
} from '../../contracts/privacy-requests.ts';
import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { identifierToken, messageToken, typeOfToken } from '../../contracts/tokens.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { normaliseIdentifier } from '../../registry/identifiers/index.ts';
import { csvFiles } from './csv.ts';
import { type Told, tell } from './evidence.ts';
import { openExport } from './export.ts';
import { deadlineFor, isProven, needsProof, type PrivacyPolicy } from './policy.ts';
import type { DoorPorts } from './ports.ts';
import { findPerson, subjectKeyOf } from './subject.ts';

/** Why a call gets no answer. Texts are ours and quote nothing of the request (law 10). */
export interface Refusal {
  readonly status: 400 | 404 | 409 | 410;
  readonly title: string;
  readonly detail: string;
  readonly at?: readonly string[];
}
export type Answered<T> = { readonly answer: T } | { readonly refusal: Refusal };

const UNKNOWN: { readonly refusal: Refusal } = {
  refusal: { status: 404, title: 'Unknown request', detail: 'There is no privacy request with this id.' },
};
const CLOSED: { readonly refusal: Refusal } = {
  refusal: {
    status: 409,
    title: 'Closed',
    detail: 'The request is closed, or this does not apply to it now.',
  },
};
/** Proofs that may fail before nothing more is looked at. */
const FAILED_PROOFS_MAX = 5;

/** What the outside is told of a request: never whom it is about, and never whether anything is held of them. */
export function viewOf(request: PrivacyRequest, policy: PrivacyPolicy): PrivacyRequestView {
  const deadline = deadlineFor(request, policy);
  const time = (at: EpochMs | null | undefined): string | null =>
    at === null || at === undefined ? null : new Date(at).toISOString();
  const isRunning = deadline.state === 'running' && !CLOSED_STATES.has(request.state);
  return {
    requestId: request.requestId,
    type: request.type,
    state: request.state,
    requester: request.requester,
    receivedAt: new Date(request.receivedAt).toISOString(),
    verified: isProven(request) && needsProof(request.type),
    needs: request.needs,
    dueAt: isRunning ? time(deadline.dueAt) : null,
    extended: deadline.state === 'running' && deadline.extended,
    denial: request.denial,
    restrictedUntil: time(request.restrictedUntil),
    deletedAt: time(request.deletedAt),
    pitrClearAt: time(request.pitrClearAt),
    exportUntil: time(request.exported?.expiresAt),
    closedAt: time(request.closedAt),
  };
}

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

/**
 * `POST /v1/privacy-requests`. The same client key is the same request, and so is one of the same type for a subject of whom
 * one is open. Nothing is looked at that could tell the caller whether anything is held.
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
  const request: PrivacyRequest = {
    requestId,
    openKey: `${body.type}.${subjectKeyOf(person, tokens.answer)}`,
    type: body.type,
    state: needsProof(body.type) ? 'received' : 'pending',
    version: 0,
    requester: body.requester,
    tokens: [first, ...others],
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

/** `GET /v1/privacy-requests/{requestId}`. @throws TransientError, ThrottledError */
export async function statusOf(
  requestId: string,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'requests'>,
): Promise<Answered<PrivacyRequestView>> {
  const request = await ports.requests.find(requestId);
  return request === null ? UNKNOWN : { answer: viewOf(request, policy) };
}

/** Changes an open request and lets a new execution of the machine take over; the earlier one is relieved. */
async function change(
  requestId: string,
  how: (
    request: PrivacyRequest,
  ) => Promise<{ readonly next: PrivacyRequest; readonly told: readonly Told[] } | null>,
  policy: PrivacyPolicy,
  ports: DoorPorts,
): Promise<Answered<PrivacyRequestView>> {
  const request = await ports.requests.find(requestId);
  if (request === null) return UNKNOWN;
  const changed = CLOSED_STATES.has(request.state) ? null : await how(request);
  if (changed === null) return CLOSED;
  const next = await ports.requests.save({ ...changed.next, driver: request.driver + 1 });
  if (next === null) throw new TransientError('the request is being changed');
  await tell(request, changed.told, policy, ports);
  await ports.driver.start(next);
  return { answer: viewOf(next, policy) };
}

/**
 * `POST …/verification`: what was found out about who asks. The verifier has the last word. A request that has been proven
 * stays so, and one with too many failed proofs waits for its denial.
 * @throws TransientError, ThrottledError
 */
export async function verify(
  requestId: string,
  body: VerificationBody,
  policy: PrivacyPolicy,
  ports: DoorPorts,
  now: EpochMs,
): Promise<Answered<PrivacyRequestView>> {
  return change(
    requestId,
    async (request) => {
      if (request.state !== 'received' || request.failedProofs >= FAILED_PROOFS_MAX) return null;
      let next = request;
      for (const shown of ['identity', 'authority'] as const) {
        const statement = body[shown];
        if (statement === undefined || (shown === 'authority' && request.requester === 'person')) continue;
        const verdict = await ports.verifier.judge(request, { of: shown, outcome: statement.outcome });
        const assurance: Assurance = { method: statement.method, by: body.by, at: now };
        next =
          verdict === 'verified'
            ? { ...next, [shown]: assurance }
            : { ...next, failedProofs: next.failedProofs + 1 };
      }
      const failed = next.failedProofs - request.failedProofs;
      const told: readonly Told[] = [
        ...(failed > 0
          ? [
              {
                kind: 'privacy-request-proof-failed' as const,
                reasons: `failed:${next.failedProofs}`,
                at: now,
              },
            ]
          : []),
        ...(isProven(next) ? [{ kind: 'privacy-request-verified' as const, reasons: body.by, at: now }] : []),
      ];
      return { next, told };
    },
    policy,
    ports,
  );
}

/** `POST …/input`: the person was asked for something, which stops the clock where the law says so, or has given it. */
export const input = (
  requestId: string,
  outcome: 'given' | 'asked',
  policy: PrivacyPolicy,
  ports: DoorPorts,
  now: EpochMs,
): Promise<Answered<PrivacyRequestView>> =>
  change(
    requestId,
    async (request) => {
      const isWaiting = request.state === 'needs-input';
      if (outcome === 'asked') {
        if (isWaiting || request.startedAt !== null || request.state !== 'received') return null;
        return {
          next: {
            ...request,
            state: 'needs-input',
            needs: 'own-identifier',
            pauses: [...request.pauses, { from: now, to: null }],
          },
          told: [{ kind: 'privacy-request-needs-input', reasons: 'own-identifier', at: now }],
        };
      }
      if (!isWaiting) return null;
      const pauses = request.pauses.map((pause) => (pause.to === null ? { ...pause, to: now } : pause));
      return {
        next: { ...request, state: isProven(request) ? 'pending' : 'received', needs: null, pauses },
        told: [{ kind: 'privacy-request-input-given', reasons: `pauses:${pauses.length}`, at: now }],
      };
    },
    policy,
    ports,
  );

/** `POST …/extension`: the person has been told that the answer takes longer. One told late is none, by the calendar. */
export const extend = (
  requestId: string,
  noticedAt: EpochMs,
  policy: PrivacyPolicy,
  ports: DoorPorts,
  now: EpochMs,
): Promise<Answered<PrivacyRequestView>> =>
  change(
    requestId,
    async (request) => {
      const isPossible = policy.jurisdiction.rights.value.extension !== null && noticedAt <= now;
      if (!isPossible || request.extensionNoticedAt !== null) return null;
      return {
        next: { ...request, extensionNoticedAt: noticedAt },
        told: [{ kind: 'privacy-request-extended', reasons: '', at: now }],
      };
    },
    policy,
    ports,
  );

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** `POST …/link`: a link that works once. @param token 32 random bytes, base64url; only its hash is kept */
export async function link(
  requestId: string,
  token: string,
  ports: Pick<DoorPorts, 'requests'>,
  now: EpochMs,
): Promise<Answered<{ readonly token: string; readonly expiresAt: string }>> {
  const request = await ports.requests.find(requestId);
  if (request === null) return UNKNOWN;
  const { exported } = request;
  if (exported === null || exported.expiresAt <= now) return CLOSED;
  const next = { ...request, link: { tokenHash: hashOf(token).toString('hex'), redeemedAt: null } };
  if ((await ports.requests.save(next)) === null) throw new TransientError('the request is being changed');
  return { answer: { token, expiresAt: new Date(exported.expiresAt).toISOString() } };
}

const GONE: { readonly refusal: Refusal } = {
  refusal: {
    status: 410,
    title: 'Link used or expired',
    detail: 'A link works once, for seven days at most, and not after an erasure. Ask for a new one.',
  },
};

/** `POST /v1/privacy-exports`: hands the export over, once per link. @throws TransientError, ThrottledError */
export async function redeem(
  requestId: string,
  token: string,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'requests' | 'exports' | 'keyring' | 'lineage'>,
  now: EpochMs,
): Promise<Answered<{ readonly requestId: string; readonly json: object; readonly csv: object }>> {
  const request = await ports.requests.find(requestId);
  const kept = request?.link ?? null;
  if (request === null || kept === null || kept.redeemedAt !== null) return GONE;
  if (!timingSafeEqual(Buffer.from(kept.tokenHash, 'hex'), hashOf(token))) return GONE;
  const exported = await openExport(request, ports, now);
  if (exported === null) return GONE;
  // Used before it is handed over: of two who come at once, one gets it.
  const used = await ports.requests.save({ ...request, link: { ...kept, redeemedAt: now } });
  if (used === null) return GONE;
  await tell(
    request,
    [{ kind: 'export-fetched', reasons: `version:${used.version}`, at: now }],
    policy,
    ports,
  );
  return { answer: { requestId, json: exported, csv: csvFiles(exported) } };
}

/** Takes the operator's word: whoever has the scope to write privacy requests answers for what they say. */
export const statedByOperator = {
  judge: async (_request: PrivacyRequest, { outcome }: { readonly outcome: 'verified' | 'failed' }) =>
    outcome,
};
