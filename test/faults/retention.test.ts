import {
  type AttributeValue,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../functions/adapters/aws/log-store.ts';
import { NODE_PART, PERSON_PART } from '../../functions/adapters/aws/profile-items.ts';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { kmsSigner } from '../../functions/adapters/aws/signer.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import type { JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { stableId, unpack } from '../../functions/kernel/codec.ts';
import { handler as retention } from '../../functions/rights/retention/handler.ts';
import { monthsToRollUp, type Release, releaseKey } from '../../functions/rights/retention/roll-up.ts';
import { lineageRow } from '../evidence/archive/rows.ts';
import { archived, audited, signed } from '../evidence/log/logged-archive.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, deathsThatDiffer, FaultyClients } from './faulty-clients.ts';
import { type Machines, startMachines } from './machines.ts';
import { itemsAbout, known, tablesAsText, tokensOf } from './people.ts';

let engines: Engines;
let faults: FaultyClients;
let machines: Machines;
let secrets: JurisdictionSecrets;
/** Not ones that can die. */
let tables: DynamoDBClient;
let objects: S3Client;
let runs = 0;

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  faults = new FaultyClients();
  machines = await startMachines({ retention }, faults);
  secrets = await jurisdictionSecrets();
  tables = new DynamoDBClient({});
  objects = new S3Client({ forcePathStyle: true });
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  tables?.destroy();
  objects?.destroy();
  await machines?.states.stop();
  await engines?.stop();
});

const personOf = (run: number): string => `expired-${run}`;
/** Long ago, whatever the retention. */
const OLD_KEY = 'v1/signals/event_class=transaction/dt=2001-01-01/hh=00/old.parquet';

/** What says of each part of a profile that its time is over: of a node its ends, of a person that it was written long ago. */
const PAST: Readonly<Record<string, readonly [string, AttributeValue]>> = {
  [NODE_PART]: ['keptUntil', { S: '[1,null]' }],
  [PERSON_PART]: ['writtenAt', { N: '0' }],
};

/** Lets everything that is known of a person be past its time, and leaves more that is. */
async function letExpire(run: number): Promise<void> {
  for (const id of tokensOf(personOf(run), secrets)) {
    const { Items = [] } = await tables.send(
      new QueryCommand({
        TableName: 'profiles',
        KeyConditionExpression: 'id = :id',
        ExpressionAttributeValues: { ':id': { S: id } },
      }),
    );
    expect(Items.length).toBeGreaterThan(0);
    for (const { part } of Items) {
      const [name, past] = PAST[part?.S ?? ''] ?? [];
      if (part !== undefined && name !== undefined && past !== undefined)
        await tables.send(
          new UpdateItemCommand({
            TableName: 'profiles',
            Key: { id: { S: id }, part },
            UpdateExpression: `SET ${name} = :past`,
            ExpressionAttributeValues: { ':past': past },
          }),
        );
    }
  }
  const expired = { expiresAt: { N: '1' } };
  for (const [TableName, key] of Object.entries({
    records: { messageToken: { S: `expired-${run}` } },
    alerts: { alertId: { S: `expired-${run}` } },
    dueCues: { slot: { S: 'expired' }, cue: { S: String(run) } },
  }))
    await tables.send(new PutItemCommand({ TableName, Item: { ...key, ...expired } }));
}

/** An archive with an object that is past its time, and a month that is to be rolled up. */
async function freshArchive(run: number) {
  const bucket = `retention-${run}`;
  await engines.freshArchive(bucket);
  const evidence = logStore(bucket);
  const [month = '', ...others] = [...monthsToRollUp(Date.now(), [])].reverse();
  for (const other of others) await evidence.putOnce(releaseKey(other), Buffer.from('{}'));
  await evidence.putOnce(OLD_KEY, Buffer.from('old'));
  const receivedAt = Date.parse(`${month}-10T12:00:00Z`);
  const ports = {
    evidence,
    checkpoints: evidenceStore(`${bucket}-checkpoints`),
    signer: kmsSigner(),
  };
  await archived(
    ports,
    1,
    ...Array.from({ length: 160 }, (_, at) => lineageRow(`row-${at}`, { receivedAt })),
  );
  return { bucket, ports, month };
}

/** A daily run of the machine over a stack in which something of each kind is past its time; a function dies at some calls. */
async function play(deaths: readonly Death[]) {
  const run = runs;
  runs += 1;
  faults.begin([]);
  const { bucket, ports, month } = await freshArchive(run);
  await letExpire(run);
  await engines.news('lineage');
  faults.begin(deaths);
  const { status } = await machines.run('retention');
  const calls = [...faults.calls];
  faults.begin([]);
  const told = (await engines.news('lineage')).flatMap(
    ({ kinesis }) => unpack(Buffer.from(kinesis.data, 'base64')) as LineageRow[],
  );
  const unmarked = told.filter(({ redelivered }) => redelivered !== true).map(({ rowId }) => rowId);
  const keys = await ports.evidence.keys('v1/');
  const { Versions = [] } = await objects.send(
    new ListObjectVersionsCommand({ Bucket: bucket, Prefix: OLD_KEY }),
  );
  const release = JSON.parse(
    new TextDecoder().decode(await ports.evidence.read(releaseKey(month))),
  ) as Release;
  await signed(ports, Date.now());
  const audit = await audited(ports, Date.now());
  const all = await tablesAsText();
  return {
    calls,
    left: {
      status,
      about: itemsAbout(personOf(run), secrets, all),
      expired: Object.values(all)
        .flat()
        .filter((item) => item.includes('"expiresAt":{"N":"1"}')).length,
      versions: Versions.length,
      reports: keys.filter((key) => key.startsWith('v1/retention/')).length,
      cells: release.cells.map(({ events }) => events),
      rows: new Set(told.map(({ rowId }) => rowId)).size,
      // Of two copies of a row one at least is marked, so that the archive looks for the other.
      isMarked: unmarked.length === new Set(unmarked).size,
      waiting: audit.waiting,
      findings: audit.findings.filter(({ where }) => where !== OLD_KEY && !isOther(where, month)),
    },
  };
}
/** Releases that stand for months before: they are not announced to the log. */
const isOther = (key: string, month: string): boolean =>
  key.startsWith('v1/rollups/') && key !== releaseKey(month);

/** What the newest report says of a shelf. */
async function reported(shelf: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const store = evidenceStore();
  const newest = [...(await store.keys('v1/retention/'))].sort().at(-1) ?? '';
  const report = JSON.parse(new TextDecoder().decode(await store.read(newest)));
  return report.shelves.find(({ name }: { readonly name: string }) => name === shelf);
}

describe('the daily machine of retention, over DynamoDB, S3, Kinesis and Step Functions', () => {
  it('leaves nothing past its time, one report and one release, after or between whatever writes it dies', async () => {
    await engines.freshArchive('people');
    await known([personOf(0)], secrets, engines, faults);
    expect(itemsAbout(personOf(0), secrets, await tablesAsText()).candidates).toBeGreaterThan(0);
    const { calls, left } = await play([]);
    expect(left).toMatchObject({
      status: 'SUCCEEDED',
      about: { profiles: 0, subjects: 0, candidates: 0 },
      expired: 0,
      versions: 0,
      reports: 1,
      cells: [160, 160, 160, 160],
      // Of each shelf one, and one of the month.
      rows: 17,
      isMarked: true,
      waiting: 0,
      findings: [],
    });
    const deaths = deathsThatDiffer(calls);
    expect(deaths.length).toBeGreaterThan(15);
    await engines.freshArchive('more-people');
    await known(
      deaths.map((_, at) => personOf(at + 1)),
      secrets,
      engines,
      faults,
    );
    for (const death of deaths)
      expect([death, calls[death.call - 1], (await play([death])).left]).toEqual([
        death,
        calls[death.call - 1],
        left,
      ]);
  }, 120_000);

  it('goes on past somebody who throws, fails so that somebody looks, and takes them once they are mended', async () => {
    const run = runs;
    await engines.freshArchive('poisoned-people');
    await known([personOf(run)], secrets, engines, faults);
    const [poison] = tokensOf(personOf(run), secrets);
    const key = { id: { S: poison }, part: { S: NODE_PART } };
    const setPast = (text: string) =>
      tables.send(
        new UpdateItemCommand({
          TableName: 'profiles',
          Key: key,
          UpdateExpression: 'SET keptUntil = :text',
          ExpressionAttributeValues: { ':text': { S: text } },
        }),
      );
    const { ports, month } = await freshArchive(run);
    // An object of the month that nobody can read.
    const broken = `v1/signals/event_class=transaction/dt=${month}-11/hh=00/broken.parquet`;
    await ports.evidence.putOnce(broken, Buffer.from('PAR1 and nothing else PAR1'));
    await letExpire(run);
    await setPast('{');
    expect((await machines.run('retention')).status).toBe('FAILED');
    const ref = stableId('retention', 'profiles', poison, NODE_PART);
    expect(await reported('profiles')).toMatchObject({
      left: 0,
      unjudged: 2,
      refs: expect.arrayContaining([ref]),
    });
    expect(await reported('alerts')).toMatchObject({ removed: 1, left: 0, unjudged: 0 });
    expect(JSON.stringify([await reported('profiles'), await reported('subjects')])).not.toContain(poison);
    await setPast('[1,null]');
    // The month waits for its object, and keeps nothing else.
    expect(await ports.evidence.keys('v1/rollups/')).not.toContain(releaseKey(month));
    const logged = vi.mocked(process.stdout.write).mock.calls.map(([line]) => String(line));
    expect(logged.filter((line) => line.includes('a month cannot be rolled up')).join()).toContain(broken);
    expect((await machines.run('retention')).status).toBe('SUCCEEDED');
    expect(itemsAbout(personOf(run), secrets, await tablesAsText())).toMatchObject({
      profiles: 0,
      subjects: 0,
    });
  }, 60_000);
});
