import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import type { PlacedRecord } from '../../contracts/sent-again.ts';
import { kinesis } from './clients.ts';
import { translated } from './errors.ts';

/** Empty answers in a row that GetRecords may give between records before the rest counts as gone. */
const EMPTY_ANSWERS_MAX = 20;
const RECORDS_PER_CALL = 1_000;

/** Reads parts of a stream again, by place. */
export function streamReader() {
  return {
    /** Records of a shard from `start` to `end`, both included, oldest first; fewer when some have expired.
     * @throws ThrottledError, TransientError */
    read: async (part: {
      readonly streamName: string;
      readonly shardId: string;
      readonly start: string;
      readonly end: string;
    }): Promise<readonly PlacedRecord[]> => {
      const { ShardIterator } = await translated('kinesis', () =>
        kinesis().send(
          new GetShardIteratorCommand({
            StreamName: part.streamName,
            ShardId: part.shardId,
            ShardIteratorType: 'AT_SEQUENCE_NUMBER',
            StartingSequenceNumber: part.start,
          }),
        ),
      );
      const found: PlacedRecord[] = [];
      const end = BigInt(part.end);
      let iterator = ShardIterator;
      for (let empty = 0; iterator !== undefined && empty < EMPTY_ANSWERS_MAX; ) {
        const current: string = iterator;
        const answer = await translated('kinesis', () =>
          kinesis().send(new GetRecordsCommand({ ShardIterator: current, Limit: RECORDS_PER_CALL })),
        );
        for (const { SequenceNumber = '0', PartitionKey = '', Data = new Uint8Array() } of answer.Records ??
          []) {
          if (BigInt(SequenceNumber) > end) return found;
          found.push({ sequenceNumber: SequenceNumber, partitionKey: PartitionKey, bytes: Data });
          if (BigInt(SequenceNumber) === end) return found;
        }
        empty = answer.Records?.length ? 0 : empty + 1;
        if (empty > 0 && answer.MillisBehindLatest === 0) return found;
        iterator = answer.NextShardIterator;
      }
      return found;
    },
  };
}
