import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import { Analytics } from '@segment/analytics-node';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { unsealInTransit } from '../../functions/contracts/person.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import {
  identifierToken,
  type JurisdictionSecrets,
  messageToken,
  writeKeyOf,
} from '../../functions/contracts/tokens.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import { handler } from '../../functions/pipeline/1-collect/handler.ts';
import { handler as quarantineHandler } from '../../functions/pipeline/1-collect/quarantine-handler.ts';
import { web } from '../../functions/registry/sources/web.ts';
import { tableShapes } from '../../lib/constructs/table-shapes.ts';
import { createTable } from '../../lib/local/create-table.ts';
import { startDynamoDb } from '../../lib/local/engines/dynamodb.ts';
import type { Engine } from '../../lib/local/engines/engine.ts';
import { startKinesis } from '../../lib/local/engines/kinesis.ts';
import { type KmsEngine, startKms } from '../../lib/local/engines/kms.ts';
import { type S3Engine, startS3 } from '../../lib/local/engines/s3.ts';
import { HttpFront } from '../../lib/local/http/http-front.ts';

let directory = '';
let s3: S3Engine;
let dynamo: Engine;
let kinesis: Engine;
let kms: KmsEngine;
let front: HttpFront;
let client: KinesisClient;
let secrets: JurisdictionSecrets;
let writeKey = '';

/** What happens to PutRecords: `throttle` refuses every record, `down` breaks the connection. */
let fate: 'pass' | 'throttle' | 'down' = 'pass';
/** Status and headers of every answer to a client since the test began. */
let answers: { status: number; retryAfter: string | undefined; body: string }[] = [];
/** Requests as the clients sent them. */
let requests: { headers: Record<string, string | undefined>; base64: boolean }[] = [];

const faults = createServer((request, response) => void meet(request, response));
async function meet(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  if (fate === 'down') return void request.socket.destroy();
  if (fate === 'throttle') {
    const { Records } = JSON.parse(body) as { Records: unknown[] };
    const refused = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow down' };
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    return void response.end(
      JSON.stringify({ FailedRecordCount: Records.length, Records: Records.map(() => refused) }),
    );
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => /^(x-amz|content-type|authorization)/.test(name)),
  ) as Record<string, string>;
  const passed = await fetch(kinesis.url, { method: 'POST', headers, body });
  response
    .writeHead(passed.status, { 'content-type': 'application/x-amz-json-1.1' })
    .end(await passed.text());
}

async function createStream(StreamName: string): Promise<void> {
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  for (;;) {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }));
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Everything on a stream, unpacked. */
async function valuesOn(StreamName: string): Promise<unknown[]> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: Shards[0]?.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
  return Records.flatMap(({ Data }) => unpack(Data ?? new Uint8Array()));
}
const signals = async (): Promise<Signal[]> => (await valuesOn('signals')) as Signal[];
/** Signals by token: a client's retry may bring one twice, and it counts once downstream. */
const signalOf = async (messageId: string): Promise<Signal | undefined> =>
  (await signals()).find((signal) => signal.messageToken === messageToken(secrets, messageId));

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-sdk-'));
  [s3, dynamo, kinesis, kms] = await Promise.all([
    startS3({ directory: join(directory, 's3'), versionsDirectory: join(directory, 'versions') }),
    startDynamoDb(),
    startKinesis(),
    startKms({ directory: join(directory, 'kms') }),
  ]);
  await new Promise<void>((resolve) => faults.listen(0, '127.0.0.1', resolve));
  const { arn } = await kms.createKey({ spec: 'HMAC_256' });
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_KINESIS: `http://127.0.0.1:${(faults.address() as AddressInfo).port}`,
    AWS_ENDPOINT_URL_KMS: kms.url,
    JURISDICTION: 'eu',
    SIGNAL_BUCKETS: '8',
    PEER_ENDPOINTS: '{}',
    SIGNALS_STREAM: 'signals',
    LINEAGE_STREAM: 'lineage',
    RECORDS_TABLE: 'records',
    QUARANTINE_BUCKET: 'quarantine',
    TOKEN_KEY_ARN: arn,
  });
  client = new KinesisClient({ endpoint: kinesis.url, requestHandler: new NodeHttpHandler() });
  await Promise.all([
    createStream('signals'),
    createStream('lineage'),
    s3.createBucket('quarantine', { versioned: true }),
  ]);
  await createTable(new DynamoDBClient({}), 'records', tableShapes.records);
  secrets = await jurisdictionSecrets(arn);
  writeKey = writeKeyOf(secrets, web);
  front = await HttpFront.open(0);
  front.serve(
    {
      apiId: 'collect',
      accountId: '000000000000',
      stage: '$default',
      routes: [{ key: 'POST /v1/batch', functionArn: 'collect' }],
    },
    {
      invoke: async (_, event) => {
        const { headers, isBase64Encoded } = event as APIGatewayProxyEventV2;
        requests.push({ headers, base64: isBase64Encoded });
        const response = await handler(event as APIGatewayProxyEventV2, { awsRequestId: 'r' } as Context);
        answers.push({
          status: response.statusCode ?? 0,
          retryAfter: response.headers?.['retry-after']?.toString(),
          body: response.body ?? '',
        });
        return { ok: true, response };
      },
    },
  );
}, 60_000);
beforeEach(() => {
  fate = 'pass';
  answers = [];
  requests = [];
});
afterAll(async () => {
  faults.close();
  faults.closeAllConnections();
  await front.stop();
  await Promise.all([s3.stop(), dynamo.stop(), kinesis.stop(), kms.stop()]);
  await rm(directory, { recursive: true });
});

const order = (messageId: string) => ({
  event: 'Order Completed',
  userId: 'marked-user',
  messageId,
  properties: { total: 27.5, currency: 'EUR' },
  context: { traits: { email: 'Marked.Person@mail.de', name: 'Marked Person' } },
});

/** Traits as the specification has them; a client writes a date as ISO 8601. */
const TRAITS = {
  phone: '+49 30 1112233',
  firstName: 'Marked',
  birthday: new Date('1985-12-10'),
  address: { city: 'Merkstadt', postalCode: '10115', state: 'BE' },
};
const TRAITS_KEPT = {
  fullName: '',
  givenName: 'Marked',
  birthDate: '1985-12-10',
  street: '',
  streetNumber: '',
  postcode: '10115',
  city: 'Merkstadt',
  region: 'BE',
  country: '',
};
const stated = (signal: Signal | undefined) =>
  signal?.person === undefined ? null : unsealInTransit(secrets, signal.person, signal.messageToken);

/** Sends through a client, and resolves when it has got rid of everything. */
type Send = (messageId: string) => Promise<void>;
const segment: Send = async (messageId) => {
  const analytics = new Analytics({ writeKey, host: front.url, flushAt: 2, maxRetries: 10 });
  analytics.track(order(messageId));
  analytics.identify({ userId: 'marked-user', traits: TRAITS });
  await analytics.closeAndFlush();
};
const rudder: Send = async (messageId) => {
  const analytics = new RudderAnalytics(writeKey, {
    dataPlaneUrl: front.url,
    flushAt: 2,
    flushInterval: 200,
  });
  const done = (call: (callback: (error?: Error) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
  await Promise.all([
    done((callback) => analytics.track(order(messageId), callback)),
    done((callback) => analytics.identify({ userId: 'marked-user', traits: TRAITS }, callback)),
  ]);
};

describe.each<[string, Send]>([
  ['@segment/analytics-node', segment],
  ['@rudderstack/rudder-sdk-node', rudder],
])('%s, unchanged', (name, send) => {
  it('gets its events through, with a receipt each', async () => {
    await send(`${name}-plain`);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const receipts = answers.flatMap(({ body }) => (JSON.parse(body) as { receipts: object[] }).receipts);
    expect(receipts).toContainEqual({ messageId: `${name}-plain`, outcome: 'accepted' });
    expect(receipts).toHaveLength(2);
    expect(await signalOf(`${name}-plain`)).toMatchObject({
      name: 'Order Completed',
      identifiers: [
        { type: 'userId', token: identifierToken(secrets, 'userId', 'marked-user') },
        { type: 'email', token: identifierToken(secrets, 'email', 'marked.person@mail.de') },
      ],
      facts: [{ kind: 'order', valueMinor: 2_750, items: 1 }],
    });
    const accounts = (await signals()).filter((signal) => signal.name === 'Account Updated');
    // What the clients state of the person is read as they write it, and nothing of it is on the stream in the open.
    expect(accounts.map(stated)).toContainEqual({ ...TRAITS_KEPT, phone: '+49301112233' });
    expect(stated(await signalOf(`${name}-plain`))).toMatchObject({ fullName: 'Marked Person' });
    expect(JSON.stringify(await signals())).not.toMatch(/Marked|1112233|Merkstadt|1985/);
    expect(Math.abs(((await signalOf(`${name}-plain`))?.occurredAt ?? 0) - Date.now())).toBeLessThan(60_000);
  }, 30_000);

  it.each(['throttle', 'down'] as const)(
    'waits and delivers when the stream says %s',
    async (trouble) => {
      fate = trouble;
      const sent = send(`${name}-${trouble}`);
      await vi.waitUntil(() => answers.length > 0, { timeout: 20_000 });
      fate = 'pass';
      await sent;
      expect(answers[0]).toMatchObject({ status: trouble === 'throttle' ? 429 : 503, retryAfter: '1' });
      expect(answers.at(-1)?.status).toBe(200);
      expect(await signalOf(`${name}-${trouble}`)).toBeDefined();
    },
    60_000,
  );
});

it('RudderStack’s client really sends gzip under a wrong content type, which arrives as base64', async () => {
  await rudder('gzip');
  expect(requests[0]).toMatchObject({ base64: true, headers: { 'content-encoding': 'gzip' } });
  expect(requests[0]?.headers['content-type']).not.toContain('json');
});

it('never says success while the stream is not taking the events', async () => {
  fate = 'throttle';
  const events = [{ type: 'track', ...order('never-said') }];
  const headers = { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` };
  const response = await fetch(`${front.url}/v1/batch`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ batch: events }),
  });
  expect(response.status).toBe(429);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await signalOf('never-said')).toBeUndefined();
}, 30_000);

it('lets no personal value into streams, records, object keys, answers or logs', async () => {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const bad = {
    type: 'track',
    ...order('marked-message'),
    event: 'Marked Person',
    properties: { total: -1 },
    timestamp: 'marked',
  };
  const headers = { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` };
  try {
    const response = await fetch(`${front.url}/v1/batch`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ batch: [bad] }),
    });
    expect(await response.json()).toEqual({
      success: true,
      receipts: [{ messageId: 'marked-message', outcome: 'quarantined', reason: 'impossible-time' }],
    });
    fate = 'down';
    await fetch(`${front.url}/v1/batch`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ batch: [{ type: 'track', ...order('m') }] }),
    });
  } finally {
    spy.mockRestore();
  }
  const records = await new DynamoDBClient({}).send(new ScanCommand({ TableName: 'records' }));
  // And a row for each further identifier, by which the person's request finds it.
  const refused = records.Items?.filter(({ of }) => of === undefined) ?? [];
  expect(refused).toHaveLength(1);
  expect(refused[0]?.quarantineKey?.S).toMatch(/^v1\/web\/dt=\d{4}-\d\d-\d\d\/[\w-]{22}\.ndjson\.gz$/);
  const open = JSON.stringify([await valuesOn('signals'), await valuesOn('lineage'), records.Items, written]);
  expect(await valuesOn('lineage')).toHaveLength(1);
  expect(open.toLowerCase()).not.toMatch(/marked|1112233/);
  const metricLines = written.filter((line) => line.includes('CloudWatchMetrics'));
  expect(metricLines).toHaveLength(2);
  expect(written.join('')).toContain('"status5xx":1');
}, 30_000);

describe('the quarantine over HTTP', () => {
  const call = async (
    method: 'GET' | 'POST',
    scope: string,
    asked: { query?: Record<string, string>; body?: unknown },
  ) => {
    const answer = await quarantineHandler(
      {
        requestContext: { http: { method }, authorizer: { jwt: { claims: { scope } } } },
        headers: {},
        queryStringParameters: asked.query,
        body: JSON.stringify(asked.body),
        isBase64Encoded: false,
      } as unknown as APIGatewayProxyEventV2,
      { awsRequestId: 'r' } as Context,
    );
    return { status: answer.statusCode, body: JSON.parse(answer.body ?? 'null') as Record<string, unknown> };
  };
  const READ = 'quarantine:read';
  const BOTH = 'quarantine:read quarantine:write';

  it('lists a bad event, shows it to who may see it, and replays it repaired, once', async () => {
    const headers = { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` };
    const bad = {
      type: 'track',
      ...order('to-repair'),
      properties: { products: [{ price: 3, quantity: -1 }] },
    };
    await fetch(`${front.url}/v1/batch`, { method: 'POST', headers, body: JSON.stringify({ batch: [bad] }) });
    const entryId = messageToken(secrets, 'to-repair');

    const query = { reason: 'impossible-quantity', source: 'web' };
    const listed = await call('GET', READ, { query });
    expect(listed).toMatchObject({
      status: 200,
      body: { entries: [{ entryId, reason: 'impossible-quantity' }] },
    });
    expect(JSON.stringify(listed).toLowerCase()).not.toContain('marked');
    expect((await call('GET', READ, { query: { ...query, include: 'event' } })).status).toBe(403);
    const shown = await call('GET', BOTH, { query: { ...query, include: 'event' } });
    expect(shown.body).toMatchObject({
      entries: [{ at: ['properties', 'products', '0', 'quantity'], event: bad }],
    });

    const repaired = { ...bad, properties: { products: [{ price: 3, quantity: 1 }] } };
    const body = { entries: [{ entryId, event: repaired }] };
    expect((await call('POST', BOTH, { body })).body).toEqual({
      receipts: [{ entryId, outcome: 'accepted' }],
    });
    expect((await call('POST', BOTH, { body })).body).toEqual({
      receipts: [{ entryId, outcome: 'already-replayed' }],
    });
    expect((await signals()).filter((signal) => signal.messageToken === entryId)).toMatchObject([
      { facts: [{ valueMinor: 300 }] },
    ]);
    expect((await call('GET', READ, { query })).body).toEqual({ entries: [] });
  }, 30_000);

  it('refuses what it does not understand', async () => {
    expect((await call('GET', READ, { query: { limit: '1000' } })).status).toBe(400);
    expect((await call('GET', READ, { query: { cursor: 'x' } })).status).toBe(400);
    expect((await call('POST', BOTH, { body: { entries: [] } })).status).toBe(400);
    expect((await call('POST', BOTH, { body: { all: 'yes' } })).status).toBe(400);
  });
});
