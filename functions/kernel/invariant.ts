/** A fault that may pass: the caller retries (5xx with a receipt over HTTP, redelivery on a stream). */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** Seconds after which a retry makes sense. */
  readonly retryAfterSeconds: number;
  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1;
  }
}

/** The far side asked us to slow down: 429 with `Retry-After` over HTTP. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError';
  readonly retryAfterSeconds: number;
  constructor(message: string, retryAfterSeconds = 1) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A bug in this code: something that cannot be has happened. Never carries personal data. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Asserts what must hold whatever the input is.
 * @throws InvariantError with `message` (which must hold no personal data). */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The `default` branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable case: ${typeof value}`);
}
