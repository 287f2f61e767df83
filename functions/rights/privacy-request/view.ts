import {
  CLOSED_STATES,
  type PrivacyRequest,
  type PrivacyRequestView,
} from '../../contracts/privacy-requests.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { deadlineFor, isProven, needsProof, type PrivacyPolicy } from './policy.ts';

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
