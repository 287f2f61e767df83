/** Where a record first lay on its stream. */
export interface Place {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** A record as it lies on a stream. */
export interface PlacedRecord {
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly bytes: Uint8Array;
}

/** What a record holds that is sent again after a function gave up on it: the one value around those of the record. */
interface SentAgain {
  readonly firstPlace: Place;
  readonly values: readonly unknown[];
}

const isSentAgain = (value: unknown): value is SentAgain =>
  typeof value === 'object' && value !== null && 'firstPlace' in value && 'values' in value;

/**
 * Values of a record that is sent again, with its first place: whoever applied them then, and died before telling, knows them
 * by that place and tells them now (law 7), where another place would make them a client's duplicates. One that is sent
 * again once more keeps its first place.
 */
export const sentAgain = (place: Place, values: readonly unknown[]): readonly unknown[] =>
  values.length === 1 && isSentAgain(values[0]) ? values : [{ firstPlace: place, values }];

/** The values of a record, and its first place when that is not where it lies now. */
export function asFirstSent(values: readonly unknown[]): {
  readonly values: readonly unknown[];
  readonly firstPlace?: Place;
} {
  const [only, ...others] = values;
  return others.length === 0 && isSentAgain(only)
    ? { values: only.values, firstPlace: only.firstPlace }
    : { values };
}
