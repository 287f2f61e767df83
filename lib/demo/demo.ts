import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Purpose } from '../../functions/contracts/purposes.ts';
import { resources } from '../../functions/flow/resources.ts';
import { openArchive } from '../archive/open.ts';
import { httpRequestUnits } from '../cost/meter.ts';
import { usageOf } from '../cost/region-usage.ts';
import type { Region } from '../local/region.ts';
import { type Regions, startRegions } from '../local/regions.ts';
import { type ArchiveFigures, archiveFigures } from './archive-figures.ts';
import { type ErasureFigures, eraseOne } from './erasure.ts';
import { type Played, playOrders, playTown } from './play.ts';
import type { Progress } from './progress.ts';
import { identityOf, waitingPairs } from './region-identity.ts';
import { countCustomers } from './region-state.ts';
import { type JurisdictionFigures, type Report, reportOf, type VerifiedArchive } from './report.ts';
import { truthOf } from './town-truth.ts';
import { emptySendTally, type SendTally } from './wire.ts';

export interface DemoOptions {
  readonly jurisdictions: readonly string[];
  readonly dataDir: string;
  readonly basePort: number;
  readonly seed: number;
  /** Absent: the town is played. */
  readonly orders?: {
    readonly file: string;
    readonly limit?: number;
    readonly assumeConsent: readonly Purpose[];
  };
  readonly progress: Progress;
  /** Checks the archives in a data folder against their signed logs. */
  verifyArchives(dataDir: string): Promise<Readonly<Record<string, VerifiedArchive>>>;
  say(line: string): void;
  /** Ends the demo early, for Ctrl-C. */
  readonly stopped: AbortSignal;
}

/** Rows wait this long for company in the archive; the demo closes the windows itself at the end. */
const ARCHIVE_WINDOW_SECONDS = 20;
/** Workers of one function at most: more than that only queue for the cores of a small machine. */
const WORKERS_MAX = 2;
/** Absences are concluded only once a customer's signals have settled: `understand` waits 15 s. */
const SETTLE_MS = 16_000;
const IDLE_MS_MAX = 170_000;

/**
 * The main job, whole: starts the stacks from their synthesized templates, plays the town or an order file through
 * their HTTP APIs, waits until everything is applied and archived, and reads the report off the archive. What it
 * started is stopped at the end, whatever happens; the archive stays.
 */
export async function runDemo(options: DemoOptions): Promise<Report> {
  const beganAt = performance.now();
  const regions = await startRegions({
    jurisdictions: options.jurisdictions,
    dataDir: options.dataDir,
    basePort: options.basePort,
    inMemory: true,
    archiveWindowSeconds: ARCHIVE_WINDOW_SECONDS,
    tuning: { concurrencyMax: WORKERS_MAX, eager: true },
    onProgress: options.say,
  });
  const onStop = (): void => void regions.stop();
  options.stopped.addEventListener('abort', onStop, { once: true });
  try {
    options.stopped.throwIfAborted();
    let history: readonly Latency[] = [];
    const played = await play(options, regions, async () => {
      options.say('waiting until the history is applied; the newest signals then come live');
      await idle(regions);
      history = latenciesOf(await archived(regions));
    });
    await settle(options, regions);
    options.say('reading the archive');
    const settled = await figuresOf(played, regions, history);
    const erasures = await erase(options, regions, played);
    const verified = await verify(options, regions);
    return wholeReport(played, regions, { ...settled, erasures, verified }, performance.now() - beganAt);
  } finally {
    options.stopped.removeEventListener('abort', onStop);
    await regions.stop();
  }
}

function play(options: DemoOptions, { ready }: Regions, beforeLive: () => Promise<void>): Promise<Played> {
  const { orders, progress, seed } = options;
  const endpoints = ready.jurisdictions;
  const now = Date.now();
  if (orders === undefined) {
    options.say('playing the town');
    return playTown({ seed, endpoints, now, progress, stopped: options.stopped, beforeLive });
  }
  options.say(`importing ${orders.file}`);
  return playOrders({ ...orders, endpoints, now, progress, beforeLive });
}

/** Resolves when every signal that was taken is applied and archived. */
const idle = ({ regions }: Regions): Promise<unknown> =>
  Promise.all(
    Object.values(regions).map((region) => region.idle({ closeWindows: true, timeoutMs: IDLE_MS_MAX })),
  );

/** Waits until every signal is applied, lets absences be concluded, and has the archive written. */
async function settle({ say, progress, stopped }: DemoOptions, regions: Regions): Promise<void> {
  say('waiting until every signal is applied and archived');
  await idle(regions);
  say('letting a quarter of a minute pass: silence means something only then');
  const until = performance.now() + SETTLE_MS;
  for (let left = SETTLE_MS; left > 0; left = until - performance.now()) {
    await pause(Math.min(left, 500), undefined, { signal: stopped });
    progress.step('seconds left:', Math.max(0, Math.ceil((until - performance.now()) / 1_000)));
  }
  progress.end();
  for (const region of Object.values(regions.regions)) await runSchedule(region, 'sweep');
  await idle(regions);
}

/** Runs what is scheduled now, rather than when its time comes. */
async function runSchedule(region: Region, functionId: 'sweep' | 'checkpoint'): Promise<void> {
  const { ok } = await region.invoke(functionId, {
    source: 'rapport.demo',
    'detail-type': 'Scheduled Event',
    detail: {},
  });
  if (!ok) throw new Error(`${region.jurisdiction}: ${functionId} failed; see the logs in the data folder`);
}

type Latency = readonly [latencyMs: number, signals: number];

/** What the archive says of each jurisdiction. */
async function archived(regions: Regions): Promise<Readonly<Record<string, ArchiveFigures>>> {
  const archive = await openArchive(evidenceFolders(regions));
  try {
    return await archiveFigures(archive, Object.keys(regions.regions));
  } finally {
    archive.close();
  }
}

const evidenceFolders = ({ regions, dataDir }: Regions): Record<string, string> =>
  Object.fromEntries(
    Object.entries(regions).map(([code, region]) => [code, join(dataDir, 's3', evidenceBucketOf(region))]),
  );

const latenciesOf = (figures: Readonly<Record<string, ArchiveFigures>>): readonly Latency[] =>
  Object.values(figures).flatMap((each) => each.latencies);

/** Latencies that are in `all` and were not in `earlier`. */
function addedSince(earlier: readonly Latency[], all: readonly Latency[]): readonly Latency[] {
  const counts = new Map<number, number>();
  for (const [ms, signals] of all) counts.set(ms, (counts.get(ms) ?? 0) + signals);
  for (const [ms, signals] of earlier) counts.set(ms, (counts.get(ms) ?? 0) - signals);
  return [...counts].filter(([, signals]) => signals > 0);
}

/** Erases one person of the town in each jurisdiction, after the figures of the run were taken. */
async function erase({ say }: DemoOptions, { regions, ready }: Regions, { town }: Played) {
  const erasures: Record<string, ErasureFigures> = {};
  if (town === undefined) return erasures;
  say('erasing one person in each jurisdiction');
  for (const [code, region] of Object.entries(regions)) {
    const access = ready.jurisdictions[code];
    const residents = new Set(
      town.events.flatMap(({ jurisdiction, personId }) => (jurisdiction === code ? [personId] : [])),
    );
    const people = town.people.filter(({ id }) => residents.has(id));
    const figures = access === undefined ? null : await eraseOne(region, access, people);
    if (figures !== null) erasures[code] = figures;
  }
  return erasures;
}

/** Has the logs of the archives signed as they are now, and checks every object and row against them. */
async function verify({ say, verifyArchives }: DemoOptions, all: Regions) {
  say('verifying the archive');
  await idle(all);
  for (const region of Object.values(all.regions)) await runSchedule(region, 'checkpoint');
  return verifyArchives(all.dataDir);
}

interface Settled {
  readonly byJurisdiction: Readonly<Record<string, Omit<JurisdictionFigures, 'erasure' | 'verified'>>>;
  readonly live: readonly Latency[];
}

/** What the stores and the archive say once everything has settled. */
async function figuresOf(played: Played, all: Regions, history: readonly Latency[]): Promise<Settled> {
  const { regions } = all;
  const folders = evidenceFolders(all);
  const figures = await archived(all);
  const byJurisdiction: Record<string, Settled['byJurisdiction'][string]> = {};
  for (const [code, region] of Object.entries(regions)) {
    const own = figures[code];
    if (own === undefined) throw new Error(`${code}: the archive has no figures`);
    const sent = played.sent[code] ?? emptySendTally();
    const waiting = await waitingPairs(region);
    byJurisdiction[code] = {
      sent,
      archive: own,
      archiveObjects: parquetFiles(folders[code] ?? ''),
      customers: await countCustomers(region),
      usage: usageOf(region.meter(), requestsOf(sent)),
      reviews: waiting.length,
      ...(played.town === undefined
        ? {}
        : { identity: await identityOf(region, truthOf(played.town.events, code), waiting) }),
    };
  }
  return { byJurisdiction, live: addedSince(history, latenciesOf(figures)) };
}

function wholeReport(
  played: Played,
  { regions }: Regions,
  {
    byJurisdiction,
    live,
    erasures,
    verified,
  }: Settled & {
    readonly erasures: Readonly<Record<string, ErasureFigures>>;
    readonly verified: Readonly<Record<string, VerifiedArchive>>;
  },
  elapsedMs: number,
): Report {
  const violations = Object.values(regions).flatMap((region) => region.violations());
  return reportOf({
    rows: played.rows,
    rowsInEvents: played.rowsInEvents,
    stockAdjustments: played.stockAdjustments,
    assumedConsent: played.assumedConsent,
    byJurisdiction: Object.fromEntries(
      Object.entries(byJurisdiction).map(([code, figures]) => {
        const [erasure, proof] = [erasures[code], verified[code]];
        if (proof === undefined) throw new Error(`${code}: its archive was not verified`);
        return [code, { ...figures, ...(erasure === undefined ? {} : { erasure }), verified: proof }];
      }),
    ),
    ...(live.length === 0 ? {} : { signalToAlertMs: live }),
    seconds: elapsedMs / 1_000,
    notes: [
      ...played.notes,
      ...NOTES,
      ...violations.map(({ functionId, action }) => `NOT GRANTED: ${functionId} called ${action}.`),
    ],
  });
}

const NOTES = [
  'Latencies are those of the newest signals, sent live after the history. Signal to alert: from receipt at collect to the write that opens alerts.',
  'Cost: counted calls and units at list prices of us-east-1, with the time of this machine; fixed monthly prices are apart.',
];

const requestsOf = ({
  requests,
  bytes,
}: SendTally): { httpRequestUnits: number; collectRequests: number } => ({
  // A request's size is known on average only; none of them comes near two units.
  httpRequestUnits: requests * httpRequestUnits(requests === 0 ? 0 : bytes / requests),
  collectRequests: requests,
});

function evidenceBucketOf(region: Region): string {
  for (const { environment } of Object.values(region.functions)) {
    const bucket = environment[resources.evidence.env];
    if (bucket !== undefined) return bucket;
  }
  throw new Error(`${region.jurisdiction}: no function knows an evidence bucket`);
}

function parquetFiles(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true }).filter((path) => String(path).endsWith('.parquet')).length;
}
