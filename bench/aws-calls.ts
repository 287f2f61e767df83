import type { CallCounts } from '../lib/cost/meter.ts';
import { countAwsCalls } from '../lib/local/functions/aws-calls.ts';

/** Counts the calls that this process makes to an endpoint from now on, by operation. */
export function countCallsTo(service: string, url: string): () => CallCounts {
  const take = countAwsCalls({ [new URL(url).port]: service });
  return () => {
    const operations: Record<string, number> = {};
    for (const [name, n] of Object.entries(take().calls)) operations[name.slice(service.length + 1)] = n;
    return { [service]: operations };
  };
}
