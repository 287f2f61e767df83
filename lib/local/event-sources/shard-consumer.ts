/** What happens to a batch of stream records after each invocation: the retry, bisect and give-up rules of Lambda's
 * stream event sources, as pure functions.
 * Source: AWS Lambda Developer Guide, "Configuring partial batch response with Kinesis Data Streams and Lambda" and
 * "Retain discarded batch records for a Kinesis Data Streams event source". */

export interface StreamRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** Base64. */
  readonly data: string;
  readonly arrivedAt: number;
}

export interface RetryPolicy {
  readonly bisectOnError: boolean;
  /** Whether the function's `batchItemFailures` are read. */
  readonly reportFailures: boolean;
  /** Retries after the first attempt; -1: until the records are too old. */
  readonly retryAttemptsMax: number;
  /** -1: no limit. */
  readonly recordAgeMsMax: number;
}

/** Consecutive records that are invoked together. */
export interface Segment {
  readonly records: readonly StreamRecord[];
  /** Failed attempts that count against the policy. */
  readonly failures: number;
}

/** How an invocation ended, as far as the stream is concerned. */
export type Outcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'failed' }
  /** The function named these sequence numbers. */
  | { readonly kind: 'partly-failed'; readonly sequenceNumbers: readonly string[] };

export type GiveUpReason = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface GivenUp {
  readonly records: readonly StreamRecord[];
  readonly reason: GiveUpReason;
  readonly invocations: number;
}

export interface Next {
  /** Records finished with: applied. */
  readonly applied: readonly StreamRecord[];
  /** What to invoke next, in order. */
  readonly segments: readonly Segment[];
  readonly givenUp?: GivenUp;
}

/** Reads a function's response. An unknown shape or sequence number fails the whole batch, as in Lambda. */
export function outcomeOf(response: unknown, segment: Segment, policy: RetryPolicy): Outcome {
  if (!policy.reportFailures || response === null || response === undefined) return { kind: 'applied' };
  if (typeof response !== 'object') return { kind: 'failed' };
  const failures = (response as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return { kind: 'applied' };
  if (!Array.isArray(failures)) return { kind: 'failed' };
  if (failures.length === 0) return { kind: 'applied' };
  const known = new Set(segment.records.map((record) => record.sequenceNumber));
  const sequenceNumbers: string[] = [];
  for (const failure of failures) {
    const id: unknown = (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof id !== 'string' || !known.has(id)) return { kind: 'failed' };
    sequenceNumbers.push(id);
  }
  return { kind: 'partly-failed', sequenceNumbers };
}

/** What to do after `segment` was invoked with this outcome. With partial failures all records before the lowest
 * failed one are done and the rest is tried again; a split does not count against the retries. */
export function afterInvocation(segment: Segment, outcome: Outcome, policy: RetryPolicy): Next {
  if (outcome.kind === 'applied') return { applied: segment.records, segments: [] };
  const resumeAt = outcome.kind === 'failed' ? 0 : lowestFailed(segment, outcome.sequenceNumbers);
  if (resumeAt > 0) {
    return {
      applied: segment.records.slice(0, resumeAt),
      segments: [{ records: segment.records.slice(resumeAt), failures: 0 }],
    };
  }
  if (policy.bisectOnError && segment.records.length > 1) {
    const middle = Math.ceil(segment.records.length / 2);
    const halves = [segment.records.slice(0, middle), segment.records.slice(middle)];
    return { applied: [], segments: halves.map((records) => ({ records, failures: segment.failures })) };
  }
  const failures = segment.failures + 1;
  if (policy.retryAttemptsMax >= 0 && failures > policy.retryAttemptsMax) {
    return {
      applied: [],
      segments: [],
      givenUp: { records: segment.records, reason: 'RetryAttemptsExhausted', invocations: failures },
    };
  }
  return { applied: [], segments: [{ records: segment.records, failures }] };
}

const lowestFailed = (segment: Segment, sequenceNumbers: readonly string[]): number => {
  const failed = new Set(sequenceNumbers);
  return segment.records.findIndex((record) => failed.has(record.sequenceNumber));
};

/** Takes the records off the front that are older than the policy allows. */
export function dropAged(
  segment: Segment,
  policy: RetryPolicy,
  now: number,
): { readonly segment: Segment; readonly givenUp?: GivenUp } {
  if (policy.recordAgeMsMax < 0) return { segment };
  const young = segment.records.findIndex((record) => now - record.arrivedAt <= policy.recordAgeMsMax);
  const cut = young < 0 ? segment.records.length : young;
  if (cut === 0) return { segment };
  return {
    segment: { records: segment.records.slice(cut), failures: segment.failures },
    givenUp: {
      records: segment.records.slice(0, cut),
      reason: 'RecordAgeExceeded',
      invocations: segment.failures,
    },
  };
}

/** Pause before trying again, ms: doubles from 100 ms to 10 s. */
export const backoffMs = (failures: number): number => Math.min(100 * 2 ** Math.max(0, failures - 1), 10_000);

/** What a batch's surroundings do for it. */
export interface BatchPorts {
  invoke(
    records: readonly StreamRecord[],
  ): Promise<{ readonly ok: true; readonly response: unknown } | { readonly ok: false }>;
  giveUp(givenUp: GivenUp): Promise<void>;
  now(): number;
  /** Resolves early when the source stops. */
  pause(ms: number): Promise<void>;
  stopped(): boolean;
}

/** Carries one batch to its end: every record is applied or given up, in order.
 * @returns whether it came to its end; false when the source was stopped first. */
export async function consumeBatch(
  records: readonly StreamRecord[],
  policy: RetryPolicy,
  ports: BatchPorts,
): Promise<boolean> {
  const open: Segment[] = [{ records, failures: 0 }];
  while (open.length > 0) {
    if (ports.stopped()) return false;
    const first = open.shift();
    if (first === undefined) break;
    const { segment, givenUp } = dropAged(first, policy, ports.now());
    if (givenUp !== undefined) await ports.giveUp(givenUp);
    if (segment.records.length === 0) continue;
    const answer = await ports.invoke(segment.records);
    const outcome: Outcome = answer.ok ? outcomeOf(answer.response, segment, policy) : { kind: 'failed' };
    const next = afterInvocation(segment, outcome, policy);
    if (next.givenUp !== undefined) await ports.giveUp(next.givenUp);
    open.unshift(...next.segments);
    const again = next.segments[0];
    if (again !== undefined) await ports.pause(backoffMs(again.failures));
  }
  return true;
}

/** Length of a record in the JSON event, bytes: its base64 and about 400 bytes around it. */
export const eventBytes = (record: StreamRecord): number => record.data.length + 400;

/** Lambda's limit on a synchronous invocation's payload. */
export const PAYLOAD_BYTES_MAX = 6 * 1024 * 1024;

/** How many records from the front of `buffered` make one batch. */
export function batchLength(buffered: readonly StreamRecord[], batchSize: number): number {
  let bytes = 0;
  let length = 0;
  for (const record of buffered) {
    bytes += eventBytes(record);
    if (length > 0 && bytes > PAYLOAD_BYTES_MAX) break;
    length += 1;
    if (length === batchSize) break;
  }
  return length;
}
