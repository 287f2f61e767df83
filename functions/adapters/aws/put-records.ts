import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { pack } from '../../kernel/codec.ts';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
import { count } from '../../runtime/meter.ts';
import { kinesisOneAttempt } from './clients.ts';

export interface OutgoingRecord {
  readonly partitionKey: string;
  readonly bytes: Uint8Array;
  /** What to send instead of `bytes` once an earlier attempt may have arrived (its answer was lost, say). */
  readonly again?: () => Uint8Array;
}

/** Limits of one PutRecords call, from the Kinesis API reference: 500 records, 10 MiB with partition keys. */
export const RECORDS_PER_CALL_MAX = 500;
export const BYTES_PER_CALL_MAX = 10 * 1024 * 1024;
/** Target for a packed record: well under the 1 MiB that a record may hold and that a shard takes in a second. */
export const PACKED_BYTES_MAX = 700 * 1024;
/** Keeps a record of very repetitive values from unpacking to more than a reader accepts. */
const VALUES_PER_RECORD_MAX = 10_000;
const ATTEMPTS_MAX = 6;
const FIRST_DELAY_MS = 40;

/** Puts records on a stream, in as few calls as the limits allow. Records that the stream refused are tried again,
 * and they alone; a record may still arrive twice, when an answer gets lost. Order between records is not kept.
 * @throws ThrottledError when the stream still asks to slow down after all attempts; some records may be on it.
 * @throws TransientError when it cannot be reached or keeps failing; some records may be on it. */
export async function putRecords(options: {
  streamName: string;
  records: readonly OutgoingRecord[];
}): Promise<void> {
  for (const call of calls(options.records)) await putCall(options.streamName, call);
}

/** Packs values that share a partition key into as few records as the size of a record allows.
 * @param rewriteForRetry how a value reads when its record is sent again and may already have arrived. */
export function packedRecords<T>(
  partitionKey: string,
  values: readonly T[],
  rewriteForRetry?: (value: T) => T,
): OutgoingRecord[] {
  if (values.length === 0) return [];
  const bytes = values.length > VALUES_PER_RECORD_MAX ? undefined : pack(values);
  if (bytes === undefined || (bytes.length > PACKED_BYTES_MAX && values.length > 1)) {
    const middle = values.length >> 1;
    return [values.slice(0, middle), values.slice(middle)].flatMap((half) =>
      packedRecords(partitionKey, half, rewriteForRetry),
    );
  }
  if (rewriteForRetry === undefined) return [{ partitionKey, bytes }];
  return [{ partitionKey, bytes, again: () => pack(values.map(rewriteForRetry)) }];
}

const sizeOf = (record: OutgoingRecord): number =>
  record.bytes.length + Buffer.byteLength(record.partitionKey);

function* calls(records: readonly OutgoingRecord[]): Generator<readonly OutgoingRecord[]> {
  let call: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = sizeOf(record);
    if (call.length === RECORDS_PER_CALL_MAX || (call.length > 0 && bytes + size > BYTES_PER_CALL_MAX)) {
      yield call;
      call = [];
      bytes = 0;
    }
    call.push(record);
    bytes += size;
  }
  if (call.length > 0) yield call;
}

async function putCall(streamName: string, call: readonly OutgoingRecord[]): Promise<void> {
  let waiting = call;
  for (let attempt = 1; ; attempt += 1) {
    const { fates, cause } = await send(streamName, waiting);
    const left = waiting.flatMap((record, at) => {
      const fate = fates[at] ?? 'unknown';
      return fate === 'taken' ? [] : [{ record, fate }];
    });
    count('streamBytes', sum(waiting) - sum(left.map(({ record }) => record)));
    if (left.length === 0) return;
    if (attempt === ATTEMPTS_MAX) {
      const message = `stream did not take ${left.length} of ${call.length} records`;
      throw left.some(({ fate }) => fate === 'refused')
        ? new ThrottledError(message)
        : new TransientError(message, { cause });
    }
    count('retries');
    await pause(attempt);
    waiting = left.map(({ record, fate }) => (fate === 'refused' ? record : rewritten(record)));
  }
}

const rewritten = ({ again, ...record }: OutgoingRecord): OutgoingRecord =>
  again === undefined ? record : { ...record, bytes: again() };

const sum = (records: readonly OutgoingRecord[]): number =>
  records.reduce((bytes, record) => bytes + sizeOf(record), 0);

/** Full jitter: a random share of a delay that doubles (Brooker, "Exponential Backoff and Jitter", AWS 2015). */
const pause = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.random() * FIRST_DELAY_MS * 2 ** attempt));

/** `refused` is certain: the stream was asked to take more than it can. Of an `unknown` record it is not known whether
 * it was taken. */
type Fate = 'taken' | 'refused' | 'unknown';

/** One attempt, without the SDK's own retries: those would send the same bytes again after a lost answer. */
async function send(
  streamName: string,
  records: readonly OutgoingRecord[],
): Promise<{ readonly fates: readonly Fate[]; readonly cause?: unknown }> {
  try {
    const { Records = [] } = await kinesisOneAttempt().send(
      new PutRecordsCommand({
        StreamName: streamName,
        Records: records.map(({ partitionKey, bytes }) => ({ PartitionKey: partitionKey, Data: bytes })),
      }),
    );
    return {
      fates: Records.map((result) =>
        result.SequenceNumber === undefined ? fateOf(result.ErrorCode) : 'taken',
      ),
    };
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : undefined;
    if (name !== undefined && HOPELESS.has(name)) throw new TransientError(`stream: ${name}`, { cause });
    return { fates: records.map(() => fateOf(name)), cause };
  }
}

const fateOf = (errorCode: string | undefined): Fate =>
  errorCode !== undefined &&
  /ProvisionedThroughputExceeded|Throttl|LimitExceeded|TooManyRequests/.test(errorCode)
    ? 'refused'
    : 'unknown';

/** Answers that another attempt in the same invocation cannot change. Redelivery still may: a grant gets repaired. */
const HOPELESS: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ResourceNotFoundException',
  'InvalidArgumentException',
  'ValidationException',
  'CredentialsProviderError',
]);
