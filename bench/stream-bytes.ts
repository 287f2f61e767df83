import { billedStreamBytes } from '../lib/cost/meter.ts';

/** Bytes that a stream bills for a packed record: with its partition key, in whole KB. */
export const billed = (recordBytes: number): number => billedStreamBytes(recordBytes + 'b00'.length);
