import middy from '@middy/core';
import { asFirstSent, type Place } from '../contracts/sent-again.ts';
import type { flow } from '../flow.ts';
import { unpack } from '../kernel/codec.ts';
import type { EpochMs } from '../kernel/time.ts';
import { emitMetrics, log, whereThrown } from './log.ts';
import { count, takeCounts } from './meter.ts';

/** Functions of the map that a stream triggers. */
export type StreamFunctionId = {
  [Id in keyof typeof flow]: (typeof flow)[Id]['trigger'] extends { kind: 'stream' } ? Id : never;
}[keyof typeof flow];

interface Delivery {
  readonly shardId: string;
  /** Grows within a shard. Decimal text of up to 56 digits: compare as BigInt, never as number. */
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** When the stream took the record. */
  readonly arrivedAt: EpochMs;
}
export interface ReadableRecord extends Delivery {
  readonly values: readonly unknown[];
  /** Where it lay before a function gave up on it and it was sent again; absent when it never was. */
  readonly firstPlace?: Place;
}
/** Poison: bytes that `pack` did not make. */
export interface UnreadableRecord extends Delivery {
  readonly values: null;
  readonly raw: Uint8Array;
}
export type StreamRecord = ReadableRecord | UnreadableRecord;

export interface StepResult {
  /** Sequence numbers of records to be delivered again. */
  readonly failed: readonly string[];
}

/** What Lambda hands over; only the fields that are read. */
export interface StreamEvent {
  readonly Records: readonly {
    /** `<shardId>:<sequenceNumber>` */
    readonly eventID: string;
    readonly kinesis: {
      readonly data: string;
      readonly partitionKey: string;
      readonly sequenceNumber: string;
      /** Seconds, with a fraction. */
      readonly approximateArrivalTimestamp: number;
    };
  }[];
}
export interface StreamResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What the map says of a function's event source. The map itself stays out of the bundle: a hot function carries every
 * kilobyte into its cold start. */
type ReportsItemFailures<Id extends StreamFunctionId> = (typeof flow)[Id]['trigger']['reportItemFailures'];

export interface StreamHandlerOptions<Id extends StreamFunctionId> {
  readonly functionId: Id;
  /** As in the map; anything else does not compile. */
  readonly reportItemFailures: ReportsItemFailures<Id>;
  /** Does the work of one batch. Throwing fails the whole batch. */
  readonly step: (records: readonly StreamRecord[], now: EpochMs) => Promise<StepResult>;
  readonly clock?: () => EpochMs;
}

/** The whole batch is to be delivered again. Names the error and no more: Lambda prints what a handler throws, and
 * messages of foreign errors may quote input (law 10). */
export class BatchFailure extends Error {
  override readonly name = 'BatchFailure';
}

/** Shell around a function that a stream triggers: unpacks records, reports failures the way the function's event
 * source expects, logs errors by name and writes one metric line per invocation.
 *
 * @example
 * export const handler = streamHandler({ functionId: 'archive', reportItemFailures: false, step: archiveStep(ports) });
 * @throws BatchFailure when the step throws, or when it names failed records and the event source cannot tell them
 * apart from the rest of the batch. */
export function streamHandler<Id extends StreamFunctionId>({
  functionId,
  reportItemFailures,
  step,
  clock = Date.now,
}: StreamHandlerOptions<Id>) {
  return middy<StreamEvent, StreamResponse>({
    requestStart: (request) => {
      (request.internal as Record<string, unknown>)[STARTED_AT] = clock();
      takeCounts(); // an invocation that timed out may have left some
    },
    requestEnd: (request) => {
      const now = clock();
      const startedAt = Number((request.internal as Record<string, unknown>)[STARTED_AT]);
      const { Records } = request.event as StreamEvent;
      const iteratorAgeMs = Records[0] === undefined ? 0 : Math.max(0, startedAt - arrivedAt(Records[0]));
      emitMetrics(functionId, { ...takeCounts(), durationMs: now - startedAt, iteratorAgeMs }, now);
    },
  })
    .onError((request) => {
      log.error('batch failed', request.error, {
        records: request.event.Records.length,
        where: whereThrown(request.error),
      });
      // Set, not thrown: middy would attach the original, message and all, to a new error.
      request.error = new BatchFailure(`${functionId}: ${request.error?.name ?? 'unknown error'}`);
    })
    .handler(async (event: StreamEvent): Promise<StreamResponse> => {
      const records = event.Records.map(read);
      count(
        'events',
        records.reduce((sum, record) => sum + (record.values?.length ?? 0), 0),
      );
      const { failed } = await step(records, clock());
      if (failed.length > 0 && !reportItemFailures) throw new BatchFailure(`${failed.length} records failed`);
      return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
    });
}

const STARTED_AT = 'startedAt';

const arrivedAt = (record: StreamEvent['Records'][number]): EpochMs =>
  Math.round(record.kinesis.approximateArrivalTimestamp * 1_000);

function read(record: StreamEvent['Records'][number]): StreamRecord {
  const delivery: Delivery = {
    shardId: record.eventID.slice(0, record.eventID.indexOf(':')),
    sequenceNumber: record.kinesis.sequenceNumber,
    partitionKey: record.kinesis.partitionKey,
    arrivedAt: arrivedAt(record),
  };
  const raw = Buffer.from(record.kinesis.data, 'base64');
  try {
    return { ...delivery, ...asFirstSent(unpack(raw)) };
  } catch {
    return { ...delivery, values: null, raw };
  }
}
