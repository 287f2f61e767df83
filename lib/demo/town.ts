import { DAY_MS, type EpochMs, HOUR_MS } from '../../functions/kernel/time.ts';
import { type Random, randomOf } from './random.ts';
import { diaryOf, messageIdOf } from './town-diary.ts';
import type { Intent, TownEvent } from './town-event.ts';
import { live, TOWN_DAYS } from './town-life.ts';
import { type Person, personOf } from './town-people.ts';
import { orderAsGuest } from './town-second-address.ts';

export interface TownOptions {
  readonly seed: number;
  /** The town's last moment: nothing happens or is sent after it. */
  readonly now: EpochMs;
  /** Jurisdictions people live in, by their stacks' codes. */
  readonly jurisdictions: readonly string[];
  readonly customers?: number;
}

export interface Town {
  readonly people: readonly Person[];
  /** In the order in which they are sent. */
  readonly events: readonly TownEvent[];
}

const CUSTOMERS = 2_500;
/** Shares of all events. */
const DUPLICATES = 0.01;
const LATE = 0.01;
const MALFORMED = 0.005;
const MISDIRECTED = 0.003;
const UNKNOWN = 0.004;
/** Countries that no jurisdiction of the registry covers. */
const ELSEWHERE = ['MX', 'NZ', 'TR'] as const;

/**
 * Invents a retailer's weeks: who lives where, what they look at, buy, send back, complain about and agree to, and
 * what goes wrong on the way. The same options give the same town, event by event.
 */
export function townOf(options: TownOptions): Town {
  const root = randomOf(`town/${options.seed}`);
  const people: Person[] = [];
  const events: TownEvent[] = [];
  for (let index = 0; index < (options.customers ?? CUSTOMERS); index += 1) {
    const random = root.fork(`person/${index}`);
    const person = personOf(index, options.jurisdictions, random.fork('who'));
    const home = options.jurisdictions[index % options.jurisdictions.length] ?? 'eu';
    const diary = diaryOf(person, home, options.now, random.fork('life'));
    live(diary);
    const guest = diaryOf(person, home, options.now, random.fork('second address'));
    orderAsGuest(guest);
    people.push(person);
    events.push(
      ...[...diary.events, ...guest.events].flatMap((event) => mishaps(event, options.now, random)),
    );
  }
  // `sort` is stable, so equal times keep the order of people and events.
  return { people, events: events.sort((one, other) => one.sentAt - other.sentAt) };
}

/** What becomes of an event on its way: most arrive as they are. */
function mishaps(event: TownEvent, now: EpochMs, random: Random): TownEvent[] {
  const fate = random.next();
  const at = (share: number, below: number): boolean => fate >= below && fate < below + share;
  let below = 0;
  if (at(DUPLICATES, below)) {
    const again = Math.min(now - 1, event.sentAt + random.int(1, 36 * 60) * (HOUR_MS / 60));
    return [event, { ...event, intent: 'duplicate', sentAt: again }];
  }
  below += DUPLICATES;
  if (at(LATE, below) && event.source === 'web') {
    return [
      { ...event, intent: 'late', sentAt: Math.min(now - 1, event.sentAt + random.int(1, 6) * DAY_MS) },
    ];
  }
  below += LATE;
  if (at(MALFORMED, below)) return [event, garbled(event, random)];
  below += MALFORMED;
  if (at(MISDIRECTED, below)) return [event, stray(event, random)];
  below += MISDIRECTED;
  if (at(UNKNOWN, below)) {
    const properties = { widget: random.pick(['size-guide', 'store-finder', 'gift-finder']) };
    return [
      event,
      reborn(event, 'unknown', random, {
        source: 'web',
        call: { type: 'track', event: 'Widget Opened', properties },
      }),
    ];
  }
  return [event];
}

const reborn = (event: TownEvent, intent: Intent, random: Random, change: Partial<TownEvent>): TownEvent => ({
  ...event,
  intent,
  messageId: messageIdOf(random),
  ...change,
});

/** A resident of a jurisdiction that this deployment doesn't serve. */
function stray(event: TownEvent, random: Random): TownEvent {
  const { userId: _, ...rest } = event;
  return reborn(rest, 'misdirected', random, {
    source: 'web',
    gpc: false,
    anonymousId: `anon-visitor-${random.int(1_000_000, 9_999_999)}`,
    context: { location: { country: random.pick(ELSEWHERE) } },
    call: { type: 'page', name: 'Home', properties: { path: '/' } },
  });
}

/** An event that a bug somewhere made impossible. */
function garbled(event: TownEvent, random: Random): TownEvent {
  const order = (properties: Record<string, unknown>): Partial<TownEvent> => ({
    source: 'web',
    call: { type: 'track', event: 'Order Completed', properties },
  });
  switch (
    random.weighted({ price: 3, quantity: 2, name: 2, time: 2, future: 1, shape: 2, nobody: 1, tooOld: 1 })
  ) {
    case 'price':
      return reborn(
        event,
        'malformed',
        random,
        order({ order_id: 'X1', products: [{ product_id: 'SKU-1', price: -19.9, quantity: 1 }] }),
      );
    case 'quantity':
      return reborn(
        event,
        'malformed',
        random,
        order({ order_id: 'X2', products: [{ product_id: 'SKU-2', price: 5, quantity: 0.5 }] }),
      );
    case 'name':
      return reborn(event, 'malformed', random, {
        source: 'web',
        call: { type: 'track', event: '', properties: {} },
      });
    case 'time':
      return reborn(event, 'malformed', random, { timestamp: 'last Tuesday' });
    case 'future':
      return reborn(event, 'malformed', random, {
        timestamp: new Date(event.sentAt + (TOWN_DAYS + 365) * DAY_MS).toISOString(),
      });
    case 'tooOld':
      return reborn(event, 'malformed', random, { timestamp: '1970-01-01T00:00:00.000Z' });
    case 'shape':
      return reborn(
        event,
        'malformed',
        random,
        order({ order_id: ['X3'], products: 'two lamps and a kettle' }),
      );
    case 'nobody': {
      const { userId: _, anonymousId: __, context: ___, ...rest } = event;
      return reborn(
        { ...rest, context: { location: (event.context as { location?: unknown }).location } },
        'malformed',
        random,
        {
          source: 'web',
          anonymousId: 'null',
          call: { type: 'page', name: 'Home', properties: {} },
        },
      );
    }
  }
}
