import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { isProven, type PrivacyPolicy } from './policy.ts';
import type { ErasePorts } from './ports.ts';

/** One step of an erasure, as the machine asks for it. Steps are repeated after a crash, and by executions that were relieved:
 * each looks for itself whether it has to be done.
 * @throws InvariantError for a request that must not erase; TransientError, ThrottledError */
type EraseStep = (requestId: string, policy: PrivacyPolicy, ports: ErasePorts, now: EpochMs) => Promise<void>;

type EraseWork = (
  request: PrivacyRequest,
  policy: PrivacyPolicy,
  ports: ErasePorts,
  now: EpochMs,
) => Promise<void>;

const isUndone = ({ state }: PrivacyRequest): boolean => state !== 'key-deleted' && state !== 'erased';

/** A step that is done for a request that may erase, while it is due.
 * @param isDue whether it still has to be done (default: the erasure is not certified yet) */
export const eraseStep =
  (work: EraseWork, isDue: (request: PrivacyRequest, now: EpochMs) => boolean = isUndone): EraseStep =>
  async (requestId, policy, ports, now) => {
    const request = await ports.requests.find(requestId);
    invariant(request !== null && request.type === 'erase', 'an erasure without a request for it');
    invariant(isProven(request), 'an erasure that nobody was shown to have asked for');
    if (isDue(request, now)) await work(request, policy, ports, now);
  };
