import { CLOSED_STATES, type PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { PrivacyRequestView } from '../../contracts/privacy-requests-api.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { awaitsWord } from './correction.ts';
import { deadlineFor, isProven, needsProof, type PrivacyPolicy } from './policy.ts';

/** Why a call gets no answer. Texts are ours and quote nothing of the request (law 10). */
export interface Refusal {
  readonly status: 400 | 404 | 409 | 410;
  readonly title: string;
  readonly detail: string;
  readonly at?: readonly string[];
}
export type Answered<T> = { readonly answer: T } | { readonly refusal: Refusal };

export const UNKNOWN: { readonly refusal: Refusal } = {
  refusal: { status: 404, title: 'Unknown request', detail: 'There is no privacy request with this id.' },
};
export const CLOSED: { readonly refusal: Refusal } = {
  refusal: {
    status: 409,
    title: 'Closed',
    detail: 'The request is closed, or this does not apply to it now.',
  },
};
function liftOf({ lift }: PrivacyRequest): PrivacyRequestView['lift'] {
  if (lift === undefined) return null;
  const { reason, informedAt, at } = lift;
  return { reason, informedAt: new Date(informedAt).toISOString(), at: new Date(at).toISOString() };
}

/** What the outside is told of a request: never whom it is about, and never whether anything is held of them. */
export function viewOf(request: PrivacyRequest, policy: PrivacyPolicy): PrivacyRequestView {
  const deadline = deadlineFor(request, policy);
  const time = (at: EpochMs | null | undefined): string | null =>
    at === null || at === undefined ? null : new Date(at).toISOString();
  const isRunning =
    deadline.state === 'running' && !CLOSED_STATES.has(request.state) && request.lift === undefined;
  return {
    requestId: request.requestId,
    type: request.type,
    state: request.state,
    requester: request.requester,
    receivedAt: new Date(request.receivedAt).toISOString(),
    verified: isProven(request) && needsProof(request.type),
    needs: request.needs ?? (!CLOSED_STATES.has(request.state) && awaitsWord(request) ? 'accuracy' : null),
    corrects: [...(request.correction?.attributes ?? [])],
    dueAt: isRunning ? time(deadline.dueAt) : null,
    extended: deadline.state === 'running' && deadline.extended,
    denial: request.denial,
    restrictedUntil: time(request.restrictedUntil),
    lift: liftOf(request),
    deletedAt: time(request.deletedAt),
    pitrClearAt: time(request.pitrClearAt),
    exportUntil: time(request.exported?.expiresAt),
    closedAt: time(request.closedAt),
  };
}
