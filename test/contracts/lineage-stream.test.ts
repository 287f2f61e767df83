import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lineageStream } from '../../functions/adapters/aws/lineage-stream.ts';
import { PACKED_BYTES_MAX, packedRecords, putRecords } from '../../functions/adapters/aws/put-records.ts';
import { memoryLineageStream } from '../../functions/adapters/memory/lineage-stream.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import { takeCounts } from '../../functions/runtime/meter.ts';
import type { Engine } from '../../lib/local/engines/engine.ts';
import { startKinesis } from '../../lib/local/engines/kinesis.ts';
import { lineageRow } from '../evidence/archive/rows.ts';

/** What the network and the service do to the next PutRecords calls, in turn; `pass` when empty. */
type Fate = 'pass' | 'refuse-odd' | 'throttle' | 'lose-answer' | 'lose-call' | 'deny';
let fates: Fate[] = [];
let everyFate: Fate = 'pass';
/** Records in each PutRecords call that came. */
let callSizes: number[] = [];

let engine: Engine;
let client: KinesisClient;
let streams = 0;
let streamName = '';
const front = createServer((request, response) => void meet(request, response));

interface PutBody {
  readonly Records: readonly { readonly Data: string; readonly PartitionKey: string }[];
}

/** A faulty network in front of the stream. */
async function meet(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as PutBody;
  callSizes.push(body.Records.length);
  const forward = (Records: PutBody['Records']): Promise<Response> =>
    fetch(engine.url, {
      method: 'POST',
      headers: Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => /^(x-amz|content-type|authorization)/.test(name)),
      ) as Record<string, string>,
      body: JSON.stringify({ ...body, Records }),
    });
  const answer = (status: number, text: string): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(text);
  };
  const refusal = { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow down' };
  switch (fates.shift() ?? everyFate) {
    case 'pass': {
      const passed = await forward(body.Records);
      return answer(passed.status, await passed.text());
    }
    case 'refuse-odd': {
      const taken = (await (await forward(body.Records.filter((_, at) => at % 2 === 0))).json()) as {
        Records: unknown[];
      };
      const Records = body.Records.map((_, at) => (at % 2 === 0 ? taken.Records[at / 2] : refusal));
      return answer(200, JSON.stringify({ FailedRecordCount: 1, Records }));
    }
    case 'throttle':
      return answer(200, JSON.stringify({ FailedRecordCount: 1, Records: body.Records.map(() => refusal) }));
    case 'lose-answer':
      await (await forward(body.Records)).text();
      return void request.socket.destroy();
    case 'lose-call':
      return void request.socket.destroy();
    case 'deny':
      return answer(400, JSON.stringify({ __type: 'AccessDeniedException' }));
  }
}

beforeAll(async () => {
  engine = await startKinesis();
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  process.env.AWS_REGION = 'eu-central-1';
  process.env.AWS_ACCESS_KEY_ID = 'local';
  process.env.AWS_SECRET_ACCESS_KEY = 'local';
  process.env.AWS_ENDPOINT_URL_KINESIS = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  client = new KinesisClient({ endpoint: engine.url, requestHandler: new NodeHttpHandler() });
});
afterAll(async () => {
  client.destroy();
  front.closeAllConnections();
  await new Promise((resolve) => front.close(resolve));
  await engine.stop();
});
beforeEach(async () => {
  fates = [];
  everyFate = 'pass';
  callSizes = [];
  takeCounts();
  streams += 1;
  streamName = `lineage-${streams}`;
  await client.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: 2 }));
  for (let status = ''; status !== 'ACTIVE'; ) {
    const summary = await client.send(new DescribeStreamSummaryCommand({ StreamName: streamName }));
    status = summary.StreamDescriptionSummary?.StreamStatus ?? '';
  }
});

interface Arrived {
  readonly bucket: string;
  readonly bytes: Uint8Array;
}

async function arrived(): Promise<Arrived[]> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: streamName }));
  const records: Arrived[] = [];
  for (const { ShardId } of Shards) {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName: streamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
    for (const { PartitionKey = '', Data = new Uint8Array() } of Records)
      records.push({ bucket: PartitionKey, bytes: Data });
  }
  return records;
}
const rowsOf = (records: readonly Arrived[], bucket: string): LineageRow[] =>
  records.filter((record) => record.bucket === bucket).flatMap(({ bytes }) => unpack(bytes) as LineageRow[]);

const twoBuckets = new Map([
  ['b00', [lineageRow('a'), lineageRow('b', { table: 'effects' })]],
  ['b07', [lineageRow('c', { table: 'refusals' })]],
]);

describe.each([
  [
    'memory',
    () => {
      const stream = memoryLineageStream();
      return {
        stream,
        rows: async (bucket: string) =>
          stream.appended.filter((one) => one.bucket === bucket).flatMap((one) => one.rows),
      };
    },
  ],
  [
    'Kinesis',
    () => ({
      stream: lineageStream(streamName),
      rows: async (bucket: string) => rowsOf(await arrived(), bucket),
    }),
  ],
])('a lineage stream (%s)', (_, open) => {
  it('carries rows under the bucket of their atom, in order', async () => {
    const { stream, rows } = open();
    await stream.append(twoBuckets);
    await stream.append(new Map([['b00', [lineageRow('d')]]]));
    expect(await rows('b00')).toEqual([
      lineageRow('a'),
      lineageRow('b', { table: 'effects' }),
      lineageRow('d'),
    ]);
    expect(await rows('b07')).toEqual([lineageRow('c', { table: 'refusals' })]);
  });

  it('has nothing to do for no rows', async () => {
    const { stream, rows } = open();
    await stream.append(new Map());
    await stream.append(new Map([['b00', []]]));
    expect(await rows('b00')).toEqual([]);
  });
});

describe('lineage stream, when the stream misbehaves', () => {
  it('sends again only the records that were refused', async () => {
    fates = ['refuse-odd'];
    await lineageStream(streamName).append(twoBuckets);
    expect(callSizes).toEqual([2, 1]);
    const records = await arrived();
    expect(records).toHaveLength(2);
    const rows = ['b00', 'b07'].flatMap((bucket) => rowsOf(records, bucket));
    expect(rows.map((row) => row.redelivered)).toEqual([undefined, undefined, undefined]);
    expect(takeCounts().retries).toBe(1);
  });

  it('flags rows as redelivered that may have arrived when the answer got lost', async () => {
    fates = ['lose-answer'];
    await lineageStream(streamName).append(twoBuckets);
    expect(rowsOf(await arrived(), 'b07')).toEqual([
      lineageRow('c', { table: 'refusals' }),
      lineageRow('c', { table: 'refusals', redelivered: true }),
    ]);
  });

  it('gets through when a call got lost', async () => {
    fates = ['lose-call', 'lose-call'];
    await lineageStream(streamName).append(twoBuckets);
    expect(callSizes).toEqual([2, 2, 2]);
    expect(rowsOf(await arrived(), 'b00')).toHaveLength(2);
  });

  it('gives up as throttled when the stream keeps asking to slow down', async () => {
    everyFate = 'throttle';
    await expect(lineageStream(streamName).append(twoBuckets)).rejects.toMatchObject({
      name: 'ThrottledError',
    });
    expect(callSizes).toHaveLength(6);
  });

  it('gives up as transient when the stream cannot be reached', async () => {
    everyFate = 'lose-call';
    await expect(lineageStream(streamName).append(twoBuckets)).rejects.toMatchObject({
      name: 'TransientError',
    });
  });

  it('does not insist when access is denied', async () => {
    everyFate = 'deny';
    await expect(lineageStream(streamName).append(twoBuckets)).rejects.toMatchObject({
      name: 'TransientError',
    });
    expect(callSizes).toHaveLength(1);
  });
});

describe('records on a stream', () => {
  it('are split until each is below the size that a shard takes', () => {
    // Random text does not compress.
    const values = Array.from(
      { length: 40 },
      (_, at) => `${at} ${Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64')}`,
    );
    const records = packedRecords('b01', values);
    expect(records.length).toBeGreaterThan(3);
    expect(records.every(({ bytes }) => bytes.length <= PACKED_BYTES_MAX)).toBe(true);
    expect(records.flatMap(({ bytes }) => unpack(bytes))).toEqual(values);
  });

  it('go 500 to a call', async () => {
    const records = Array.from({ length: 1_001 }, () => ({ partitionKey: 'b00', bytes: new Uint8Array(10) }));
    await putRecords({ streamName, records });
    expect(callSizes).toEqual([500, 500, 1]);
    expect(takeCounts().streamBytes).toBe(1_001 * 13);
  });

  it('go 10 MiB to a call', async () => {
    everyFate = 'throttle';
    const records = Array.from({ length: 16 }, () => ({
      partitionKey: 'b00',
      bytes: new Uint8Array(700 * 1024),
    }));
    await expect(putRecords({ streamName, records })).rejects.toMatchObject({ name: 'ThrottledError' });
    expect(callSizes[0]).toBe(14);
  });
});
