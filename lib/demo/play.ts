import { setTimeout as pause } from 'node:timers/promises';
import type { ConsentChoices, Purpose } from '../../functions/contracts/purposes.ts';
import { PURPOSES } from '../../functions/contracts/purposes.ts';
import { jurisdictionOfCountry } from '../../functions/registry/jurisdictions/index.ts';
import { UserError } from '../local/errors.ts';
import { homeOf, routeOf } from './countries.ts';
import { OrderFileError } from './order-lines.ts';
import { emptyTally, readOrders, scanOrders } from './orders.ts';
import { type BatchPoster, batchPoster } from './post-batches.ts';
import type { Progress } from './progress.ts';
import { sendTown } from './send-town.ts';
import { type Town, townOf } from './town.ts';
import {
  type CollectEndpoint,
  emptySendTally,
  joinTallies,
  type SendTally,
  type TrackEvent,
} from './wire.ts';

export type Endpoints = Readonly<Record<string, CollectEndpoint>>;

/** What a play sent, and what has to be said about it. */
export interface Played {
  readonly rows: number | null;
  readonly rowsInEvents: number;
  readonly stockAdjustments: number;
  readonly sent: Readonly<Record<string, SendTally>>;
  readonly assumedConsent: readonly Purpose[] | null;
  /** Absent for a file of orders, which doesn't say who is who. */
  readonly town?: Town;
  readonly notes: readonly string[];
}

export interface OrdersPlay {
  readonly file: string;
  readonly limit?: number;
  /** Purposes every customer is taken to allow; empty: the events carry no choice. */
  readonly assumeConsent: readonly Purpose[];
  readonly endpoints: Endpoints;
  readonly now: number;
  readonly progress: Progress;
  /** Called between the history, which is sent as fast as it goes, and the newest events, which are sent live. Absent:
   * all of it is history. */
  readonly beforeLive?: () => Promise<void>;
}

/** The newest events of a play come at a customers' pace, so that latencies mean something. */
const LIVE_EVENTS = 400;
const LIVE_EVENTS_PER_SECOND = 40;

/** The source whose key an import of orders uses: the shop. */
const ORDERS_SOURCE = 'web';

/** Reads a list such as `personalisation,profiling`, or `none`.
 * @throws UserError naming what is no purpose */
export function purposesIn(list: string): readonly Purpose[] {
  if (list.trim() === 'none') return [];
  return list.split(',').map((word) => {
    const purpose = PURPOSES.find((known) => known === word.trim());
    if (purpose === undefined) {
      throw new UserError(
        `${JSON.stringify(word)} is no purpose; use none, or some of ${PURPOSES.join(', ')}`,
      );
    }
    return purpose;
  });
}

/** One poster for each endpoint that gets anything. */
function postersTo(endpoints: Endpoints) {
  const posters = new Map<string, BatchPoster>();
  return {
    to(code: string): BatchPoster {
      const existing = posters.get(code);
      if (existing !== undefined) return existing;
      const endpoint = endpoints[code];
      if (endpoint === undefined) throw new UserError(`no region runs for ${code}`);
      const poster = batchPoster(endpoint, { source: ORDERS_SOURCE });
      posters.set(code, poster);
      return poster;
    },
    async close(): Promise<Record<string, SendTally>> {
      const sent: Record<string, SendTally> = {};
      for (const code of Object.keys(endpoints))
        sent[code] = (await posters.get(code)?.close()) ?? emptySendTally();
      return sent;
    },
  };
}

/** Imports a file of order lines into running regions.
 * @throws UserError when the file can't be read; Error when a region stops answering */
export async function playOrders(play: OrdersPlay): Promise<Played> {
  try {
    return await sendOrders(play);
  } catch (error) {
    if (error instanceof OrderFileError) throw new UserError(error.message, { cause: error });
    throw error;
  }
}

async function sendOrders({
  file,
  limit,
  assumeConsent,
  endpoints,
  now,
  progress,
  beforeLive,
}: OrdersPlay): Promise<Played> {
  const running = Object.keys(endpoints);
  const options = limit === undefined ? {} : { limit };
  const scan = await scanOrders(file, now, limit, (row) => progress.step('reading order lines:', row));
  progress.end();
  const shiftMs = scan.newestAt === null ? 0 : now - scan.newestAt;
  const consent: ConsentChoices = Object.fromEntries(assumeConsent.map((purpose) => [purpose, true]));
  const tally = emptyTally();
  const posters = postersTo(endpoints);
  const orders = readOrders(
    file,
    scan,
    {
      ...options,
      shiftMs,
      ...(assumeConsent.length === 0 ? {} : { consent }),
      route: (residence) => routeOf(residence, running, jurisdictionOfCountry),
    },
    tally,
  );
  const newest: { readonly event: TrackEvent; readonly jurisdiction: string }[] = [];
  for await (const order of orders) {
    progress.step('sending orders: rows', tally.rowsInEvents + tally.stockAdjustments, scan.rows);
    newest.push(order);
    const oldest = newest.length > (beforeLive === undefined ? 0 : LIVE_EVENTS) ? newest.shift() : undefined;
    if (oldest !== undefined) await posters.to(oldest.jurisdiction).send(oldest.event);
  }
  const sent = await posters.close();
  await beforeLive?.();
  const livePosters = postersTo(endpoints);
  for (const [index, { event, jurisdiction }] of newest.entries()) {
    progress.step('sending orders live:', index + 1, newest.length);
    await livePosters.to(jurisdiction).send(event);
    livePosters.to(jurisdiction).flush();
    await pause(1_000 / LIVE_EVENTS_PER_SECOND);
  }
  for (const [code, live] of Object.entries(await livePosters.close())) {
    sent[code] = joinTallies(sent[code] ?? emptySendTally(), live);
  }
  progress.end();
  return {
    rows: scan.rows,
    rowsInEvents: tally.rowsInEvents,
    stockAdjustments: tally.stockAdjustments,
    sent,
    assumedConsent: assumeConsent,
    notes: [
      assumeConsent.length === 0
        ? 'The file carries no consent and none was assumed: the lawful defaults decide.'
        : `The file carries no consent: every customer was assumed to allow ${assumeConsent.join(' and ')}.`,
      ...(scan.newestAt === null
        ? []
        : [`Times were shifted by ${Math.round(shiftMs / 86_400_000)} days, so that the newest is now.`]),
      `Orders of countries whose jurisdiction does not run go to ${homeOf(running)}, which refuses them as misdirected.`,
      ...[...tally.rules].map(([rule, events]) => `${rule} (${events.toLocaleString('en-US')} orders).`),
      ...(tally.splitInvoices === 0
        ? []
        : [`${tally.splitInvoices} invoices were sent in parts: too many were open at once.`]),
    ],
  };
}

/** Plays the town with Segment's client. */
export async function playTown(options: {
  readonly seed: number;
  readonly endpoints: Endpoints;
  readonly now: number;
  readonly progress: Progress;
  readonly stopped?: AbortSignal;
  readonly beforeLive?: () => Promise<void>;
}): Promise<Played> {
  const { seed, endpoints, now, progress, beforeLive } = options;
  const town = townOf({ seed, now, jurisdictions: Object.keys(endpoints) });
  let answered = 0;
  const onSent = (events: number): void => {
    answered += events;
    progress.step('the town lives: signals', answered, town.events.length);
  };
  const sending = { onSent, ...(options.stopped === undefined ? {} : { stopped: options.stopped }) };
  const liveFrom =
    beforeLive === undefined ? town.events.length : Math.max(0, town.events.length - LIVE_EVENTS);
  const sent: Record<string, SendTally> = {
    ...(await sendTown(town.events.slice(0, liveFrom), endpoints, sending)),
  };
  progress.end();
  await beforeLive?.();
  const pace = { ...sending, eventsPerSecond: LIVE_EVENTS_PER_SECOND };
  const live = await sendTown(town.events.slice(liveFrom), endpoints, pace);
  for (const [code, tally] of Object.entries(live))
    sent[code] = joinTallies(sent[code] ?? emptySendTally(), tally);
  progress.end();
  return {
    rows: null,
    rowsInEvents: 0,
    stockAdjustments: 0,
    sent,
    assumedConsent: null,
    town,
    notes: [
      `The town (seed ${seed}) has ${town.people.length.toLocaleString('en-US')} invented customers, who made their own choices about consent.`,
    ],
  };
}
