import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { javaMajorVersion, requireJava, startDynamoDb } from '../../../lib/local/engines/dynamodb.ts';
import type { Engine } from '../../../lib/local/engines/engine.ts';
import { listenersOf } from './listeners.ts';

const clientOf = (engine: Engine, accessKeyId: string, region = 'eu-central-1'): DynamoDBClient =>
  new DynamoDBClient({
    endpoint: engine.url,
    region,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey: 'test' },
  });

const makeTable = (client: DynamoDBClient, TableName: string) =>
  client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'state', AttributeType: 'S' },
        { AttributeName: 'openedAt', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byState',
          Projection: { ProjectionType: 'ALL' },
          KeySchema: [
            { AttributeName: 'state', KeyType: 'HASH' },
            { AttributeName: 'openedAt', KeyType: 'RANGE' },
          ],
        },
      ],
    }),
  );

const item = (id: string, version: number) => ({
  id: { S: id },
  sk: { S: 'state' },
  version: { N: String(version) },
});

let engine: Engine;
let eu: DynamoDBClient;

beforeAll(async () => {
  engine = await startDynamoDb({ heapMiB: 512 });
  eu = clientOf(engine, 'eu');
  await makeTable(eu, 'profiles');
}, 60_000);

afterAll(async () => {
  eu.destroy();
  await engine.stop();
});

const versionOf = async (id: string): Promise<string | undefined> => {
  const Key = { id: { S: id }, sk: { S: 'state' } };
  return (await eu.send(new GetItemCommand({ TableName: 'profiles', Key }))).Item?.version?.N;
};

describe('DynamoDB Local', () => {
  it('listens on 127.0.0.1 only', async () => {
    expect(await listenersOf(engine.port)).toEqual(['127.0.0.1']);
  });

  it('answers each statement of a batch for itself: applied, condition failed, duplicate', async () => {
    await eu.send(new PutItemCommand({ TableName: 'profiles', Item: item('a', 1) }));
    await eu.send(new PutItemCommand({ TableName: 'profiles', Item: item('b', 5) }));
    const update = `UPDATE "profiles" SET "version" = ? WHERE "id" = ? AND "sk" = 'state' AND "version" = ?`;
    const insert = `INSERT INTO "profiles" VALUE {'id': ?, 'sk': 'state', 'version': ?}`;
    const { Responses = [] } = await eu.send(
      new BatchExecuteStatementCommand({
        Statements: [
          { Statement: update, Parameters: [{ N: '2' }, { S: 'a' }, { N: '1' }] },
          { Statement: update, Parameters: [{ N: '2' }, { S: 'b' }, { N: '1' }] },
          { Statement: insert, Parameters: [{ S: 'c' }, { N: '1' }] },
        ],
      }),
    );
    expect(Responses.map(({ Error: fault }) => fault?.Code)).toEqual([
      undefined,
      'ConditionalCheckFailed',
      undefined,
    ]);
    const again = await eu.send(
      new BatchExecuteStatementCommand({
        Statements: [
          { Statement: insert, Parameters: [{ S: 'c' }, { N: '9' }] },
          { Statement: insert, Parameters: [{ S: 'd' }, { N: '1' }] },
        ],
      }),
    );
    expect(again.Responses?.map(({ Error: fault }) => fault?.Code)).toEqual(['DuplicateItem', undefined]);
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(versionOf))).toEqual(['2', '5', '1', '1']);
  });

  it('refuses a put whose condition fails with the typed error', async () => {
    const condition = { TableName: 'profiles', ConditionExpression: 'attribute_not_exists(id)' };
    await eu.send(new PutItemCommand({ ...condition, Item: item('once', 1) }));
    const second = eu.send(new PutItemCommand({ ...condition, Item: item('once', 2) }));
    await expect(second).rejects.toBeInstanceOf(ConditionalCheckFailedException);
  });

  it('writes and reads a hundred items in batches', async () => {
    const ids = Array.from({ length: 100 }, (_, at) => `batch-${at}`);
    for (let at = 0; at < ids.length; at += 25) {
      const writes = ids.slice(at, at + 25).map((id) => ({ PutRequest: { Item: item(id, at) } }));
      await eu.send(new BatchWriteItemCommand({ RequestItems: { profiles: writes } }));
    }
    const Keys = ids.map((id) => ({ id: { S: id }, sk: { S: 'state' } }));
    const { Responses, UnprocessedKeys } = await eu.send(
      new BatchGetItemCommand({ RequestItems: { profiles: { Keys, ConsistentRead: true } } }),
    );
    expect(Responses?.profiles).toHaveLength(100);
    expect(UnprocessedKeys).toEqual({});
  });

  it('orders an index by its number', async () => {
    for (const openedAt of ['30', '4', '200'])
      await eu.send(
        new PutItemCommand({
          TableName: 'profiles',
          Item: {
            id: { S: `alert-${openedAt}` },
            sk: { S: 'x' },
            state: { S: 'open' },
            openedAt: { N: openedAt },
          },
        }),
      );
    const { Items } = await eu.send(
      new QueryCommand({
        TableName: 'profiles',
        IndexName: 'byState',
        KeyConditionExpression: '#state = :open',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':open': { S: 'open' } },
        ScanIndexForward: false,
      }),
    );
    expect(Items?.map(({ openedAt }) => openedAt?.N)).toEqual(['200', '30', '4']);
  });

  it('takes the attribute that says when an item expires', async () => {
    const TimeToLiveSpecification = { AttributeName: 'expiresAt', Enabled: true };
    await eu.send(new UpdateTimeToLiveCommand({ TableName: 'profiles', TimeToLiveSpecification }));
    const { TimeToLiveDescription } = await eu.send(new DescribeTimeToLiveCommand({ TableName: 'profiles' }));
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' });
  });

  it('seals databases by access key and by region', async () => {
    for (const other of [clientOf(engine, 'uk'), clientOf(engine, 'eu', 'eu-west-2')]) {
      expect((await other.send(new ListTablesCommand({}))).TableNames).toEqual([]);
      await makeTable(other, 'profiles');
      const { Item } = await other.send(
        new GetItemCommand({ TableName: 'profiles', Key: { id: { S: 'a' }, sk: { S: 'state' } } }),
      );
      expect(Item).toBeUndefined();
      other.destroy();
    }
  });
});

describe('starting and stopping', () => {
  it('finds its tables again in the folder it was given, and stops without waiting for its clients', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dynamodb-'));
    for (const run of [1, 2]) {
      const kept = await startDynamoDb({ directory: join(folder, 'dynamodb'), heapMiB: 256 });
      const client = clientOf(kept, 'eu');
      if (run === 1) {
        await makeTable(client, 'kept');
        await client.send(new PutItemCommand({ TableName: 'kept', Item: item('a', 1) }));
      }
      const Key = { id: { S: 'a' }, sk: { S: 'state' } };
      const { Item } = await client.send(new GetItemCommand({ TableName: 'kept', Key }));
      expect(Item).toEqual(item('a', 1));
      client.destroy();
      const begunAt = performance.now();
      await kept.stop();
      await kept.stop();
      expect(performance.now() - begunAt).toBeLessThan(10_000);
      expect(await listenersOf(kept.port)).toEqual([]);
    }
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('ends when the process that started it is killed', async () => {
    const module = fileURLToPath(new URL('../../../lib/local/engines/dynamodb.ts', import.meta.url));
    const program = `import { startDynamoDb } from ${JSON.stringify(module)};
      const { port } = await startDynamoDb({ heapMiB: 256 }); console.log(port); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', program]);
    const port = await new Promise<number>((resolve, reject) => {
      parent.stdout.once('data', (bytes: Buffer) => resolve(Number(String(bytes))));
      parent.once('exit', () => reject(new Error('the parent ended before it was killed')));
    });
    expect(await listenersOf(port)).toEqual(['127.0.0.1']);
    parent.kill('SIGKILL');
    for (let waits = 0; waits < 50 && (await listenersOf(port)).length > 0; waits++) await sleep(100);
    expect(await listenersOf(port)).toEqual([]);
  }, 60_000);

  it('says which port is taken', async () => {
    await expect(startDynamoDb({ port: engine.port })).rejects.toThrow(`port ${engine.port} is taken`);
  });

  it('says in one line how to get Java when it is missing or old', async () => {
    await expect(requireJava('/no/such/java')).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringMatching(
        /^DynamoDB Local needs Java, and none was found: install Java 17 or newer .+$/,
      ),
    });
    const folder = await mkdtemp(join(tmpdir(), 'java-'));
    const old = join(folder, 'java');
    await writeFile(old, '#!/bin/sh\necho \'openjdk version "11.0.2" 2019-01-15\' >&2\n');
    await chmod(old, 0o755);
    await expect(requireJava(old)).rejects.toThrow(/needs Java 17, and this is 11: install Java/);
    await rm(folder, { recursive: true, force: true });
  });

  it('reads the version of old and new runtimes', () => {
    expect(javaMajorVersion('java version "1.8.0_292"')).toBe(8);
    expect(javaMajorVersion('openjdk version "17.0.15" 2025-04-15')).toBe(17);
    expect(javaMajorVersion('openjdk version "25-ea" 2025-09-16')).toBe(25);
    expect(javaMajorVersion('nothing of the kind')).toBeUndefined();
  });
});
