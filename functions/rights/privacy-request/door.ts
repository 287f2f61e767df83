import {
  type AccuracyWord,
  type Assurance,
  CLOSED_STATES,
  type PrivacyRequest,
} from '../../contracts/privacy-requests.ts';
import type {
  InputBody,
  PrivacyRequestView,
  VerificationBody,
} from '../../contracts/privacy-requests-api.ts';
import { TransientError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { correctionOf } from './correction.ts';
import { type Told, tell } from './evidence.ts';
import { isProven, type PrivacyPolicy, provenAt } from './policy.ts';
import type { DoorPorts } from './ports.ts';
import { type Answered, CLOSED, UNKNOWN, viewOf } from './request-view.ts';

/** Proofs that may fail before nothing more is looked at. */
const FAILED_PROOFS_MAX = 5;

/** `GET /v1/privacy-requests/{requestId}`. @throws TransientError, ThrottledError */
export async function statusOf(
  requestId: string,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'requests'>,
): Promise<Answered<PrivacyRequestView>> {
  const request = await ports.requests.find(requestId);
  return request === null ? UNKNOWN : { answer: viewOf(request, policy) };
}

/** The machine of a request writes it too, several times a second at most. */
const ATTEMPTS_MAX = 6;

/** Changes an open request, from the start when its machine was faster, and lets a new execution take over. */
async function change(
  requestId: string,
  how: (
    request: PrivacyRequest,
  ) => Promise<{ readonly next: PrivacyRequest; readonly told: readonly Told[] } | null>,
  policy: PrivacyPolicy,
  ports: DoorPorts,
): Promise<Answered<PrivacyRequestView>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const request = await ports.requests.find(requestId);
    if (request === null) return UNKNOWN;
    const isOver = CLOSED_STATES.has(request.state) || request.lift !== undefined;
    const changed = isOver ? null : await how(request);
    if (changed === null) return CLOSED;
    const next = await ports.requests.save({ ...changed.next, driver: request.driver + 1 });
    if (next === null) continue;
    await tell(request, changed.told, policy, ports);
    await ports.driver.start(next);
    return { answer: viewOf(next, policy) };
  }
  throw new TransientError('the request is being changed');
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
        // What was shown before was shown then: a repeated call tells the same.
        const assurance: Assurance = request[shown] ?? { method: statement.method, by: body.by, at: now };
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
        ...(isProven(next)
          ? [{ kind: 'privacy-request-verified' as const, reasons: body.by, at: provenAt(next) ?? now }]
          : []),
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
  { outcome, corrections }: InputBody,
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
      const needsValues = request.needs === 'corrected-values';
      if (!isWaiting || needsValues !== (corrections !== undefined)) return null;
      const correction =
        corrections === undefined ? undefined : correctionOf(corrections, requestId, policy.secrets);
      if (correction === null) return null;
      const next = { ...goneOn(request, now), ...(correction === undefined ? {} : { correction }) };
      const reasons = `pauses:${next.pauses.length}`;
      return { next, told: [{ kind: 'privacy-request-input-given', reasons, at: now }] };
    },
    policy,
    ports,
  );

/** A request whose person is not waited for any more. */
const goneOn = (request: PrivacyRequest, now: EpochMs): PrivacyRequest => ({
  ...request,
  state: isProven(request) ? 'pending' : 'received',
  needs: null,
  pauses: request.pauses.map((pause) => (pause.to === null ? { ...pause, to: now } : pause)),
});

/** `POST …/accuracy`: the controller's word on a correction, until it is sent. Without one the person's own counts, but for
 * what tells who somebody is by law. @throws TransientError, ThrottledError */
export const judgeAccuracy = (
  requestId: string,
  word: AccuracyWord,
  policy: PrivacyPolicy,
  ports: DoorPorts,
  now: EpochMs,
): Promise<Answered<PrivacyRequestView>> =>
  change(
    requestId,
    async (request) => {
      const { correction } = request;
      if (correction === undefined || correction.sentAt !== null || correction.word?.outcome === 'refused')
        return null;
      // A refusal needs nothing of the person.
      const isMoot = word.outcome === 'refused' && request.state === 'needs-input';
      const reasons = word.outcome === 'refused' ? word.reason : word.outcome;
      const at = correction.word?.outcome === word.outcome ? correction.word.at : now;
      return {
        next: {
          ...(isMoot ? goneOn(request, now) : request),
          correction: { ...correction, word: { ...word, at } },
        },
        told: [{ kind: 'correction-judged', reasons, at }],
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

/** Takes the operator's word: whoever has the scope to write privacy requests answers for what they say. */
export const statedByOperator = {
  judge: async (_request: PrivacyRequest, { outcome }: { readonly outcome: 'verified' | 'failed' }) =>
    outcome,
};
