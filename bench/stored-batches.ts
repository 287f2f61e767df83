import { alertStore } from '../functions/adapters/aws/alert-store.ts';
import { attributeConflicts } from '../functions/adapters/aws/attribute-conflicts.ts';
import { candidateStore } from '../functions/adapters/aws/candidate-store.ts';
import { dueCues } from '../functions/adapters/aws/due-cues.ts';
import { identityReviews } from '../functions/adapters/aws/identity-reviews.ts';
import { outcomeRecords } from '../functions/adapters/aws/outcome-records.ts';
import { profileStore } from '../functions/adapters/aws/profile-store.ts';
import { subjectKeyring } from '../functions/adapters/aws/subject-keys.ts';
import { DAY_MS, MINUTE_MS } from '../functions/kernel/time.ts';
import type { CallCounts } from '../lib/cost/meter.ts';
import { countCallsTo } from './aws-calls.ts';
import { NOW, requests, secrets, streamEventOf } from './customers.ts';
import { freshTables } from './tables.ts';
import { cpuMicros, withoutLogs } from './timing.ts';
import { copyPast, rig, type Told } from './understand-rig.ts';

export const BATCH = 1_000;
const WARM_UPS = 3;
const RUNS = 7;
/** A batch's events take 100 s. */
const BATCH_TAKES_MS = 2 * MINUTE_MS;

export interface StoredRun {
  readonly jurisdiction: string;
  readonly consent: boolean;
  readonly known: number;
  readonly perSubject: number;
  readonly perRequest: number;
  /** Minutes from one batch to the next; its customers are the same. */
  readonly everyMinutes: number;
}

/** Customers who come back every third day. */
export const EVERY_THIRD_DAY = (3 * DAY_MS) / MINUTE_MS;

export interface Stored extends StoredRun {
  readonly events: number;
  readonly cpuMicros: readonly number[];
  /** As the function logged them: `writeUnits`, `readUnits`, `events`, … */
  readonly metrics: Readonly<Record<string, number>>;
  readonly calls: CallCounts;
  readonly told: Told;
  readonly logBytes: number;
  readonly invocations: number;
}

const results = new Map<string, Promise<Stored>>();

/** Runs batches of 1,000 new events through `understand` over real tables in DynamoDB Local. The customers go on living:
 * each batch meets what the ones before it left. The same run is done once, however often it is asked for. */
export function storedBatches(run: StoredRun): Promise<Stored> {
  const name = seriesOf(run);
  const result = results.get(name) ?? measure(run);
  results.set(name, result);
  return result;
}

/** A name of the run that a table's name may hold. */
const seriesOf = ({
  jurisdiction,
  consent,
  known,
  perSubject,
  perRequest,
  everyMinutes,
}: StoredRun): string =>
  `${jurisdiction}-${consent}-${known * 100}-${perSubject}-${perRequest}-${everyMinutes}`;

async function measure(run: StoredRun): Promise<Stored> {
  const { jurisdiction, consent, known, perSubject, perRequest, everyMinutes } = run;
  const series = seriesOf(run);
  await freshTables(series);
  const profiles = profileStore();
  const { told, run: invoke } = rig(jurisdiction, profiles, {
    keyring: subjectKeyring(secrets, { function: 'understand', purpose: 'understand' }),
    records: outcomeRecords(),
    reviews: identityReviews(),
    conflicts: attributeConflicts(),
    candidates: candidateStore(),
    quarantine: { putOnce: async () => undefined },
    alerts: alertStore(),
    dueCues: dueCues(),
    events: { publish: async () => undefined },
  });
  const batches = Array.from({ length: WARM_UPS + RUNS }, (_, index) => {
    const from = NOW + index * everyMinutes * MINUTE_MS;
    const at = from + BATCH_TAKES_MS;
    const sent = requests({
      series: `${series}-${index}`,
      events: BATCH,
      perSubject,
      perRequest,
      known,
      consent,
      from,
      round: index,
    });
    return { at, event: streamEventOf(sent, jurisdiction, at, 1_000_000 + index * 10_000) };
  });
  await withoutLogs(async () => {
    await copyPast(jurisdiction, consent, profiles);
    for (const { event, at } of batches.slice(0, WARM_UPS)) await invoke(event, at);
  });
  const before = { ...told };
  const takeCalls = countCallsTo('dynamodb', process.env.AWS_ENDPOINT_URL_DYNAMODB ?? '');
  const cpu: number[] = [];
  const { bytes, metrics } = await withoutLogs(async () => {
    for (const { event, at } of batches.slice(WARM_UPS))
      cpu.push(...(await cpuMicros(() => invoke(event, at), { warmUps: 0, runs: 1 })));
  });
  return {
    ...run,
    events: RUNS * BATCH,
    cpuMicros: cpu,
    metrics,
    calls: takeCalls(),
    told: {
      rows: told.rows - before.rows,
      lineageBytes: told.lineageBytes - before.lineageBytes,
      lineageBytesBilled: told.lineageBytesBilled - before.lineageBytesBilled,
      lineageRecords: told.lineageRecords - before.lineageRecords,
      events: told.events - before.events,
      alerts: told.alerts - before.alerts,
    },
    logBytes: bytes,
    invocations: RUNS,
  };
}
