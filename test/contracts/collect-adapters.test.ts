import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeRecords } from '../../functions/adapters/aws/outcome-records.ts';
import { quarantineStore } from '../../functions/adapters/aws/quarantine-store.ts';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { signalStream } from '../../functions/adapters/aws/signal-stream.ts';
import { streamReader } from '../../functions/adapters/aws/stream-reader.ts';
import { memoryOutcomeRecords } from '../../functions/adapters/memory/outcome-records.ts';
import { memoryQuarantineStore } from '../../functions/adapters/memory/quarantine-store.ts';
import { memorySignalStream } from '../../functions/adapters/memory/signal-stream.ts';
import { asIdentifierToken, asMessageToken } from '../../functions/contracts/ids.ts';
import type { OutcomeRecord } from '../../functions/contracts/records.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import { SECRET_LABELS } from '../../functions/contracts/tokens.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import { collect } from '../../functions/pipeline/1-collect/collect.ts';
import type { QuarantineRecords, QuarantineStore } from '../../functions/pipeline/1-collect/ports.ts';
import { readNotice, salvage } from '../../functions/pipeline/1-collect/salvage.ts';
import { toSendOn } from '../../functions/pipeline/1-collect/salvaged.ts';
import { tableShapes } from '../../lib/constructs/table-shapes.ts';
import { createTable } from '../../lib/local/create-table.ts';
import { startDynamoDb } from '../../lib/local/engines/dynamodb.ts';
import type { Engine } from '../../lib/local/engines/engine.ts';
import { startKinesis } from '../../lib/local/engines/kinesis.ts';
import { type KmsEngine, startKms } from '../../lib/local/engines/kms.ts';
import { type S3Engine, startS3 } from '../../lib/local/engines/s3.ts';
import { order, policy, source } from '../pipeline/1-collect/setting.ts';

/** Records expire by the clock on the wall, so these tests live in its present. */
const NOW = Date.now();

let directory = '';
let s3: S3Engine;
let dynamo: Engine;
let kinesis: Engine;
let kms: KmsEngine;
let kinesisClient: KinesisClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-collect-'));
  [s3, dynamo, kinesis, kms] = await Promise.all([
    startS3({ directory: join(directory, 's3'), versionsDirectory: join(directory, 'versions') }),
    startDynamoDb(),
    startKinesis(),
    startKms({ directory: join(directory, 'kms') }),
  ]);
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_KINESIS: kinesis.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
  });
  kinesisClient = new KinesisClient({ requestHandler: new NodeHttpHandler() });
}, 60_000);
afterAll(async () => {
  await Promise.all([s3.stop(), dynamo.stop(), kinesis.stop(), kms.stop()]);
  await rm(directory, { recursive: true });
});

let made = 0;
const fresh = (name: string): string => {
  made += 1;
  return `${name}-${made}`;
};

async function dynamoRecords(): Promise<QuarantineRecords> {
  const TableName = fresh('records');
  await createTable(new DynamoDBClient({}), TableName, tableShapes.records);
  return outcomeRecords(TableName);
}

const record = (at: number, overrides: Partial<OutcomeRecord> = {}): OutcomeRecord => ({
  messageToken: asMessageToken(`token-${at}`),
  outcome: 'quarantined',
  reason: 'schema-mismatch',
  sourceId: 'web',
  receivedAt: NOW + at,
  quarantine: { key: 'v1/web/x.ndjson.gz', line: at },
  ...overrides,
});

describe.each([
  ['memory', async (): Promise<QuarantineRecords> => memoryOutcomeRecords()],
  ['DynamoDB', dynamoRecords],
])('outcome records (%s)', (_, open) => {
  it('gives back what was put, and nothing for tokens it has not seen', async () => {
    const records = await open();
    await records.put([record(0), record(1, { outcome: 'misdirected', reason: 'jurisdiction:uk' })]);
    const found = await records.find([
      record(0).messageToken,
      record(1).messageToken,
      asMessageToken('none'),
    ]);
    expect(found.get(record(0).messageToken)).toEqual(record(0));
    expect(found.get(record(1).messageToken)).toMatchObject({ reason: 'jurisdiction:uk' });
    expect(found.size).toBe(2);
  });

  it('takes many at once, and a token twice', async () => {
    const records = await open();
    const many = Array.from({ length: 240 }, (_, at) => record(at));
    await records.put([...many, record(3, { reason: 'too-deep' })]);
    const found = await records.find(many.map(({ messageToken }) => messageToken));
    expect(found.size).toBe(240);
    expect(found.get(record(3).messageToken)?.reason).toBe('too-deep');
  });

  it('is new once, of however many who put it at the same time, and is what the first of them put', async () => {
    const records = await open();
    const about = [asIdentifierToken('userId.one'), asIdentifierToken('email.two')];
    const all = Array.from({ length: 6 }, (_, at) => record(0, { about, receivedAt: NOW + at }));
    const taken = await Promise.all(all.map((each) => records.putNew([each, record(7)])));
    const firsts = all.filter((_, at) => taken[at]?.has(record(0).messageToken) === false);
    expect(firsts).toHaveLength(1);
    const found = await records.find([record(0).messageToken], true);
    expect(found.get(record(0).messageToken)?.receivedAt).toBe(firsts[0]?.receivedAt);
    expect(await records.putNew([record(7)])).toEqual(new Set([record(7).messageToken]));
  });

  it('does nothing for nothing', async () => {
    const records = await open();
    await records.put([]);
    expect((await records.find([])).size).toBe(0);
  });

  it('lists the quarantined newest first, by source and reason, each exactly once over its pages', async () => {
    const records = await open();
    const all = Array.from({ length: 25 }, (_, at) =>
      record(at, at % 2 ? { sourceId: 'pos', reason: 'too-deep' } : {}),
    );
    await records.put([...all, record(99, { outcome: 'withheld', reason: 'no-consent' })]);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await records.listQuarantined({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.records.length).toBeLessThanOrEqual(7);
      seen.push(...page.records.map(({ messageToken }) => messageToken));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(all.toReversed().map(({ messageToken }) => messageToken));
    const filtered = await records.listQuarantined({ limit: 50, sourceId: 'pos', reason: 'too-deep' });
    expect(filtered.records).toHaveLength(12);
    expect(filtered.cursor).toBeUndefined();
  });

  it('lists a replayed one no more, still finds it, and leaves a newer truth alone', async () => {
    const records = await open();
    await records.put([record(0), record(1, { outcome: 'withheld', reason: 'no-consent' })]);
    await records.markReplayed(record(0).messageToken, NOW + 5);
    await records.markReplayed(record(1).messageToken, NOW + 5);
    await records.markReplayed(asMessageToken('none'), NOW + 5);
    expect((await records.listQuarantined({ limit: 5 })).records).toEqual([]);
    const found = await records.find([
      record(0).messageToken,
      record(1).messageToken,
      asMessageToken('none'),
    ]);
    expect(found.get(record(0).messageToken)?.replayedAt).toBe(NOW + 5);
    expect(found.get(record(1).messageToken)?.replayedAt).toBeUndefined();
    expect(found.size).toBe(2);
  });
});

describe.each([
  ['memory', async (): Promise<QuarantineStore> => memoryQuarantineStore()],
  [
    'S3',
    async (): Promise<QuarantineStore> => {
      const bucket = fresh('quarantine');
      await s3.createBucket(bucket, { versioned: true });
      return quarantineStore(bucket);
    },
  ],
])('a quarantine store (%s)', (_, open) => {
  it('gives back the entries of an object line by line, and null for no object', async () => {
    const store = await open();
    const entries = [1, 2].map((at) => ({
      messageToken: `t${at}`,
      sourceId: 'web',
      reason: 'too-deep',
      at: [],
      receivedAt: 1,
      event: { text: 'a\nb \u2028 é' },
    }));
    await store.put(
      'v1/web/dt=2026-03-02/a.ndjson.gz',
      entries.map((entry) => JSON.stringify(entry)),
    );
    expect(await store.get('v1/web/dt=2026-03-02/a.ndjson.gz')).toEqual(entries);
    expect(await store.get('v1/none')).toBeNull();
  });
});

async function newStream(): Promise<string> {
  const StreamName = fresh('signals');
  await kinesisClient.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  for (let tries = 0; tries < 100; tries += 1) {
    const { StreamDescriptionSummary } = await kinesisClient.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return StreamName;
}
async function recordsOn(StreamName: string) {
  const { Shards = [] } = await kinesisClient.send(new ListShardsCommand({ StreamName }));
  const { ShardIterator } = await kinesisClient.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: Shards[0]?.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  return (await kinesisClient.send(new GetRecordsCommand({ ShardIterator }))).Records ?? [];
}

describe('the signals stream', () => {
  const events = Array.from({ length: 300 }, (_, at) => order({ messageId: `m-${at}`, userId: `C-${at}` }));
  const { signals } = collect(
    { source: source('web'), events, sentAt: null, receivedAt: NOW, gpc: false },
    policy,
  );

  it('carries every signal once, a packed record per bucket, on Kinesis as in memory', async () => {
    const memory = memorySignalStream();
    await memory.append(signals);
    const name = await newStream();
    await signalStream(name).append(signals);
    const records = await recordsOn(name);
    expect(records).toHaveLength(8);
    const read = new Map(
      records.map(({ PartitionKey, Data }) => [PartitionKey, unpack(Data ?? new Uint8Array()) as Signal[]]),
    );
    for (const { bucket, signals: appended } of memory.appended) expect(read.get(bucket)).toEqual(appended);
    expect([...read.values()].flat()).toHaveLength(300);
  });
});

describe('the jurisdiction secrets', () => {
  it('are the HMAC of their label under the stack key: the same at each start, and each another', async () => {
    const { arn } = await kms.createKey({ spec: 'HMAC_256' });
    const [one, again] = [await jurisdictionSecrets(arn), await jurisdictionSecrets(arn)];
    const names = Object.keys(SECRET_LABELS) as (keyof typeof SECRET_LABELS)[];
    const exported = names.map((name) => one[name].export().toString('hex'));
    expect(names.map((name) => again[name].export().toString('hex'))).toEqual(exported);
    expect(new Set(exported).size).toBe(names.length);
    for (const secret of exported) expect(secret).toHaveLength(64);
  });
});

describe('salvage', () => {
  it('saves exactly the part of the stream that was given up, once', async () => {
    const name = await newStream();
    const sent = [1, 2, 3, 4].map((at) => Buffer.from(`record ${at}`));
    for (const Data of sent)
      await kinesisClient.send(
        new PutRecordsCommand({ StreamName: name, Records: [{ PartitionKey: 'b00', Data }] }),
      );
    const numbers = (await recordsOn(name)).map(({ SequenceNumber = '' }) => SequenceNumber);
    const bucket = fresh('quarantine');
    await s3.createBucket(bucket, { versioned: true });
    const ports = { stream: streamReader(), store: quarantineStore(bucket) };
    const notice = {
      version: '1.0',
      requestContext: { condition: 'RetryAttemptsExhausted' },
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: numbers[1],
        endSequenceNumber: numbers[2],
        batchSize: 2,
        streamArn: `arn:aws:kinesis:eu-central-1:000000000000:stream/${name}`,
      },
    };
    const part = readNotice(JSON.stringify(notice));
    expect(await salvage(part, ports)).toEqual({ saved: 2, lost: 0 });
    expect(await salvage(part, ports)).toEqual({ saved: 2, lost: 0 });
    const client = new S3Client({ forcePathStyle: true });
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    const key = `v1/unprocessed/${name}/shardId-000000000000/${numbers[1]}-${numbers[2]}.bin.gz`;
    expect(Contents.map(({ Key }) => Key)).toEqual([key]);
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const bytes = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array());
    expect(toSendOn(bytes)).toEqual(
      ['record 2', 'record 3'].map((record) => ({
        streamName: name,
        partitionKey: 'b00',
        bytes: Buffer.from(record),
      })),
    );
    for (const cut of [1, 5, bytes.length - 1])
      expect(() => toSendOn(bytes.subarray(0, cut))).toThrow(/salvaged records/);
  });

  it('says how many records the stream had forgotten, and refuses what is no notice', async () => {
    const ports = {
      stream: { read: async () => [] },
      store: { putOnce: () => Promise.reject(new Error('nothing to store')) },
    };
    const part = { streamName: 's', shardId: 'shard', start: '1', end: '9', records: 5 };
    expect(await salvage(part, ports)).toEqual({ saved: 0, lost: 5 });
    expect(() => readNotice('{"Records":[]}')).toThrow('not a notice');
  });
});
