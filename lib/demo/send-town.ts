import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Analytics, type HTTPClient } from '@segment/analytics-node';
import type { TownEvent, TownSource } from './town-event.ts';
import { type CollectEndpoint, countReceipts, emptySendTally, type SendTally } from './wire.ts';

/** Events enqueued with the clients and not yet answered, at most. */
const IN_FLIGHT_MAX = 2_000;
/** Events a request carries; the clients' default of 15 suits a server that sends as it goes, not a replay. */
const FLUSH_AT = 100;
const FLUSH_INTERVAL_MS = 250;
const CLOSE_MS_MAX = 180_000;
const RETRIES = 8;
/** An answer that is given up on may still have been taken, and would come back as duplicates: better to wait. */
const REQUEST_MS_MAX = 120_000;

/** How a town is sent. */
export interface Sending {
  readonly onSent?: (events: number) => void;
  readonly stopped?: AbortSignal;
  /** Live: so many events a second, each request leaving at once. Absent: as fast as the region takes them. */
  readonly eventsPerSecond?: number;
}

/**
 * Plays the town's events, in their order, with the real `@segment/analytics-node` client: one client for each
 * endpoint, source and privacy signal, as one running system each would have.
 * @throws Error when a client gives up on an event or the region has no key for a source.
 */
export async function sendTown(
  events: readonly TownEvent[],
  endpoints: Readonly<Record<string, CollectEndpoint>>,
  { onSent, stopped, eventsPerSecond }: Sending = {},
): Promise<Readonly<Record<string, SendTally>>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const tallies: Record<string, SendTally> = {};
  const clients = new Map<string, Analytics>();
  let failure: unknown;
  let waiting = 0;
  let resume: (() => void) | undefined;

  const tallyOf = (jurisdiction: string): SendTally => {
    const tally = tallies[jurisdiction] ?? emptySendTally();
    tallies[jurisdiction] = tally;
    return tally;
  };
  const clientOf = (event: TownEvent): Analytics => {
    const key = `${event.jurisdiction}/${event.source}/${event.gpc}`;
    const existing = clients.get(key);
    if (existing !== undefined) return existing;
    const endpoint = endpoints[event.jurisdiction];
    if (endpoint === undefined) throw new Error(`no collect endpoint for ${event.jurisdiction}`);
    const tally = tallyOf(event.jurisdiction);
    const client = new Analytics({
      host: endpoint.collectUrl,
      writeKey: writeKeyFor(endpoint, event.source),
      flushAt: eventsPerSecond === undefined ? FLUSH_AT : 1,
      flushInterval: FLUSH_INTERVAL_MS,
      maxRetries: RETRIES,
      httpRequestTimeout: REQUEST_MS_MAX,
      httpClient: receiptReader(agent, tally, event.gpc),
    });
    client.on('error', (error) => {
      failure ??= error.reason ?? error;
    });
    clients.set(key, client);
    return client;
  };

  for (const event of events) {
    if (eventsPerSecond !== undefined) await pause(1_000 / eventsPerSecond);
    const tally = tallyOf(event.jurisdiction);
    tally.sent += 1;
    waiting += 1;
    hand(clientOf(event), event, (error) => {
      if (error !== undefined) {
        tally.failed += 1;
        failure ??= error;
      }
      waiting -= 1;
      onSent?.(1);
      if (waiting < IN_FLIGHT_MAX / 2) resume?.();
    });
    if (waiting >= IN_FLIGHT_MAX) {
      await new Promise<void>((resolve) => {
        resume = resolve;
        stopped?.addEventListener('abort', () => resolve(), { once: true });
      });
      resume = undefined;
    }
    if (failure !== undefined || stopped?.aborted === true) break;
  }
  if (stopped?.aborted === true) {
    agent.destroy();
    stopped.throwIfAborted();
  }
  await Promise.all([...clients.values()].map((client) => client.closeAndFlush({ timeout: CLOSE_MS_MAX })));
  agent.destroy();
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error(String(failure));
  return tallies;
}

/** A survey tool often reports through the support desk; a region without a key of its own for it gets that one. */
function writeKeyFor(endpoint: CollectEndpoint, source: TownSource): string {
  const key = endpoint.writeKeys[source] ?? (source === 'survey' ? endpoint.writeKeys.support : undefined);
  if (key === undefined) throw new Error(`the region has no write key for the source ${source}`);
  return key;
}

function hand(client: Analytics, event: TownEvent, done: (error: unknown) => void): void {
  const { call } = event;
  const common = {
    messageId: event.messageId,
    // The client takes a date or the text it was given; bad times must arrive as they are.
    timestamp: event.timestamp,
    context: event.context,
    ...(event.userId === undefined
      ? { anonymousId: event.anonymousId ?? '' }
      : {
          userId: event.userId,
          ...(event.anonymousId === undefined ? {} : { anonymousId: event.anonymousId }),
        }),
  };
  switch (call.type) {
    case 'track':
      client.track({ ...common, event: call.event, properties: call.properties }, done);
      return;
    case 'page':
      client.page({ ...common, name: call.name, properties: call.properties }, done);
      return;
    case 'identify':
      client.identify({ ...common, traits: call.traits }, done);
      return;
  }
}

/** The client's transport: adds the privacy signal a browser would send, and reads the receipts, which the client
 * itself does not look at. */
function receiptReader(agent: Agent, tally: SendTally, gpc: boolean): HTTPClient {
  return {
    makeRequest: ({ url, headers, body, httpRequestTimeout }) =>
      new Promise((resolve, reject) => {
        const startedAt = performance.now();
        const sent = request(
          url,
          {
            method: 'POST',
            agent,
            headers: {
              ...headers,
              ...(gpc ? { 'sec-gpc': '1' } : {}),
              'content-length': Buffer.byteLength(body),
            },
            timeout: httpRequestTimeout,
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const status = response.statusCode ?? 0;
              const text = Buffer.concat(chunks).toString('utf8');
              tally.bytes += Buffer.byteLength(body);
              if (status === 200 || status === 421) {
                tally.requests += 1;
                tally.latencyMs.push(performance.now() - startedAt);
                countReceipts(tally, text);
              } else tally.retries += 1;
              resolve({
                // Every event of the request belongs elsewhere; its receipts say where, so the client is done with it.
                status: status === 421 ? 200 : status,
                statusText: response.statusMessage ?? '',
                headers: response.headers,
                text: async () => text,
              });
            });
          },
        );
        sent.on('timeout', () => sent.destroy(new Error('request timed out')));
        sent.on('error', reject);
        sent.end(body);
      }),
  };
}
