import { createHash } from 'node:crypto';
import { AwsRequestError } from '../aws-request.ts';
import { failureMessage, type KinesisMapping, type KinesisSourcePorts } from './kinesis-mapping.ts';
import { Lane } from './lane.ts';
import type { StreamRecord } from './shard-consumer.ts';
import type { Pauses } from './source.ts';

interface KinesisRecord {
  readonly SequenceNumber: string;
  readonly PartitionKey: string;
  readonly Data: string;
  readonly ApproximateArrivalTimestamp: number;
}
interface GetRecordsAnswer {
  readonly Records: readonly KinesisRecord[];
  readonly NextShardIterator?: string;
  readonly MillisBehindLatest?: number;
}

/** Pause after a failed call, ms. */
const FAULT_PAUSE_MS = 500;

/** Follows one shard: polls it, hands records to lanes by partition key, and keeps the shard's checkpoint at the last
 * record before which everything is done. */
export class ShardReader {
  readonly #mapping: KinesisMapping;
  readonly #shardId: string;
  readonly #ports: KinesisSourcePorts;
  readonly #pauses: Pauses;
  readonly #lanes: readonly Lane[];
  readonly #running: Promise<unknown>;
  /** Records handed to lanes and not yet done, oldest first. */
  readonly #open: { readonly sequenceNumber: string; done: boolean }[] = [];
  readonly #openBySequence = new Map<string, { done: boolean }>();
  #lastTaken: string | undefined;
  #stopped = false;
  #emptySince = Number.NEGATIVE_INFINITY;

  constructor(mapping: KinesisMapping, shardId: string, ports: KinesisSourcePorts, pauses: Pauses) {
    this.#mapping = mapping;
    this.#shardId = shardId;
    this.#ports = ports;
    this.#pauses = pauses;
    this.#lanes = Array.from(
      { length: mapping.parallelizationFactor },
      () =>
        new Lane(mapping.batchSize, mapping.windowMs, mapping.policy, {
          invoke: (records) => this.#invoke(records),
          giveUp: (givenUp) => this.#giveUp(givenUp),
          finished: (records) => this.#finish(records),
          now: Date.now,
          pause: (ms) => pauses.pause(ms),
          stopped: () => this.#stopped,
          onFault: ports.onFault,
        }),
    );
    this.#running = this.#follow();
  }

  isDrained(since: number): boolean {
    return this.#emptySince >= since && this.#open.length === 0;
  }

  closeWindow(): void {
    for (const lane of this.#lanes) lane.closeWindow();
  }

  /** Stops reading and waits for the loops, not for invocations. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const lane of this.#lanes) lane.closeWindow();
    await this.#running;
  }

  async #follow(): Promise<void> {
    let iterator: string | undefined;
    while (!this.#stopped) {
      if (this.#isFull()) {
        await this.#pauses.pause(20);
        continue;
      }
      const began = performance.now();
      try {
        iterator ??= await this.#iterator();
        const answer: GetRecordsAnswer = await this.#ports.kinesis.call('GetRecords', {
          ShardIterator: iterator,
          Limit: 1_000,
        });
        iterator = answer.NextShardIterator;
        this.#take(answer.Records);
        if (answer.Records.length > 0) continue;
        this.#emptySince = began;
      } catch (cause) {
        if (this.#stopped) return;
        // Expired or otherwise unusable iterators are replaced; what was handed out is not read again.
        iterator = undefined;
        if (!(cause instanceof AwsRequestError && cause.code === 'ExpiredIteratorException')) {
          this.#ports.onFault(cause);
          await this.#pauses.pause(FAULT_PAUSE_MS);
        }
      }
      await this.#pauses.pause(Math.max(0, this.#ports.pollMs - (performance.now() - began)));
    }
  }

  async #iterator(): Promise<string> {
    const after = this.#lastTaken ?? this.#ports.checkpoints.get(this.#shardId);
    const position =
      after === undefined
        ? { ShardIteratorType: this.#mapping.startingPosition }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: after };
    const answer = await this.#ports.kinesis.call<{ ShardIterator: string }>('GetShardIterator', {
      StreamName: this.#mapping.streamName,
      ShardId: this.#shardId,
      ...position,
    });
    return answer.ShardIterator;
  }

  #isFull(): boolean {
    return this.#lanes.some((lane) => lane.isFull());
  }

  #take(records: readonly KinesisRecord[]): void {
    for (const { SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp } of records) {
      const record: StreamRecord = {
        sequenceNumber: SequenceNumber,
        partitionKey: PartitionKey,
        data: Data,
        arrivedAt: ApproximateArrivalTimestamp * 1_000,
      };
      const entry = { sequenceNumber: SequenceNumber, done: false };
      this.#open.push(entry);
      this.#openBySequence.set(SequenceNumber, entry);
      this.#lastTaken = SequenceNumber;
      this.#lanes[laneOf(PartitionKey, this.#lanes.length)]?.add(record);
    }
  }

  #finish(records: readonly StreamRecord[]): void {
    for (const { sequenceNumber } of records) {
      const entry = this.#openBySequence.get(sequenceNumber);
      if (entry !== undefined) entry.done = true;
    }
    let last: string | undefined;
    let count = 0;
    for (const entry of this.#open) {
      if (!entry.done) break;
      last = entry.sequenceNumber;
      this.#openBySequence.delete(entry.sequenceNumber);
      count += 1;
    }
    this.#open.splice(0, count);
    if (last !== undefined) this.#ports.checkpoints.set(this.#shardId, last);
  }

  async #invoke(records: readonly StreamRecord[]) {
    const { region, streamArn, functionArn } = this.#mapping;
    const Records = records.map((record) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: record.partitionKey,
        sequenceNumber: record.sequenceNumber,
        data: record.data,
        approximateArrivalTimestamp: record.arrivedAt / 1_000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${this.#shardId}:${record.sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: functionArn,
      awsRegion: region,
      eventSourceARN: streamArn,
    }));
    return this.#ports.invoke({ Records });
  }

  async #giveUp(givenUp: Parameters<typeof failureMessage>[2]): Promise<void> {
    await this.#ports.onFailure?.(failureMessage(this.#mapping, this.#shardId, givenUp, Date.now()));
  }
}

/** Which of a shard's concurrent batches takes a partition key: always the same, so that order per key is kept. */
export const laneOf = (partitionKey: string, lanes: number): number =>
  lanes === 1 ? 0 : createHash('md5').update(partitionKey).digest().readUInt32BE(12) % lanes;
