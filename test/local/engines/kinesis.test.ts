import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../lib/local/engines/engine.ts';
import { startKinesis } from '../../../lib/local/engines/kinesis.ts';
import { listenersOf } from './listeners.ts';

const clientOf = (engine: Engine): KinesisClient =>
  new KinesisClient({
    endpoint: engine.url,
    region: 'eu-central-1',
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

let engine: Engine;
let kinesis: KinesisClient;

beforeAll(async () => {
  engine = await startKinesis();
  kinesis = clientOf(engine);
});

afterAll(async () => {
  kinesis.destroy();
  await engine.stop();
});

const untilActive = async (client: KinesisClient, StreamName: string): Promise<void> => {
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
  if (StreamDescriptionSummary?.StreamStatus !== 'ACTIVE') return untilActive(client, StreamName);
};

const readAll = async (client: KinesisClient, StreamName: string) => {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const records = await Promise.all(
    Shards.map(async ({ ShardId }) => {
      const iterator = new GetShardIteratorCommand({
        StreamName,
        ShardId,
        ShardIteratorType: 'TRIM_HORIZON',
      });
      const { ShardIterator } = await client.send(iterator);
      return (await client.send(new GetRecordsCommand({ ShardIterator }))).Records ?? [];
    }),
  );
  return records.flat();
};

describe('Kinesis', () => {
  it('listens on 127.0.0.1 only', async () => {
    expect(await listenersOf(engine.port)).toEqual(['127.0.0.1']);
  });

  it('keeps the order of one partition key over the shards of a stream, and binary bodies', async () => {
    await kinesis.send(new CreateStreamCommand({ StreamName: 'signals', ShardCount: 2 }));
    await untilActive(kinesis, 'signals');
    const Records = Array.from({ length: 40 }, (_, at) => ({
      PartitionKey: `b0${at % 4}`,
      Data: Uint8Array.of(0, 255, at),
    }));
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName: 'signals', Records }));
    expect(answer.FailedRecordCount).toBe(0);
    const read = await readAll(kinesis, 'signals');
    expect(read).toHaveLength(40);
    for (const key of ['b00', 'b01', 'b02', 'b03']) {
      const order = read
        .filter(({ PartitionKey }) => PartitionKey === key)
        .map(({ Data }) => Data?.[2] ?? -1);
      expect(order).toEqual([...order].sort((left, right) => left - right));
      expect(order).toHaveLength(10);
    }
  });

  it('takes many streams, and names one that is missing', async () => {
    for (let at = 0; at < 12; at++)
      await kinesis.send(new CreateStreamCommand({ StreamName: `many-${at}`, ShardCount: 2 }));
    const missing = kinesis.send(new DescribeStreamSummaryCommand({ StreamName: 'missing' }));
    await expect(missing).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  it('finds its streams and records again in the folder it was given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kinesis-'));
    for (const run of [1, 2]) {
      const kept = await startKinesis({ directory: join(folder, 'kinesis') });
      const client = clientOf(kept);
      if (run === 1) {
        await client.send(new CreateStreamCommand({ StreamName: 'kept', ShardCount: 1 }));
        await untilActive(client, 'kept');
        const Records = [{ PartitionKey: 'b00', Data: Uint8Array.of(7) }];
        await client.send(new PutRecordsCommand({ StreamName: 'kept', Records }));
      }
      expect((await readAll(client, 'kept')).map(({ Data }) => Data?.[0])).toEqual([7]);
      client.destroy();
      await kept.stop();
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('says which port is taken', async () => {
    await expect(startKinesis({ port: engine.port })).rejects.toThrow(`port ${engine.port} is taken`);
  });
});
