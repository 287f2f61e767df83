import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { batchPoster } from '../../lib/demo/post-batches.ts';
import { sendTown } from '../../lib/demo/send-town.ts';
import { townOf } from '../../lib/demo/town.ts';
import type { CollectEndpoint, TrackEvent } from '../../lib/demo/wire.ts';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly batch: readonly Record<string, unknown>[];
}
interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** A collecting server on loopback that answers what `answer` says, 200 with receipts by default. */
async function collector(answer: (nth: number) => Answer = () => ({ status: 200 })) {
  const received: Received[] = [];
  let nth = 0;
  let inFlight = 0;
  let inFlightMax = 0;
  const server: Server = createServer((request, response) => {
    inFlight += 1;
    inFlightMax = Math.max(inFlightMax, inFlight);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      inFlight -= 1;
      nth += 1;
      const sent = Buffer.concat(chunks);
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      const { batch } = JSON.parse(text.toString('utf8')) as { batch: Record<string, unknown>[] };
      const { status, headers } = answer(nth);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      if (status !== 200) return response.end('{"message":"not now"}');
      received.push({ headers: request.headers, bytes: text.length, batch });
      const receipts = batch.map(({ messageId, event }) =>
        event === 'Bad'
          ? { messageId, outcome: 'quarantined', reason: 'impossible-price' }
          : { messageId, outcome: 'accepted' },
      );
      return response.end(JSON.stringify({ success: true, receipts }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  const endpoint: CollectEndpoint = {
    collectUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writeKeys: {
      web: 'web_1_key',
      pos: 'pos_1_key',
      crm: 'crm_1_key',
      support: 'support_1_key',
      delivery: 'delivery_1_key',
    },
  };
  return { endpoint, received, inFlightMax: () => inFlightMax };
}

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const order = (id: number, padding = 0, name = 'Order Completed'): TrackEvent => ({
  type: 'track',
  event: name,
  messageId: `order-${id}`,
  userId: `${id}`,
  properties: { padding: 'x'.repeat(padding) },
  context: {},
});

describe('the batch poster', () => {
  it('sends gzipped batches of at most 100 events and 450 KB with the write key, a few at a time', async () => {
    const { endpoint, received, inFlightMax } = await collector();
    const poster = batchPoster(endpoint, { source: 'web', concurrency: 3 });
    for (let id = 0; id < 950; id += 1) await poster.send(order(id, id % 10 === 0 ? 40_000 : 10));
    const tally = await poster.close();
    expect(received.flatMap(({ batch }) => batch)).toHaveLength(950);
    expect(Math.max(...received.map(({ batch }) => batch.length))).toBeLessThanOrEqual(100);
    expect(Math.max(...received.map(({ bytes }) => bytes))).toBeLessThanOrEqual(450_100);
    expect(inFlightMax()).toBeLessThanOrEqual(3);
    expect(received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('web_1_key:').toString('base64')}`);
    expect(tally).toMatchObject({ sent: 950, failed: 0, retries: 0, receipts: { accepted: 950 } });
    expect(tally.latencyMs).toHaveLength(tally.requests);
  });

  it('sends an event larger than a batch should be in a batch of its own', async () => {
    const { endpoint, received } = await collector();
    const poster = batchPoster(endpoint, { source: 'web' });
    for (const event of [order(1), order(2, 600_000), order(3)]) await poster.send(event);
    await poster.close();
    expect(received.map(({ batch }) => batch.length)).toEqual([1, 1, 1]);
  });

  it('counts receipts by outcome and reason', async () => {
    const { endpoint } = await collector();
    const poster = batchPoster(endpoint, { source: 'web' });
    for (const event of [order(1), order(2, 0, 'Bad')]) await poster.send(event);
    const tally = await poster.close();
    expect(tally.receipts).toEqual({ accepted: 1, quarantined: 1, misdirected: 0 });
    expect([...tally.reasons]).toEqual([['quarantined: impossible-price', 1]]);
  });

  it('waits as Retry-After asks and sends the same batch again', async () => {
    const { endpoint, received } = await collector((nth) =>
      nth === 1
        ? { status: 429, headers: { 'retry-after': '1' } }
        : nth === 2
          ? { status: 503, headers: { 'retry-after': '0' } }
          : { status: 200 },
    );
    const startedAt = performance.now();
    const poster = batchPoster(endpoint, { source: 'web' });
    await poster.send(order(1));
    const tally = await poster.close();
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(received).toHaveLength(1);
    expect(tally).toMatchObject({ sent: 1, retries: 2, failed: 0 });
  });

  it('gives up on a 400 at once and on 503 after the tries it has', async () => {
    const refusing = await collector(() => ({ status: 400 }));
    const poster = batchPoster(refusing.endpoint, { source: 'web' });
    await poster.send(order(1));
    await expect(poster.close()).rejects.toThrow(/answered 400.*after 1 tries/);
    const down = await collector(() => ({ status: 503, headers: { 'retry-after': '0' } }));
    const other = batchPoster(down.endpoint, { source: 'web', attemptsMax: 3 });
    await other.send(order(1));
    await expect(other.close()).rejects.toThrow(/answered 503.*after 3 tries/);
  });

  it('refuses a source that the region has no key for', async () => {
    const { endpoint } = await collector();
    expect(() => batchPoster(endpoint, { source: 'fax' })).toThrow(/no write key for the source fax/);
  });
});

describe('the town, sent with the real Segment client', () => {
  const town = townOf({ seed: 3, now: Date.UTC(2026, 5, 1), jurisdictions: ['eu', 'uk'], customers: 120 });

  it('arrives whole: every event once, as it was meant, with the key of its source', async () => {
    const eu = await collector();
    const uk = await collector((nth) => (nth === 2 ? { status: 503 } : { status: 200 }));
    const tallies = await sendTown(town.events, { eu: eu.endpoint, uk: uk.endpoint });
    const arrived = [...eu.received, ...uk.received].flatMap(({ batch }) => batch);
    expect(arrived.map(({ messageId }) => messageId).sort()).toEqual(
      town.events.map(({ messageId }) => messageId).sort(),
    );
    expect((tallies.eu?.sent ?? 0) + (tallies.uk?.sent ?? 0)).toBe(town.events.length);
    expect(tallies.uk).toMatchObject({ retries: 1, failed: 0 });
    const bad = town.events.find(({ timestamp }) => timestamp === 'last Tuesday');
    if (bad !== undefined)
      expect(arrived.find(({ messageId }) => messageId === bad.messageId)?.timestamp).toBe('last Tuesday');
    const till = eu.received.find(
      ({ headers }) => headers.authorization === `Basic ${Buffer.from('pos_1_key:').toString('base64')}`,
    );
    expect(till?.batch.every(({ anonymousId }) => String(anonymousId).startsWith('till-'))).toBe(true);
  });

  it('carries Sec-GPC on the requests of those whose browsers send it, and on no others', async () => {
    const eu = await collector();
    const uk = await collector();
    await sendTown(town.events, { eu: eu.endpoint, uk: uk.endpoint });
    const signalled = new Set(town.events.filter(({ gpc }) => gpc).map(({ messageId }) => messageId));
    expect(signalled.size).toBeGreaterThan(0);
    for (const { headers, batch } of [...eu.received, ...uk.received]) {
      for (const { messageId } of batch)
        expect(signalled.has(String(messageId))).toBe(headers['sec-gpc'] === '1');
    }
  });
});
