import * as z from 'zod';
import type { PlacedRecord } from '../../contracts/sent-again.ts';
import { InvariantError } from '../../kernel/invariant.ts';
import type { SalvagedPlace } from './salvaged.ts';

/** The part of a stream that a function gave up on. */
export interface GivenUp {
  readonly streamName: string;
  readonly shardId: string;
  /** Sequence numbers of the first and the last record, both included. */
  readonly start: string;
  readonly end: string;
  readonly records: number;
}

/** What Lambda sends to an on-failure destination for a Kinesis event source ("Configuring destinations for failed
 * invocations", Lambda developer guide): where the records are, not the records. */
const notice = z.object({
  KinesisBatchInfo: z.object({
    shardId: z.string().regex(/^[\w-]{1,128}$/),
    startSequenceNumber: z.string().regex(/^\d{1,128}$/),
    endSequenceNumber: z.string().regex(/^\d{1,128}$/),
    batchSize: z.int().nonnegative(),
    streamArn: z.string().regex(/:stream\/[\w.-]{1,128}$/),
  }),
});

/** Reads a notice from the queue. @throws InvariantError when it isn't one */
export function readNotice(body: string): GivenUp {
  const parsed = notice.safeParse(JSON.parse(body));
  if (!parsed.success) throw new InvariantError('not a notice of failed stream records');
  const { shardId, startSequenceNumber, endSequenceNumber, batchSize, streamArn } =
    parsed.data.KinesisBatchInfo;
  return {
    streamName: streamArn.slice(streamArn.lastIndexOf('/') + 1),
    shardId,
    start: startSequenceNumber,
    end: endSequenceNumber,
    records: batchSize,
  };
}

export interface SalvagePorts {
  readonly stream: {
    /** Raw records from `start` to `end`, oldest first; fewer when the stream has forgotten some.
     * @throws ThrottledError, TransientError */
    read(part: GivenUp): Promise<readonly PlacedRecord[]>;
  };
  readonly store: {
    /** Stores bytes once: an object that is there already stays as it is. @throws ThrottledError, TransientError */
    putOnce(key: string, bytes: Uint8Array): Promise<void>;
  };
}

/**
 * Moves a given-up part of a stream into the quarantine bucket, under a name that its place in the stream decides, so
 * that a second delivery of the notice adds nothing. The object is gzip over frames: see {@link framed}.
 * @returns how many of how many records were still there
 * @throws ThrottledError, TransientError, InvariantError
 */
export async function salvage(
  part: GivenUp,
  ports: SalvagePorts,
): Promise<{ readonly saved: number; readonly lost: number }> {
  const records = await ports.stream.read(part);
  const key = `v1/unprocessed/${part.streamName}/${part.shardId}/${part.start}-${part.end}.bin.gz`;
  if (records.length > 0) await ports.store.putOnce(key, framed(part, records));
  return { saved: records.length, lost: Math.max(0, part.records - records.length) };
}

const sizeOf = (bytes: Uint8Array): Uint8Array => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return size;
};

/** Each record in two frames, each after its size in four bytes, big-endian: where it lay, as JSON, and then the record as it
 * was on the stream (packed signals or rows, tokens only). */
function framed({ streamName, shardId }: GivenUp, records: readonly PlacedRecord[]): Uint8Array {
  const frames = records.flatMap(({ sequenceNumber, partitionKey, bytes }) => [
    Buffer.from(
      JSON.stringify({ streamName, shardId, sequenceNumber, partitionKey } satisfies SalvagedPlace),
    ),
    bytes,
  ]);
  return Buffer.concat(frames.flatMap((frame) => [sizeOf(frame), frame]));
}
