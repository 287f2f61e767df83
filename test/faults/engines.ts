import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StreamEvent } from '../../functions/runtime/stream-handler.ts';
import { tableShapes } from '../../lib/constructs/table-shapes.ts';
import { createTable } from '../../lib/local/create-table.ts';
import { startDynamoDb } from '../../lib/local/engines/dynamodb.ts';
import { type EventBridgeEngine, startEventBridge } from '../../lib/local/engines/event-bridge.ts';
import { startKinesis } from '../../lib/local/engines/kinesis.ts';
import { startKms } from '../../lib/local/engines/kms.ts';
import { startS3 } from '../../lib/local/engines/s3.ts';

export type StreamRecord = StreamEvent['Records'][number];

/** The engines that a stack's stream functions stand on, and the environment that leads their clients there. */
export interface Engines {
  readonly directory: string;
  readonly events: EventBridgeEngine;
  /** Makes a new evidence bucket, with one for its checkpoints, and has the functions write there. @returns its folder */
  freshArchive(name: string): Promise<string>;
  /** Records that came onto a stream since the last look. */
  news(stream: 'signals' | 'lineage'): Promise<StreamRecord[]>;
  stop(): Promise<void>;
}

export async function startEngines(): Promise<Engines> {
  const directory = await mkdtemp(join(tmpdir(), 'rapport-faults-'));
  const [dynamo, kinesis, s3, kms, events] = await Promise.all([
    startDynamoDb(),
    startKinesis(),
    startS3({ directory: join(directory, 's3'), versionsDirectory: join(directory, 'versions') }),
    startKms({ directory: join(directory, 'kms') }),
    startEventBridge({}),
  ]);
  const { arn } = await kms.createKey({ spec: 'HMAC_256' });
  const signing = await kms.createKey({ spec: 'ECC_NIST_P256' });
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'faults',
    AWS_SECRET_ACCESS_KEY: 'faults',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_KINESIS: kinesis.url,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
    AWS_ENDPOINT_URL_EVENTBRIDGE: events.url,
    JURISDICTION: 'eu',
    SIGNAL_BUCKETS: '4',
    PEER_ENDPOINTS: '{}',
    SIGNALS_STREAM: 'signals',
    LINEAGE_STREAM: 'lineage',
    PROFILES_TABLE: 'profiles',
    SUBJECTS_TABLE: 'subjects',
    SUBJECT_KEYS_TABLE: 'subjectKeys',
    RECORDS_TABLE: 'records',
    ALERTS_TABLE: 'alerts',
    DUE_CUES_TABLE: 'dueCues',
    IDENTITY_REVIEWS_TABLE: 'identityReviews',
    CANDIDATES_TABLE: 'candidates',
    REBUILT_PROFILES_TABLE: 'rebuiltProfiles',
    REBUILT_SUBJECTS_TABLE: 'rebuiltSubjects',
    INCIDENTS_TABLE: 'incidents',
    PRIVACY_REQUESTS_TABLE: 'privacyRequests',
    QUARANTINE_BUCKET: 'quarantine',
    EXPORTS_BUCKET: 'exports',
    ANSWERS_BUCKET: 'answers',
    ACCESS_LOGS_BUCKET: 'access-logs',
    EVENT_BUS: 'default',
    TOKEN_KEY_ARN: arn,
    SIGNING_KEY_ARN: signing.arn,
    PUBLIC_HOLIDAYS: 'none',
  });
  for (const bucket of ['quarantine', 'exports', 'answers', 'access-logs'])
    await s3.createBucket(bucket, { versioned: true });
  await createTables();
  const streams = new KinesisClient({ requestHandler: new NodeHttpHandler() });
  const iterators = {
    signals: await openStream(streams, 'signals'),
    lineage: await openStream(streams, 'lineage'),
  };
  return {
    directory,
    events,
    freshArchive: async (name) => {
      await s3.createBucket(name, { versioned: true });
      await s3.createBucket(`${name}-checkpoints`, { versioned: true });
      Object.assign(process.env, { EVIDENCE_BUCKET: name, CHECKPOINTS_BUCKET: `${name}-checkpoints` });
      return join(directory, 's3', name);
    },
    news: async (stream) => {
      const { Records = [], NextShardIterator = '' } = await streams.send(
        new GetRecordsCommand({ ShardIterator: iterators[stream] }),
      );
      iterators[stream] = NextShardIterator;
      return Records.map((record) => ({
        eventID: `shardId-000000000000:${record.SequenceNumber}`,
        kinesis: {
          data: Buffer.from(record.Data ?? []).toString('base64'),
          partitionKey: record.PartitionKey ?? '',
          sequenceNumber: record.SequenceNumber ?? '',
          approximateArrivalTimestamp: Number(record.ApproximateArrivalTimestamp) / 1_000,
        },
      }));
    },
    stop: async () => {
      streams.destroy();
      await Promise.all([dynamo, kinesis, s3, kms, events].map((engine) => engine.stop()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** All tables of the stack, each under its id. */
async function createTables(): Promise<void> {
  const client = new DynamoDBClient({});
  for (const [id, shape] of Object.entries(tableShapes)) await createTable(client, id, shape);
  client.destroy();
}

/** @returns an iterator over what comes from now on */
async function openStream(client: KinesisClient, StreamName: string): Promise<string> {
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  for (let status: string | undefined; status !== 'ACTIVE'; ) {
    const answer = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    status = answer.StreamDescriptionSummary?.StreamStatus;
    if (status !== 'ACTIVE') await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const { ShardIterator = '' } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: Shards[0]?.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  return ShardIterator;
}
