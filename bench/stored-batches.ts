import { alertStore } from '../functions/adapters/aws/alert-store.ts';
import { dueCues } from '../functions/adapters/aws/due-cues.ts';
import { outcomeRecords } from '../functions/adapters/aws/outcome-records.ts';
import { profileStore } from '../functions/adapters/aws/profile-store.ts';
import { MemoryProfileStore } from '../functions/adapters/memory/profile-store.ts';
import { type Count, takeCounts } from '../functions/runtime/meter.ts';
import type { CallCounts } from '../lib/cost/meter.ts';
import { countCallsTo } from './aws-calls.ts';
import { requests, streamEventOf } from './customers.ts';
import { freshTables } from './tables.ts';
import { withoutLogs } from './timing.ts';
import { liveThrough, rig, type Told } from './understand-rig.ts';

export const BATCH = 1_000;
const WARM_UPS = 3;
const RUNS = 7;

export interface StoredRun {
  readonly jurisdiction: string;
  readonly consent: boolean;
  readonly known: number;
  readonly perSubject: number;
  readonly perRequest: number;
}

export interface Stored extends StoredRun {
  readonly events: number;
  readonly cpuMicros: readonly number[];
  readonly counts: Readonly<Partial<Record<Count, number>>>;
  readonly calls: CallCounts;
  readonly told: Told;
  readonly logBytes: number;
  readonly streamRecords: number;
}

const results = new Map<string, Promise<Stored>>();

/** Runs batches of 1,000 new events through `understand` over real tables in DynamoDB Local. The customers go on living:
 * each batch meets what the ones before it left. The same run is done once, however often it is asked for. */
export function storedBatches(run: StoredRun): Promise<Stored> {
  const name = JSON.stringify(run);
  const result = results.get(name) ?? measure(run);
  results.set(name, result);
  return result;
}

async function measure(run: StoredRun): Promise<Stored> {
  const { jurisdiction, consent, known, perSubject, perRequest } = run;
  const series = `${jurisdiction}-${consent}-${known}-${perSubject}-${perRequest}`.replaceAll('.', '');
  await freshTables(series);
  const profiles = profileStore();
  const ports = {
    records: outcomeRecords(),
    quarantine: { putOnce: async () => undefined },
    alerts: alertStore(),
    dueCues: dueCues(),
    events: { publish: async () => undefined },
  };
  await withoutLogs(async () => {
    await copyOfPast(jurisdiction, consent, profiles.write);
  });
  const { told, run: invoke } = rig(jurisdiction, profiles, ports);
  const batches = Array.from({ length: WARM_UPS + RUNS }, (_, at) =>
    streamEventOf(
      requests({ series: `stored-${series}-${at}`, events: BATCH, perSubject, perRequest, known, consent }),
      jurisdiction,
      undefined,
      1_000_000 + at * 10_000,
    ),
  );
  const cpuMicros: number[] = [];
  const counts: Partial<Record<Count, number>> = {};
  const note = (taken: Readonly<Partial<Record<Count, number>>>): void => {
    for (const [name, n] of Object.entries(taken) as [Count, number][]) counts[name] = (counts[name] ?? 0) + n;
  };
  const { logBytes } = await withoutLogs(async () => {
    for (const batch of batches.slice(0, WARM_UPS)) await invoke(batch);
  });
  Object.assign(told, { rows: 0, lineageBytes: 0, lineageBytesBilled: 0, lineageRecords: 0, events: 0, alerts: 0 });
  const takeCalls = countCallsTo('dynamodb', process.env.AWS_ENDPOINT_URL_DYNAMODB ?? '');
  for (const batch of batches.slice(WARM_UPS)) {
    const before = process.cpuUsage();
    note(await invoke(batch));
    const { user, system } = process.cpuUsage(before);
    cpuMicros.push(user + system);
  }
  return {
    ...run,
    events: RUNS * BATCH,
    cpuMicros,
    counts,
    calls: takeCalls(),
    told,
    logBytes: (logBytes / WARM_UPS) * RUNS,
    streamRecords: batches.slice(WARM_UPS).reduce((sum, batch) => sum + batch.Records.length, 0),
  };
}
