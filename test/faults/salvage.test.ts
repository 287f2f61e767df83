import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { putRecords } from '../../functions/adapters/aws/put-records.ts';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { identifierToken, type JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { handler as archive } from '../../functions/evidence/archive/handler.ts';
import { handler as salvage } from '../../functions/pipeline/1-collect/salvage-handler.ts';
import { toSendOn } from '../../functions/pipeline/1-collect/salvaged.ts';
import { wholeState } from '../../functions/pipeline/3-profile/revocable.ts';
import { decodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { handler as understand } from '../../functions/pipeline/understand/handler.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { context, deliver, send } from './deliver.ts';
import { type Engines, type StreamRecord, startEngines } from './engines.ts';
import { FaultyClients } from './faulty-clients.ts';

let engines: Engines;
let faults: FaultyClients;
let secrets: JurisdictionSecrets;
let objects: S3Client;
let folder = '';

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  faults = new FaultyClients();
  secrets = await jurisdictionSecrets();
  objects = new S3Client({ forcePathStyle: true });
  folder = await engines.freshArchive('evidence');
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  objects?.destroy();
  await engines?.stop();
});

const ALLOWED = { consent: { categoryPreferences: { personalisation: true, profiling: true } } };
const event = (id: string, name: string, properties: object) => ({
  type: 'track',
  event: name,
  messageId: id,
  userId: 'ada',
  context: ALLOWED,
  timestamp: new Date(Date.now() - 3_600_000).toISOString(),
  properties,
});

/** Hands the notice that a function gave up on records to salvage, as its queue does. @returns the salvaged object */
async function salvaged(records: readonly StreamRecord[]): Promise<Uint8Array> {
  const numbers = records.map(({ kinesis }) => kinesis.sequenceNumber);
  const body = JSON.stringify({
    KinesisBatchInfo: {
      shardId: 'shardId-000000000000',
      startSequenceNumber: numbers[0],
      endSequenceNumber: numbers.at(-1),
      batchSize: records.length,
      streamArn: 'arn:aws:kinesis:eu-central-1:000000000000:stream/signals',
    },
  });
  const notice = { Records: [{ messageId: 'notice', body }] } as unknown as SQSEvent;
  expect(await salvage(notice)).toEqual({ batchItemFailures: [] });
  const { Contents = [] } = await objects.send(
    new ListObjectsV2Command({ Bucket: 'quarantine', Prefix: 'v1/unprocessed/signals/' }),
  );
  const { Body } = await objects.send(
    new GetObjectCommand({ Bucket: 'quarantine', Key: Contents.at(-1)?.Key ?? '' }),
  );
  return gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array());
}

const sendOn = async (frames: Uint8Array): Promise<void> =>
  putRecords({ streamName: 'signals', records: toSendOn(frames) });

async function ordersOf(): Promise<number> {
  const token = identifierToken(secrets, 'userId', 'ada');
  const { nodes } = await profileStore().read([token], [], true);
  const state = nodes.get(token)?.state ?? null;
  return state === null ? 0 : wholeState(decodeState(state)).orders;
}

/** What the archive says that happened, each row as often as it is there. */
async function archived(): Promise<readonly string[]> {
  for (let news = await engines.news('lineage'); news.length > 0; news = await engines.news('lineage'))
    await deliver(archive, news, faults);
  const opened = await openArchive({ eu: folder });
  const rows = await opened.query<{ what: string }>(
    `SELECT 'signal ' || signal_name AS what FROM signals
     UNION ALL SELECT kind || ' ' || name FROM effects UNION ALL SELECT outcome FROM refusals ORDER BY 1`,
  );
  opened.close();
  return rows.map(({ what }) => what);
}

describe('records that understand gave up on after it had applied them', () => {
  it('are told when they are sent on: every effect has its evidence, once, and nothing counts twice', async () => {
    await send(
      [
        event('1', 'Order Completed', { total: 900, currency: 'EUR' }),
        ...['2', '3', '4'].map((id) => event(id, 'Ticket Opened', { channel: 'phone' })),
      ],
      secrets,
      faults,
    );
    const records = await engines.news('signals');
    // Everything is written, and the lineage stream takes nothing, until the event source gives up.
    faults.onCall = (name) => {
      if (name === 'PutRecordsCommand')
        throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    };
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(understand({ Records: records }, context)).rejects.toMatchObject({ name: 'BatchFailure' });
    faults.onCall = () => undefined;
    expect([await ordersOf(), await archived()]).toEqual([1, []]);

    // Life goes on before anybody comes to send them on.
    await send([event('5', 'Order Completed', { total: 10, currency: 'EUR' })], secrets, faults);
    await deliver(understand, await engines.news('signals'), faults);
    expect(await ordersOf()).toBe(2);

    const frames = await salvaged(records);
    const told = [
      'alert-opened repeat-contact',
      'consent-granted personalisation',
      'consent-granted profiling',
      'segment-entered engagement-active',
      'segment-entered value-core',
    ];
    const signals = [
      ...Array.from({ length: 2 }, () => 'signal Order Completed'),
      ...Array.from({ length: 3 }, () => 'signal Ticket Opened'),
    ];
    for (const _ of ['first', 'again']) {
      await sendOn(frames);
      await deliver(understand, await engines.news('signals'), faults);
      expect([await ordersOf(), await archived()]).toEqual([2, [...told, ...signals]]);
    }
  }, 60_000);
});
