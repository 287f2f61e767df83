import type { AwsJsonClient } from '../aws-request.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { GivenUp, RetryPolicy } from './shard-consumer.ts';
import type { Invoke } from './source.ts';

/** A Kinesis event source mapping, as the template states it. */
export interface KinesisMapping {
  readonly name: string;
  readonly streamName: string;
  readonly streamArn: string;
  readonly region: string;
  readonly functionArn: string;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly parallelizationFactor: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  readonly policy: RetryPolicy;
}

export interface KinesisSourcePorts {
  readonly kinesis: AwsJsonClient;
  readonly checkpoints: Checkpoints;
  readonly invoke: Invoke;
  /** Sends the message about records that were given up; absent: they are dropped, as on AWS. */
  readonly onFailure?: ((message: object) => Promise<void>) | undefined;
  readonly pollMs: number;
  onFault(cause: unknown): void;
}

/** What Lambda sends to an on-failure destination about records of a Kinesis stream: where they are, not the records.
 * Source: AWS Lambda Developer Guide, "Retain discarded batch records for a Kinesis Data Streams event source". */
export function failureMessage(
  mapping: KinesisMapping,
  shardId: string,
  givenUp: GivenUp,
  now: number,
): object {
  const first = givenUp.records[0];
  const last = givenUp.records.at(-1);
  return {
    requestContext: {
      requestId: crypto.randomUUID(),
      functionArn: mapping.functionArn,
      condition: givenUp.reason,
      approximateInvokeCount: givenUp.invocations,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    KinesisBatchInfo: {
      shardId,
      startSequenceNumber: first?.sequenceNumber,
      endSequenceNumber: last?.sequenceNumber,
      approximateArrivalOfFirstRecord: new Date(first?.arrivedAt ?? now).toISOString(),
      approximateArrivalOfLastRecord: new Date(last?.arrivedAt ?? now).toISOString(),
      batchSize: givenUp.records.length,
      streamArn: mapping.streamArn,
    },
  };
}
