import { createSecretKey } from 'node:crypto';
import { packedRecords } from '../functions/adapters/aws/put-records.ts';
import type { Signal } from '../functions/contracts/signal.ts';
import { type JurisdictionSecrets, writeKeyOf } from '../functions/contracts/tokens.ts';
import { DAY_MS, HOUR_MS } from '../functions/kernel/time.ts';
import { collect } from '../functions/pipeline/1-collect/collect.ts';
import { policyOf } from '../functions/pipeline/1-collect/setting.ts';
import { web } from '../functions/registry/sources/web.ts';
import type { StreamEvent } from '../functions/runtime/stream-handler.ts';

/** The events that the benchmarks send: a shop with browsing, orders, tickets and deliveries, about 1 KB each on the wire
 * as the common client libraries write them. The same numbers give the same events. */
export const NOW = Date.UTC(2026, 5, 1, 12);

const key = (fill: number) => createSecretKey(Buffer.alloc(32, fill));
export const secrets: JurisdictionSecrets = {
  identifiers: key(1),
  messages: key(2),
  writeKeys: key(3),
  attributesInTransit: key(5),
  subjectKeys: key(4),
};
export const BUCKETS = 8;

export const policy = (jurisdiction: string) => {
  const settings: Readonly<Record<string, string>> = {
    JURISDICTION: jurisdiction,
    SIGNAL_BUCKETS: String(BUCKETS),
    PEER_ENDPOINTS: '{}',
  };
  return policyOf((name) => settings[name] ?? '', secrets);
};
export const authorization = `Basic ${Buffer.from(`${writeKeyOf(secrets, web)}:`).toString('base64')}`;

const WORDS =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';

export interface EventOptions {
  readonly id: string;
  readonly customer: number;
  /** Place in the customer's own series: decides which kind of event it is. */
  readonly turn: number;
  readonly at: number;
  /** Whether the shop's consent banner was answered with yes. */
  readonly consent: boolean;
}

/** One event. Of twenty, eight are pages, four products, three orders, two tickets and three deliveries; browsing carries
 * an anonymous id besides the account's, the rest the account's alone. */
export function eventOf({ id, customer, turn, at, consent }: EventOptions): Record<string, unknown> {
  const timestamp = new Date(at).toISOString();
  const base = {
    messageId: `node-${id}-5c2f0d4e-8d0b-4b8e-9a53-1f3c1f4d2a11`,
    userId: `customer-${customer}`,
    timestamp,
    originalTimestamp: timestamp,
    integrations: {},
    _metadata: { nodeVersion: '24.21.0', jsRuntime: 'node' },
    context: {
      library: { name: '@segment/analytics-node', version: '3.1.0' },
      userAgent: WORDS,
      locale: 'de-DE',
      timezone: 'Europe/Berlin',
      page: {
        path: '/lamps/desk',
        referrer: 'https://shop.example/lamps',
        url: 'https://shop.example/lamps/desk?sort=price',
      },
      ...(consent
        ? { consent: { categoryPreferences: { analytics: true, personalisation: true, profiling: true } } }
        : {}),
    },
  };
  const anonymousId = `anonymous-${customer}`;
  const kind = (customer * 7 + turn * 11) % 20;
  const track = (event: string, properties: Record<string, unknown>) => ({
    ...base,
    type: 'track',
    event,
    properties,
  });
  if (kind < 8)
    return {
      ...base,
      anonymousId,
      type: 'page',
      name: 'Desk lamps',
      properties: { title: 'Desk lamps', url: 'https://shop.example/lamps/desk' },
    };
  if (kind < 12)
    return {
      ...track('Product Viewed', {
        product_id: `sku-${kind}`,
        price: 19.9,
        currency: 'EUR',
        name: 'Desk lamp',
      }),
      anonymousId,
    };
  if (kind < 15) {
    const products = [1, 2, 3].map((line) => ({
      product_id: `sku-${line}`,
      sku: `SKU-${line}`,
      name: 'Desk lamp',
      price: 9.5 + line,
      quantity: line,
    }));
    return track('Order Completed', { order_id: `order-${id}`, total: 73, currency: 'EUR', products });
  }
  if (kind < 17)
    return track('Ticket Opened', {
      ticket_id: `ticket-${id}`,
      channel: 'chat',
      subject: 'Where is my lamp?',
    });
  return track('Shipment Delivered', {
    shipment_id: `shipment-${id}`,
    delivered_at: timestamp,
    on_time: true,
  });
}

/** Requests as clients send them.
 * @param perSubject events of one subject in the whole; they come in a row, as sessions do
 * @param known share of customers that {@link history} told of; the rest is new */
export function requests(options: {
  readonly series: string;
  readonly events: number;
  readonly perSubject: number;
  readonly perRequest: number;
  readonly known: number;
  readonly consent: boolean;
  /** Number of the batch in a row of them: each customer goes on with other kinds of events. */
  readonly round?: number;
  /** Time of the first event; the others follow, ten a second. */
  readonly from?: number;
}): readonly (readonly Record<string, unknown>[])[] {
  const { series, events, perSubject, perRequest, known, consent, from = NOW - HOUR_MS, round = 0 } = options;
  const subjects = Math.ceil(events / perSubject);
  const all = Array.from({ length: events }, (_, index) => {
    const subject = Math.floor(index / perSubject);
    const isKnown = subject < Math.round(subjects * known);
    return eventOf({
      id: `${series}-${index}`,
      customer: isKnown ? subject : STRANGERS_FROM + subject + SUBJECTS_MAX * hash(series),
      turn: round * perSubject + (index % perSubject),
      at: from + index * 100,
      consent,
    });
  });
  return Array.from({ length: Math.ceil(all.length / perRequest) }, (_, at) =>
    all.slice(at * perRequest, (at + 1) * perRequest),
  );
}

const STRANGERS_FROM = 1_000_000;
export const SUBJECTS_MAX = 1_000;
const hash = (text: string): number =>
  [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 100_003, 7);

/** The past of {@link SUBJECTS_MAX} customers: twelve events each, over nine weeks, in three batches. */
export function history(
  consent: boolean,
): readonly { readonly at: number; readonly requests: readonly (readonly Record<string, unknown>[])[] }[] {
  return [60, 30, 7].map((daysAgo) => {
    const at = NOW - daysAgo * DAY_MS;
    const events = Array.from({ length: SUBJECTS_MAX * 4 }, (_, index) =>
      eventOf({
        id: `past-${daysAgo}-${index}`,
        customer: index >> 2,
        turn: (index & 3) * 5 + daysAgo,
        at: at - DAY_MS + index * 1_000,
        consent,
      }),
    );
    return {
      at,
      requests: Array.from({ length: events.length / 100 }, (_, part) =>
        events.slice(part * 100, (part + 1) * 100),
      ),
    };
  });
}

/** Signals of one request as `collect` would put them on the stream, by bucket. */
export const signalsOf = (
  request: readonly unknown[],
  jurisdiction: string,
  receivedAt: number,
): ReadonlyMap<string, readonly Signal[]> =>
  collect({ source: web, events: request, sentAt: null, receivedAt, gpc: false }, policy(jurisdiction))
    .signals;

/** What Lambda hands to `understand` for the requests: packed records, in base64. */
export function streamEventOf(
  all: readonly (readonly unknown[])[],
  jurisdiction: string,
  receivedAt = NOW,
  sequence = 0,
): StreamEvent {
  const records = all
    .flatMap((request) => [...signalsOf(request, jurisdiction, receivedAt)])
    .flatMap(([bucket, signals]) => packedRecords(bucket, signals));
  return {
    Records: records.map(({ partitionKey, bytes }, index) => ({
      eventID: `shardId-000000000000:${sequence + index}`,
      kinesis: {
        data: Buffer.from(bytes).toString('base64'),
        partitionKey,
        sequenceNumber: String(sequence + index).padStart(20, '0'),
        approximateArrivalTimestamp: receivedAt / 1_000,
      },
    })),
  };
}
