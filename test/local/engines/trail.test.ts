import { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Engine } from '../../../lib/local/engines/engine.ts';
import type { BusEvent } from '../../../lib/local/engines/event-bridge.ts';
import { type Selector, startTrail } from '../../../lib/local/engines/trail.ts';
import { NOW } from '../../arbitraries.ts';
import { type LocalTables, startTables } from '../../local-tables.ts';

const ACCOUNT = '000000000000';
const arnOf = (table: string): string => `arn:aws:dynamodb:eu-central-1:${ACCOUNT}:table/${table}`;

let tables: LocalTables;
let [secrets, others] = ['', ''];
const published: BusEvent[] = [];
const opened: { readonly trail: Engine; readonly client: DynamoDBClient }[] = [];

/** A client whose calls pass a trail that leaves out identities whose ARN starts so. */
async function through(leftOut: string): Promise<DynamoDBClient> {
  const selector: Selector = [
    { field: 'eventCategory', equals: ['Data'], notStartsWith: [] },
    { field: 'resources.type', equals: ['AWS::DynamoDB::Table'], notStartsWith: [] },
    { field: 'resources.ARN', equals: [arnOf(secrets)], notStartsWith: [] },
    { field: 'userIdentity.arn', equals: [], notStartsWith: [leftOut] },
  ];
  const trail = await startTrail({
    dynamodb: { url: process.env.AWS_ENDPOINT_URL_DYNAMODB ?? '', port: 0, stop: async () => undefined },
    events: { publish: (_, event) => void published.push(event) },
    selectors: [selector],
    account: ACCOUNT,
    region: 'eu-central-1',
    now: () => NOW,
  });
  const client = new DynamoDBClient({ endpoint: trail.url });
  opened.push({ trail, client });
  return client;
}

beforeAll(async () => {
  tables = await startTables();
  secrets = await tables.fresh('subjectKeys');
  others = await tables.fresh('subjectKeys');
}, 60_000);
afterAll(async () => {
  for (const { trail, client } of opened) {
    client.destroy();
    await trail.stop();
  }
  await tables?.stop();
});
beforeEach(() => {
  published.length = 0;
});

it('passes calls on unchanged, and tells those that a selector fits, with their keys and no other attribute', async () => {
  const client = await through('arn:aws:sts::');
  const secret = { B: new Uint8Array([1, 2, 3]) };
  await client.send(new PutItemCommand({ TableName: secrets, Item: { id: { S: 'a' }, secret } }));
  const { Item } = await client.send(new GetItemCommand({ TableName: secrets, Key: { id: { S: 'a' } } }));
  expect([...(Item?.secret?.B ?? [])]).toEqual([1, 2, 3]);
  expect(published.map(({ detail }) => [detail.eventName, detail.requestParameters])).toEqual([
    ['PutItem', { tableName: secrets }],
    ['GetItem', { tableName: secrets, key: { id: 'a' } }],
  ]);
  expect(published[1]).toMatchObject({
    source: 'aws.dynamodb',
    'detail-type': 'AWS API Call via CloudTrail',
    detail: {
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/local` },
      eventTime: new Date(NOW).toISOString().replace(/\.\d+Z$/, 'Z'),
      resources: [{ ARN: arnOf(secrets) }],
    },
  });
});

it('tells nothing of another table, of a call that failed, and of whom the selector leaves out', async () => {
  const client = await through('arn:aws:sts::');
  await client.send(new ScanCommand({ TableName: others }));
  await expect(client.send(new GetItemCommand({ TableName: secrets, Key: {} }))).rejects.toThrow();
  const insider = await through(`arn:aws:iam::${ACCOUNT}:user/local`);
  await insider.send(new ScanCommand({ TableName: secrets }));
  expect(published).toEqual([]);
  await client.send(new ScanCommand({ TableName: secrets }));
  expect(published).toHaveLength(1);
});
