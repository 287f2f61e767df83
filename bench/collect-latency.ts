import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { KinesisClient, ListStreamsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { startRegions } from '../lib/local/regions.ts';
import { collectHandler } from './collect-cpu.ts';
import { authorization, requests } from './customers.ts';
import type { Figure } from './figures.ts';
import { median, quantile, withoutLogs } from './timing.ts';

const WARM_UPS = 150;
const RUNS = 400;
/** Pause between requests, so that what they set off in the region does not queue up before the next. */
const PAUSE_MS = 10;

/** Latency of `collect` on loopback, one request at a time over a kept connection: the handler behind a bare HTTP server
 * without its stream, then as a route of a local region with everything behind it. */
export async function collectLatency(): Promise<readonly Figure[]> {
  return [...(await withoutStream()), ...(await inRegion())];
}

async function withoutStream(): Promise<readonly Figure[]> {
  const { handle } = collectHandler();
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { statusCode, body } = await handle(Buffer.concat(chunks).toString('utf8'));
    outgoing.writeHead(statusCode, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { result } = await withoutLogs(async () => {
      const figures: Figure[] = [];
      for (const perRequest of [1, 100])
        figures.push(
          ...figuresOf(
            'HTTP and collect, no stream',
            perRequest,
            await latencies(`http://127.0.0.1:${port}`, authorization, perRequest),
            true,
          ),
        );
      return figures;
    });
    return result;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function inRegion(): Promise<readonly Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
  try {
    const regions = await startRegions({
      jurisdictions: ['eu'],
      dataDir: join(dataDir, 'region'),
      basePort: 0,
      inMemory: true,
      tuning: { eager: true },
    });
    try {
      const eu = regions.ready.jurisdictions.eu;
      if (eu === undefined) throw new Error('the region has no eu');
      const basic = `Basic ${Buffer.from(`${eu.writeKeys.web}:`).toString('base64')}`;
      const figures: Figure[] = [];
      for (const perRequest of [1, 100])
        figures.push(
          ...figuresOf(
            'a route of a local region',
            perRequest,
            await latencies(eu.collectUrl, basic, perRequest),
            perRequest === 1,
          ),
        );
      figures.push(await putRecordsAlone(regions.regions.eu?.environment ?? {}));
      return figures;
    } finally {
      await regions.stop();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** What of it is the local stand-in for Kinesis: one record, put by the SDK from this process. */
async function putRecordsAlone(environment: Readonly<Record<string, string>>): Promise<Figure> {
  const client = new KinesisClient({
    endpoint: environment.AWS_ENDPOINT_URL_KINESIS ?? '',
    region: environment.AWS_REGION ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
    requestHandler: new NodeHttpHandler(),
  });
  const { StreamNames = [] } = await client.send(new ListStreamsCommand({}));
  const sample: number[] = [];
  // Bytes that no reader can unpack: they end in quarantine, and the region is about to end anyway.
  for (let at = 0; at < 100; at += 1) {
    const start = performance.now();
    await client.send(
      new PutRecordsCommand({
        StreamName: StreamNames[0] ?? '',
        Records: [{ PartitionKey: 'b00', Data: new Uint8Array([0]) }],
      }),
    );
    sample.push(performance.now() - start);
  }
  client.destroy();
  return {
    name: 'the local Kinesis alone, PutRecords of one record, p50',
    value: median(sample),
    unit: 'ms',
  };
}

async function latencies(url: string, basic: string, perRequest: number): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const bodies = requests({
    series: `latency-${perRequest}`,
    events: perRequest * (WARM_UPS + RUNS),
    perSubject: 10,
    perRequest,
    known: 1,
    consent: true,
    from: Date.now() - 3_600_000,
  }).map((batch) => JSON.stringify({ batch, sentAt: new Date().toISOString() }));
  const sample: number[] = [];
  for (const [index, body] of bodies.entries()) {
    const start = performance.now();
    const status = await post(`${url}/v1/batch`, basic, body, agent);
    if (status !== 200) throw new Error(`collect answered ${status}`);
    if (index >= WARM_UPS) sample.push(performance.now() - start);
    await pause(PAUSE_MS);
  }
  agent.destroy();
  return sample;
}

const post = (url: string, basic: string, body: string, agent: Agent): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: basic,
    };
    request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end(body);
  });

function figuresOf(
  where: string,
  perRequest: number,
  sample: readonly number[],
  held: boolean,
): readonly Figure[] {
  const name = `${where}, ${perRequest} ${perRequest === 1 ? 'event' : 'events'}`;
  return [
    { name: `${name}: p50`, value: median(sample), unit: 'ms', ...(held ? { target: { most: 1 } } : {}) },
    {
      name: `${name}: p99`,
      value: quantile(sample, 0.99),
      unit: 'ms',
      ...(held ? { target: { most: 5 } } : {}),
      note: `${sample.length} requests`,
    },
  ];
}
