import { ThrottledError } from '../../kernel/invariant.ts';
import { count } from '../../runtime/meter.ts';
import { translated } from './errors.ts';

const CALLS_AT_ONCE_MAX = 4;
const ATTEMPTS_MAX = 6;
const FIRST_DELAY_MS = 40;

/** Codes of single statements in a batch that mean "slow down". */
export const THROTTLING = /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded/;

export const chunks = <T>(values: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, at) =>
    values.slice(at * size, (at + 1) * size),
  );

/** Runs calls a few at a time, starting the next as soon as one ends. */
export async function inTurns<T>(work: readonly T[], call: (part: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let part = work[next++]; part !== undefined; part = work[next++]) await call(part);
  };
  await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE_MAX, work.length) }, lane));
}

/** Repeats a batch call with what it left unprocessed.
 * @param service for the error's text
 * @throws ThrottledError when something is left after all attempts */
export async function untilDone<T>(
  service: string,
  requests: T[],
  call: (requests: T[]) => Promise<T[]>,
): Promise<void> {
  let waiting = requests;
  for (let attempt = 1; ; attempt += 1) {
    waiting = await translated(service, () => call(waiting));
    if (waiting.length === 0) return;
    if (attempt === ATTEMPTS_MAX)
      throw new ThrottledError(`${service} left ${waiting.length} requests unprocessed`);
    count('retries');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * FIRST_DELAY_MS * 2 ** attempt));
  }
}

/** Sum of the capacity units that DynamoDB says a call used. */
export const unitsOf = (
  consumed: readonly { readonly CapacityUnits?: number | undefined }[] | undefined,
): number => (consumed ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
