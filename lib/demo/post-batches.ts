import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  type CollectEndpoint,
  countReceipts,
  emptySendTally,
  type SendTally,
  type TrackEvent,
} from './wire.ts';

const gzipped = promisify(gzip);

export interface PostOptions {
  /** Source whose write key is used. */
  readonly source: string;
  /** Requests in flight at most. */
  readonly concurrency?: number;
  readonly batchBytesMax?: number;
  readonly batchEventsMax?: number;
  /** Tries of one batch, the first one included. */
  readonly attemptsMax?: number;
  readonly onSent?: (events: number) => void;
}

const DEFAULTS = { concurrency: 4, batchBytesMax: 450_000, batchEventsMax: 100, attemptsMax: 10 } as const;
const RETRY_AFTER_SECONDS_MAX = 30;
/** An answer that is given up on may still have been taken, and would come back as duplicates: better to wait. */
const REQUEST_TIMEOUT_MS = 120_000;

/** Sends events to one jurisdiction's `/v1/batch`. */
export interface BatchPoster {
  /** Resolves when there is room for the next event, which is long before this one has arrived. */
  send(event: TrackEvent): Promise<void>;
  /** Sends what has gathered, without waiting for company. */
  flush(): void;
  /** Sends what is left and waits for every answer.
   * @throws Error of the first batch that failed for good. */
  close(): Promise<SendTally>;
}

/**
 * Posts to `/v1/batch` directly, gzipped, over kept-alive connections. An invoice of 500 lines is larger than the
 * 32 KB that Segment's client agrees to send, so an import can't go through it. 429 and 5xx are retried as
 * `Retry-After` asks; a retried batch is the same batch, and the server's deduplication makes it count once.
 */
export function batchPoster(endpoint: CollectEndpoint, options: PostOptions): BatchPoster {
  const settings = { ...DEFAULTS, ...options };
  const writeKey = endpoint.writeKeys[options.source];
  if (writeKey === undefined) throw new Error(`the region has no write key for the source ${options.source}`);
  const agent = new Agent({ keepAlive: true, maxSockets: settings.concurrency });
  const target = { url: new URL('/v1/batch', endpoint.collectUrl), auth: `${writeKey}:`, agent };
  const tally = emptySendTally();
  const inFlight = new Set<Promise<void>>();
  let failure: unknown;
  let batch: string[] = [];
  let bytes = 0;

  const flush = (): void => {
    if (batch.length === 0) return;
    const events = batch;
    batch = [];
    bytes = 0;
    const sending = deliver(events, target, tally, settings)
      .then(() => settings.onSent?.(events.length))
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  };

  return {
    async send(event) {
      const text = JSON.stringify(event);
      const size = Buffer.byteLength(text) + 1;
      if (
        batch.length > 0 &&
        (bytes + size > settings.batchBytesMax || batch.length >= settings.batchEventsMax)
      )
        flush();
      batch.push(text);
      bytes += size;
      while (inFlight.size >= settings.concurrency) await Promise.race(inFlight);
      if (failure !== undefined) throw failure;
    },
    flush,
    async close() {
      flush();
      while (inFlight.size > 0) await Promise.all(inFlight);
      agent.destroy();
      if (failure !== undefined) throw failure;
      return tally;
    },
  };
}

interface Target {
  readonly url: URL;
  readonly auth: string;
  readonly agent: Agent;
}

async function deliver(
  events: readonly string[],
  target: Target,
  tally: SendTally,
  settings: { readonly attemptsMax: number },
): Promise<void> {
  const body = await gzipped(`{"batch":[${events.join(',')}]}`, { level: 1 });
  tally.sent += events.length;
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = performance.now();
    const answer = await post(target, body).catch((cause: unknown) => ({
      status: 0,
      retryAfter: undefined,
      text: '',
      cause,
    }));
    tally.bytes += body.length;
    // 421: all of them belong elsewhere, and the receipts say so.
    if (answer.status === 200 || answer.status === 421) {
      tally.requests += 1;
      tally.latencyMs.push(performance.now() - startedAt);
      const receipts = countReceipts(tally, answer.text);
      tally.failed += events.length - receipts;
      return;
    }
    const retryable = answer.status === 0 || answer.status === 429 || answer.status >= 500;
    if (!retryable || attempt >= settings.attemptsMax) {
      tally.failed += events.length;
      const why =
        answer.status === 0 ? 'does not answer' : `answered ${answer.status}: ${answer.text.slice(0, 200)}`;
      throw new Error(`${target.url.origin} ${why} (after ${attempt} tries)`, {
        cause: 'cause' in answer ? answer.cause : undefined,
      });
    }
    tally.retries += 1;
    const backoffSeconds = Math.min(0.1 * 2 ** attempt, 5);
    const asked = Number(answer.retryAfter ?? Number.NaN);
    await sleep(
      1_000 *
        (Number.isFinite(asked) && asked >= 0 ? Math.min(asked, RETRY_AFTER_SECONDS_MAX) : backoffSeconds),
    );
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

function post(target: Target, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      target.url,
      {
        method: 'POST',
        agent: target.agent,
        auth: target.auth,
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'content-length': body.length,
        },
        timeout: REQUEST_TIMEOUT_MS,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('request timed out')));
    sent.on('error', reject);
    sent.end(body);
  });
}
