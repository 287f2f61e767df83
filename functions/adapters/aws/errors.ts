import { ThrottledError, TransientError } from '../../kernel/invariant.ts';

const THROTTLING = /Throttl|ProvisionedThroughputExceeded|LimitExceeded|TooManyRequests|SlowDown/;

/** Runs a call to AWS and tells its failures as ours: an error that asks to slow down, or one that may pass. The
 * original goes along as the cause, for its name; its message may quote the request and is never shown.
 * @throws ThrottledError, TransientError */
export async function translated<T>(service: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw translate(service, cause);
  }
}

/** See {@link translated}. */
export function translate(service: string, cause: unknown): ThrottledError | TransientError {
  if (cause instanceof ThrottledError || cause instanceof TransientError) return cause;
  const name = cause instanceof Error ? cause.name : 'unknown';
  return THROTTLING.test(name)
    ? new ThrottledError(`${service} asks to slow down`)
    : new TransientError(`${service}: ${name}`, { cause });
}
