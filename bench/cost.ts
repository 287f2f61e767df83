import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flow } from '../functions/flow.ts';
import { type Cost, costUsdPerMillion, fixedUsdPerMonth, type Usage } from '../lib/cost/meter.ts';
import { synthesize } from '../lib/local/synthesize.ts';
import { type CollectRun, collectRun } from './collect-cpu.ts';
import type { Figure } from './figures.ts';
import { BATCH, EVERY_THIRD_DAY, type Stored, storedBatches } from './stored-batches.ts';
import { median } from './timing.ts';

/** What this machine cannot measure: how long a function waits for one AWS call, which Lambda bills too. Calls are
 * reckoned as if none overlapped. */
const WAIT_MS_PER_CALL = 10;
/** hyparquet-writer with Snappy writes 81,000 to 113,000 rows a second on one core. */
const ARCHIVE_MICROS_PER_ROW = 12;
/** The archive's requests depend on time, not on events: an object per shard, table and event class in a window. */
const ARCHIVE = { eventsPerSecond: 1_000, windowSeconds: 300, objectsPerWindow: 4 * 2 * 6 };

const HELD = new Map([
  [1, { most: 0.85 }],
  [10, { most: 0.25 }],
]);

/** US dollars per million events by service, and what a jurisdiction costs when idle. */
export async function cost(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const perSubject of [1, 10, 20]) {
    const stored = await storedBatches({
      jurisdiction: 'eu',
      consent: true,
      known: 1,
      perSubject,
      perRequest: 100,
      everyMinutes: EVERY_THIRD_DAY,
    });
    for (const perRequest of [20, 100]) {
      const { usage, events } = usageOf(await collectRun(perRequest, perSubject), stored);
      const target = HELD.get(perSubject);
      const spent = costUsdPerMillion(usage, events);
      figures.push({
        name: `c = ${perSubject}, ${perRequest} events a request`,
        value: spent.total,
        unit: '$ per million',
        ...(target === undefined ? {} : { target }),
        note: byService(spent),
      });
    }
  }
  return [...figures, await fixed()];
}

const byService = (spent: Cost): string =>
  Object.entries(spent.byService)
    .filter(([, usd]) => usd >= 0.0005)
    .sort(([, a], [, b]) => b - a)
    .map(([service, usd]) => `${service} ${usd.toFixed(3)}`)
    .join(', ');

/** What as many events as the stored batches held used up on their whole way. */
function usageOf(collected: CollectRun, stored: Stored): { usage: Usage; events: number } {
  const { events, metrics, told } = stored;
  const requests = events / collected.perRequest;
  const understandCalls =
    Object.values(stored.calls.dynamodb ?? {}).reduce((sum, n) => sum + n, 0) + stored.invocations;
  const gbSeconds = (id: 'collect' | 'understand' | 'archive', cpuMicros: number, calls: number): number =>
    (cpuMicros / 1e6 + (calls * WAIT_MS_PER_CALL) / 1e3) * (flow[id].memoryMb / 1_024);
  const archiveObjects =
    (ARCHIVE.objectsPerWindow * events) / (ARCHIVE.eventsPerSecond * ARCHIVE.windowSeconds);
  return {
    events,
    usage: {
      calls: { ...stored.calls, s3: { PutObject: archiveObjects } },
      dynamodbWriteUnits: metrics.writeUnits ?? 0,
      dynamodbReadUnits: metrics.readUnits ?? 0,
      kinesisBytesIn: requests * collected.streamBytesBilled + told.lineageBytesBilled,
      kinesisBytesOut: requests * collected.streamBytes + told.lineageBytes,
      httpRequestUnits: requests,
      lambdaInvocations: requests + stored.invocations,
      lambdaGbSeconds:
        gbSeconds('collect', median(collected.cpuMicrosPerEvent) * events, requests) +
        gbSeconds('understand', (median(stored.cpuMicros) / BATCH) * events, understandCalls) +
        gbSeconds('archive', told.rows * ARCHIVE_MICROS_PER_ROW, archiveObjects),
      eventBridgeEvents: told.events,
      logBytes: requests * collected.logBytes + stored.logBytes,
    },
  };
}

/** What stands in one jurisdiction, counted in its template. */
async function fixed(): Promise<Figure> {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
  try {
    const [stack] = await synthesize({ jurisdictions: ['eu'], directory });
    const countOf = (type: string): number =>
      Object.values(stack?.template.Resources ?? {}).filter((resource) => resource.Type === type).length;
    const standing = {
      streams: countOf('AWS::Kinesis::Stream'),
      kmsKeys: countOf('AWS::KMS::Key'),
      alarmMetrics: alarmMetrics(stack?.template.Resources ?? {}),
    };
    const spent = fixedUsdPerMonth(standing);
    return {
      name: 'one jurisdiction before its first event',
      value: spent.total,
      unit: '$ a month',
      note: `${standing.streams} on-demand streams, ${standing.kmsKeys} keys, alarms over ${standing.alarmMetrics} metrics: ${byService(spent)}`,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Metrics that the template's alarms look at, those inside an expression counted one by one. */
function alarmMetrics(
  resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>,
): number {
  return Object.values(resources)
    .filter((resource) => resource.Type === 'AWS::CloudWatch::Alarm')
    .map((alarm) => (alarm.Properties as { Metrics?: readonly { MetricStat?: unknown }[] }).Metrics)
    .reduce(
      (sum, metrics) => sum + (metrics?.filter((metric) => metric.MetricStat !== undefined).length ?? 1),
      0,
    );
}
