import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { packedRecords } from '../functions/adapters/aws/put-records.ts';
import type { CollectPorts } from '../functions/pipeline/1-collect/keep.ts';
import { RateLimit } from '../functions/pipeline/1-collect/rate-limit.ts';
import { type CollectSetting, receive } from '../functions/pipeline/1-collect/receive.ts';
import { sources } from '../functions/registry/sources/index.ts';
import { httpHandler, problem } from '../functions/runtime/http-handler.ts';
import { count } from '../functions/runtime/meter.ts';
import { authorization, NOW, policy, requests } from './customers.ts';
import type { Figure } from './figures.ts';
import { billed } from './stream-bytes.ts';
import { cpuMicros, median, quantile, withoutLogs } from './timing.ts';

export interface CollectRun {
  readonly perRequest: number;
  readonly bodyBytes: number;
  readonly cpuMicrosPerEvent: readonly number[];
  /** Of one request. */
  readonly streamBytesBilled: number;
  readonly streamBytes: number;
  readonly logBytes: number;
}

const REQUESTS_PER_RUN = 10;

/** `collect` as deployed, shell and all, with ports that do no I/O: signals are packed as the stream's adapter packs
 * them, and go no further. */
export function collectHandler() {
  const sent = { bytes: 0, billed: 0 };
  const ports: CollectPorts = {
    signals: {
      append: async (signalsByBucket) => {
        for (const [bucket, signals] of signalsByBucket)
          for (const { bytes } of packedRecords(bucket, signals)) {
            sent.bytes += bytes.length;
            sent.billed += billed(bytes.length);
          }
      },
    },
    lineage: { append: async () => undefined },
    quarantine: { put: async () => undefined, get: async () => null },
    records: { find: async () => new Map(), putNew: async () => new Set(), put: async () => undefined },
  };
  const setting: CollectSetting = { policy: policy('eu'), sources, ports, limit: new RateLimit() };
  let now = Date.now();
  const handler = httpHandler({
    functionId: 'collect',
    handle: async (event) => {
      const { rawPath: path, headers, body, isBase64Encoded: isBase64 } = event;
      // A second later each time: the source's rate limit is not what is measured.
      now += 1_000;
      const answer = await receive({ path, headers, body, isBase64 }, now, setting);
      if ('refusal' in answer) return problem(answer.refusal);
      count('events', answer.receipts.length);
      return { status: answer.status, body: { success: true, receipts: answer.receipts } };
    },
  });
  const handle = async (body: string): Promise<{ statusCode: number; body: string }> => {
    const event = { rawPath: '/v1/batch', headers: { authorization }, body, isBase64Encoded: false };
    const { statusCode = 0, body: answer = '' } = await handler(
      event as unknown as APIGatewayProxyEventV2,
      {} as Context,
    );
    return { statusCode, body: answer };
  };
  return { sent, handle };
}

/** CPU and stream bytes of `collect` for requests of this many events. */
export async function collectRun(perRequest: number, perSubject = 10): Promise<CollectRun> {
  const { sent, handle } = collectHandler();
  const bodies = requests({
    series: 'collect',
    events: REQUESTS_PER_RUN * perRequest,
    perSubject,
    perRequest,
    known: 1,
    consent: true,
  }).map((batch) => JSON.stringify({ batch, sentAt: new Date(NOW).toISOString() }));
  const sendAll = async (): Promise<void> => {
    for (const body of bodies) {
      const { statusCode } = await handle(body);
      if (statusCode !== 200) throw new Error(`collect answered ${statusCode}`);
    }
  };
  const { bytes } = await withoutLogs(sendAll);
  const once = { ...sent };
  const { result } = await withoutLogs(() => cpuMicros(sendAll, { warmUps: 30, runs: 40 }));
  const events = REQUESTS_PER_RUN * perRequest;
  return {
    perRequest,
    bodyBytes: bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0) / bodies.length,
    cpuMicrosPerEvent: result.map((micros) => micros / events),
    streamBytes: once.bytes / REQUESTS_PER_RUN,
    streamBytesBilled: once.billed / REQUESTS_PER_RUN,
    logBytes: bytes / REQUESTS_PER_RUN,
  };
}

/** CPU of `collect` without I/O, per event, by size of the request. */
export async function collectCpu(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const perRequest of [100, 20, 1]) {
    const run = await collectRun(perRequest);
    const perEvent = (share: number): number => quantile(run.cpuMicrosPerEvent, share);
    figures.push({
      name: `${perRequest} a request, ${Math.round(run.bodyBytes / perRequest)} bytes an event`,
      value: 1_000_000 / median(run.cpuMicrosPerEvent),
      unit: 'events/s/core',
      note: `µs CPU per event p50 ${perEvent(0.5).toFixed(1)}, p99 ${perEvent(0.99).toFixed(1)}; ${Math.round(run.streamBytes / perRequest)} bytes an event on the stream, ${Math.round(run.streamBytesBilled / perRequest)} billed`,
    });
  }
  return figures;
}
