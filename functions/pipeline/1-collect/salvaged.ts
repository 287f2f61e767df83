import * as z from 'zod';
import { sentAgain } from '../../contracts/sent-again.ts';
import { pack, unpack } from '../../kernel/codec.ts';
import { InvariantError } from '../../kernel/invariant.ts';

const text = z.string().min(1).max(256);
const placeSchema = z.strictObject({
  streamName: text,
  shardId: text,
  sequenceNumber: text,
  partitionKey: text,
});
/** Where a salvaged record lay. */
export type SalvagedPlace = z.infer<typeof placeSchema>;

/** A salvaged record as it is to be sent on. */
export interface SentOn {
  readonly streamName: string;
  readonly partitionKey: string;
  readonly bytes: Uint8Array;
}

/**
 * Records of a salvaged object, ready to be sent on. Signals carry their first place, so that those which were applied are
 * told, and not taken for duplicates; rows of evidence are marked, so that the archive looks before it writes. Sending
 * them twice changes nothing. What the function that gave up could not unpack goes as it is.
 * @param frames the object, unzipped
 * @throws InvariantError when it is no salvaged object
 */
export function toSendOn(frames: Uint8Array): readonly SentOn[] {
  const parts = partsOf(Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength));
  const records: SentOn[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const [place, bytes] = [placeIn(parts[at]), parts[at + 1]];
    if (place === null || bytes === undefined) throw new InvariantError('not an object of salvaged records');
    const { streamName, partitionKey } = place;
    records.push({ streamName, partitionKey, bytes: markedBytes(place, bytes) });
  }
  return records;
}

function partsOf(frames: Buffer): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < frames.length; ) {
    const end = at + 4 <= frames.length ? at + 4 + frames.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > frames.length) throw new InvariantError('an object of salvaged records that is cut short');
    parts.push(frames.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

function placeIn(part: Uint8Array | undefined): SalvagedPlace | null {
  try {
    return placeSchema.parse(JSON.parse(new TextDecoder().decode(part)));
  } catch {
    return null;
  }
}

function markedBytes({ shardId, sequenceNumber }: SalvagedPlace, bytes: Uint8Array): Uint8Array {
  let values: readonly unknown[];
  try {
    values = unpack(bytes);
  } catch {
    return bytes;
  }
  return pack(
    values.every(isRow)
      ? values.map((row) => ({ ...row, redelivered: true }))
      : sentAgain({ shardId, sequenceNumber }, values),
  );
}

/** Rows of the lineage stream name the table that they are for; signals and orders of stewards do not. */
const isRow = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && 'table' in value && 'rowId' in value;
