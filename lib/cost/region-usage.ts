import type { FlowFunction } from '../../functions/flow/triggers.ts';
import { flow } from '../../functions/flow.ts';
import type { MeterReading } from '../local/functions/meter.ts';
import type { Usage } from './meter.ts';

/** What the region's clients add to what its functions counted. */
export interface Surroundings {
  /** Requests that collect took, each counted with `httpRequestUnits`. */
  readonly httpRequestUnits: number;
}

/** Partition buckets, and so records that one call may carry (`SIGNAL_BUCKETS`). */
const RECORDS_PER_CALL_MAX = 8;
/** Rounding a record up to whole KB adds half a KB on average. */
const ROUNDING_BYTES = 512;

/**
 * What a region used up, from what its functions counted: AWS calls on the wire, and units in their metric lines.
 *
 * Stream bytes are those sent, plus rounding for as many records as the calls can have carried; each byte is read once,
 * since every stream has one consumer. Time is that of this machine's invocations, at the memory the map gives them.
 */
export function usageOf(reading: MeterReading, surroundings: Surroundings): Usage {
  const sumOf = (metric: string): number =>
    Object.values(reading.metrics).reduce((sum, metrics) => sum + (metrics[metric] ?? 0), 0);
  const streamBytes = sumOf('streamBytes');
  const putCalls = reading.awsCalls.kinesis?.PutRecords ?? 0;
  const kinesisBytesIn = streamBytes + putCalls * RECORDS_PER_CALL_MAX * ROUNDING_BYTES;
  const functions: Readonly<Record<string, FlowFunction>> = flow;
  const lambdaGbSeconds = Object.entries(reading.metrics).reduce((sum, [id, metrics]) => {
    const memoryMb = functions[id]?.memoryMb ?? 0;
    return sum + ((metrics.durationMs ?? 0) / 1_000) * (memoryMb / 1_024);
  }, 0);
  return {
    calls: reading.awsCalls,
    dynamodbWriteUnits: sumOf('writeUnits'),
    dynamodbReadUnits: sumOf('readUnits'),
    kinesisBytesIn,
    kinesisBytesOut: streamBytes,
    httpRequestUnits: surroundings.httpRequestUnits,
    lambdaInvocations: sumOf('invocations'),
    lambdaGbSeconds,
    eventBridgeEvents: sumOf('busEvents'),
  };
}

/** Adds what several regions used. */
export function addUsage(usages: readonly Usage[]): Usage {
  const calls: Record<string, Record<string, number>> = {};
  const sums: Record<string, number> = {};
  for (const usage of usages) {
    for (const [key, value] of Object.entries(usage)) {
      if (typeof value === 'number') sums[key] = (sums[key] ?? 0) + value;
    }
    for (const [service, operations] of Object.entries(usage.calls)) {
      const row = calls[service] ?? {};
      for (const [operation, n] of Object.entries(operations)) row[operation] = (row[operation] ?? 0) + n;
      calls[service] = row;
    }
  }
  return { ...sums, calls };
}
