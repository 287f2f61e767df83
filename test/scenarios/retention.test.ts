import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_CLASSES, type EventClass } from '../../functions/contracts/signal.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { eu } from '../../functions/registry/jurisdictions/eu.ts';
import { signals } from '../../functions/registry/signals/index.ts';
import { sources } from '../../functions/registry/sources/index.ts';
import { evidenceEnd } from '../../functions/rights/retention/over-age.ts';
import type { Release } from '../../functions/rights/retention/roll-up.ts';
import { ALL_ALLOWED, type Door, type Event, type RunningDoors, startDoors } from './running-pair.ts';
import { rowsOfTables } from './traces.ts';

/** People enough for a cell to be published: see `ROW_REFS_PER_PERSON`. */
const CROWD = 160;
const maxDays = (of: EventClass): number => eu.retention[of].value.maxDays;

let doors: RunningDoors;
let door: Door;
let client: S3Client;
let beganAt = 0;

beforeAll(async () => {
  doors = await startDoors('eu');
  door = doors.door('eu');
  const { region } = door;
  client = new S3Client({
    endpoint: region.environment.AWS_ENDPOINT_URL_S3 ?? '',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  });
  beganAt = region.clock.now();
}, 180_000);
afterAll(async () => {
  client?.destroy();
  await doors?.stop();
});

/** Customers who browsed and then refused profiling: of one nothing is heard any more, the other comes back. */
const CHOOSERS = ['silent', 'returns'] as const;
const iso = (at: number): string => new Date(at).toISOString();

let messages = 0;
const track = (event: string, userId: string, properties: unknown, more: Event = {}): Event => {
  messages += 1;
  const timestamp = new Date(beganAt - 60_000).toISOString();
  return { type: 'track', messageId: `retention-${messages}`, event, userId, timestamp, properties, ...more };
};

/** Classes of which nothing may be known without the customer's choice. */
const AGREED: ReadonlySet<EventClass> = new Set(['behaviour', 'other']);

/** One event of each class, from a source that may send it, each of a customer of its own. */
async function sendEveryClass(): Promise<void> {
  for (const eventClass of EVENT_CLASSES) {
    const ofClass = signals.filter((each) => each.eventClass === eventClass);
    // One that leaves something in the profile, where the class has one.
    const signal = ofClass.find(({ examples }) => (examples.good[0]?.facts.length ?? 0) > 0) ?? ofClass[0];
    const name = signal?.name ?? 'Something Unheard Of';
    const source = sources.find(({ kind, ...each }) =>
      signal === undefined
        ? each.signals === 'any'
        : signal.sources.includes(kind) && (each.signals === 'any' || each.signals.includes(name)),
    );
    const { body } = await door.send(source?.id ?? '', [
      track(
        name,
        `class-${eventClass}`,
        signal?.examples.good[0]?.properties ?? {},
        AGREED.has(eventClass) ? { context: ALL_ALLOWED } : {},
      ),
    ]);
    expect([eventClass, body.receipts[0]?.outcome]).toEqual([eventClass, 'accepted']);
  }
}

interface Version {
  readonly key: string;
  readonly writtenAt: number;
}

async function versionsIn(bucket: RegExp): Promise<readonly Version[]> {
  const [, name] = Object.entries(door.region.resources).find(([id]) => bucket.test(id)) ?? [];
  const { Versions = [], IsTruncated } = await client.send(
    new ListObjectVersionsCommand({ Bucket: name, MaxKeys: 1_000 }),
  );
  expect(IsTruncated).not.toBe(true);
  return Versions.map(({ Key = '', LastModified }) => ({
    key: Key,
    writtenAt: LastModified?.getTime() ?? 0,
  }));
}
const evidence = () => versionsIn(/^BucketsEvidence(?!.*Policy)/);
const classOf = ({ key }: Version): string | undefined => /^v1\/signals\/event_class=(\w+)\//.exec(key)?.[1];

/** Moves the region on to so many days after its beginning, and lets everything that follows from that happen. */
async function onDay(day: number): Promise<void> {
  const { clock } = door.region;
  const to = beganAt + day * DAY_MS;
  await clock.advance(to - clock.now());
  await door.region.idle({ timeoutMs: 120_000 });
}

/** Runs the sweep now, besides its daily runs. @returns its report */
async function swept(): Promise<{
  readonly shelves: readonly { name: string; looked: number; removed: number; left: number }[];
}> {
  const before = new Set(await reports());
  await door.region.startMachine('retention', {});
  await door.region.idle({ timeoutMs: 120_000 });
  const runs = door.region.executions().filter(({ machineId }) => machineId === 'retention');
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
  const report = (await reports()).filter((key) => !before.has(key)).at(-1) ?? '';
  return JSON.parse(await read(report));
}
const reports = async () =>
  (await evidence())
    .map(({ key }) => key)
    .filter((key) => key.startsWith('v1/retention/'))
    .sort();
const read = (key: string) => readFile(join(doors.dataDir, 's3', bucketName(), key), 'utf8');
const bucketName = (): string =>
  Object.entries(door.region.resources).find(([id]) => /^BucketsEvidence(?!.*Policy)/.test(id))?.[1] ?? '';

const profileOf = (userId: string) => door.lookUp({ type: 'userId', value: userId });
const REFUSED = { choice: 'refused', origin: 'explicit', inEffect: false };
const kept = (userId: string) => door.lookUp({ type: 'userId', value: userId }).then(({ status }) => status);

const endsIn = (keptUntil: string | undefined): readonly (number | null)[] => JSON.parse(keptUntil ?? '[]');

/** What lies in the tables past its time. */
async function pastItsTime(): Promise<readonly string[]> {
  const now = door.region.clock.now();
  return (await rowsOfTables(door.region)).flatMap(({ table, row }) =>
    endsIn(row.keptUntil?.S).some((end) => end !== null && end <= now) ||
    Number(row.expiresAt?.N ?? Number.POSITIVE_INFINITY) * 1_000 <= now
      ? [table]
      : [],
  );
}

/** Every secret that lies there, by atom. */
const secrets = async (): Promise<ReadonlyMap<string, string>> =>
  new Map(
    (await rowsOfTables(door.region))
      .filter(({ table }) => /SubjectKeys/.test(table))
      .map(({ row }) => [row.id?.S ?? '', Buffer.from(row.secret?.B ?? []).toString('hex')]),
  );
let firstSecrets: ReadonlyMap<string, string> = new Map();

/** By length of a class: what is known then of a customer who refused and was silent. */
const refusals: unknown[] = [];

/** Somebody returns of whom nothing but a refusal is known: it holds, and what they do now is used for the rest. */
async function comesBack(): Promise<void> {
  expect((await profileOf('returns')).body).toMatchObject({
    firstSeenAt: null,
    consent: { profiling: REFUSED },
  });
  const now = iso(door.region.clock.now());
  await door.send('web', [track('Page Viewed', 'returns', {}, { context: ALL_ALLOWED, timestamp: now })]);
  await door.settled();
  const { body } = await profileOf('returns');
  expect(body).toMatchObject({ firstSeenAt: now, consent: { profiling: REFUSED } });
  expect(body.notComputed).toContainEqual({ what: 'engagement', missing: ['profiling'] });
}

describe('retention, in a region whose clock moves for thirteen years', () => {
  it('begins with customers of every class, one of two identifiers, a crowd, and a bad event', async () => {
    await sendEveryClass();
    await door.send(
      'pos',
      Array.from({ length: CROWD }, (_, at) =>
        track('Order Completed', `crowd-${at}`, { order_id: `o-${at}`, total: 20, currency: 'EUR' }),
      ),
    );
    const joined = { order_id: 'j-1', total: 20, currency: 'EUR', email: 'joined@example.org' };
    await door.send('pos', [
      track('Order Completed', 'joined', joined, { context: { traits: { email: 'joined@example.org' } } }),
    ]);
    const refusal = { choices: { profiling: false } };
    for (const userId of CHOOSERS) {
      await door.send('web', [track('Page Viewed', userId, {}, { context: ALL_ALLOWED })]);
      await door.send('web', [track('Consent Changed', userId, refusal, { timestamp: iso(beganAt) })]);
    }
    await door.send('pos', [track('Order Completed', 'bad', { order_id: 'b-1', total: -5 })]);
    await door.send('web', [track('Page Viewed', 'withheld', {})]);
    await door.settled();
    for (const eventClass of EVENT_CLASSES)
      expect([
        eventClass,
        (await evidence()).filter((each) => classOf(each) === eventClass).length > 0,
      ]).toEqual([eventClass, true]);
    firstSecrets = await secrets();
    expect(await kept('class-transaction')).toBe(200);
    expect(await kept('joined')).toBe(200);
    expect((await versionsIn(/^BucketsQuarantine(?!.*Policy)/)).length).toBeGreaterThan(0);
  });

  it('rolls the month up when it is over: enough people in each cell, and nobody by name', async () => {
    await onDay(35);
    await swept();
    const month = new Date(beganAt).toISOString().slice(0, 7);
    const release = JSON.parse(await read(`v1/rollups/${month}.json`)) as Release;
    // A crowd of one class and a handful of customers of others: were the class told, the difference would be the handful.
    expect(release.cells).toEqual([
      {
        eventClass: null,
        signalName: null,
        sourceId: null,
        events: CROWD + 1 + 2 * CHOOSERS.length + EVENT_CLASSES.length,
        peopleAtLeast: 50,
      },
    ]);
    expect(JSON.stringify(release)).not.toMatch(/crowd|joined|userId|@/);
  });

  it('has no outcome record and no quarantined event after their days, in any version', async () => {
    await onDay(92);
    const report = await swept();
    expect(report.shelves.every(({ left }) => left === 0)).toBe(true);
    expect(await versionsIn(/^BucketsQuarantine(?!.*Policy)/)).toEqual([]);
    expect((await rowsOfTables(door.region)).filter(({ table }) => /Records/.test(table))).toEqual([]);
  });

  const lengths = [...new Set(EVENT_CLASSES.map(maxDays))].sort((a, b) => a - b);
  it.each(lengths)(
    'after %i days has lost the classes of that length, and no other',
    async (length) => {
      await onDay(length - 6);
      // Not early: hidden by now, it can still be brought back.
      for (const eventClass of EVENT_CLASSES.filter((each) => maxDays(each) >= length))
        expect([eventClass, (await evidence()).some((each) => classOf(each) === eventClass)]).toEqual([
          eventClass,
          true,
        ]);
      await onDay(length + 2);
      const report = await swept();
      expect(report.shelves.filter(({ left }) => left > 0)).toEqual([]);
      const now = door.region.clock.now();
      const there = await evidence();
      const over = there.filter(({ key, writtenAt }) => {
        const end = evidenceEnd(key, writtenAt, eu.retention);
        return end !== null && end <= now;
      });
      expect(over).toEqual([]);
      const left = new Set(there.flatMap((each) => classOf(each) ?? []));
      expect(left).toEqual(new Set(EVENT_CLASSES.filter((each) => maxDays(each) > length)));
      expect(await pastItsTime()).toEqual([]);
      const silent = await profileOf('silent');
      const { firstSeenAt, consent } = silent.body;
      refusals.push([
        length,
        silent.status === 200 ? [200, firstSeenAt, consent.profiling.choice] : [silent.status],
      ]);
      if (length === maxDays('transaction')) await comesBack();
      // Behaviour and the like are known of customers who agreed to it: their choice stays.
      for (const eventClass of ['transaction', 'service', 'delivery', 'feedback'] as const)
        expect([eventClass, await kept(`class-${eventClass}`)]).toEqual([
          eventClass,
          maxDays(eventClass) <= length ? 404 : 200,
        ]);
    },
    120_000,
  );

  it('knew a refusal to the day its proof could go, and nothing else of who had made it', async () => {
    expect(refusals).toEqual(
      lengths.map((length) => [length, length < maxDays('consent') ? [200, null, 'refused'] : [404]]),
    );
  });

  it('knows nobody at the end, joined or alone', async () => {
    await onDay(maxDays('transaction') + maxDays('consent') + 4);
    await swept();
    expect(await kept('joined')).toBe(404);
    expect(await kept('crowd-1')).toBe(404);
    const lying = (await rowsOfTables(door.region)).filter(({ table }) =>
      /Profiles|Subjects\w*$|Alerts|Records/.test(table),
    );
    expect(lying.map(({ table }) => table)).toEqual([]);
  });

  it('has no secret of anybody when the last row under it may be gone, and a new one for who returns then', async () => {
    expect(firstSecrets.size).toBeGreaterThan(CROWD);
    await onDay(maxDays('transaction') + 2 * maxDays('consent') + 8);
    const { shelves } = await swept();
    expect(shelves.find(({ name }) => name === 'subjectKeys')).toMatchObject({ left: 0 });
    expect((await secrets()).size).toBe(0);
    const order = { order_id: 'again', total: 20, currency: 'EUR' };
    await door.send('pos', [
      track('Order Completed', 'crowd-1', order, { timestamp: iso(door.region.clock.now()) }),
    ]);
    await door.settled();
    const [[id = '', secret = ''] = []] = [...(await secrets())];
    expect(firstSecrets.has(id)).toBe(true);
    expect(firstSecrets.get(id)).not.toBe(secret);
  });

  it('told every sweep in the evidence, and never called what its role does not allow', async () => {
    expect((await reports()).length).toBeGreaterThan(5);
    expect(door.region.violations()).toEqual([]);
  });
});
