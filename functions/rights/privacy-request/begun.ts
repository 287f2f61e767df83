import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { saved } from './evidence.ts';
import type { RequestBook } from './ports.ts';

/** A request on which work has begun, and since when. */
export type Begun = PrivacyRequest & { readonly startedAt: EpochMs };

/**
 * Remembers when work on a request first began. What is told of the work bears that time, so that a repetition after a crash
 * tells the same row, which the archive looks for where it would lie.
 * @throws TransientError, ThrottledError
 */
export async function begun(
  request: PrivacyRequest,
  ports: { readonly requests: Pick<RequestBook, 'save'> },
  now: EpochMs,
): Promise<Begun> {
  const { startedAt } = request;
  if (startedAt !== null) return { ...request, startedAt };
  return { ...(await saved({ ...request, startedAt: now }, ports)), startedAt: now };
}
