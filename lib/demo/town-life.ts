import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../functions/kernel/time.ts';
import { unitsPerEuro } from '../../functions/registry/currencies.ts';
import type { Diary, Recognised } from './town-diary.ts';
import { type Habit, statedBy } from './town-people.ts';

export const TOWN_DAYS = 42;

interface Rhythm {
  readonly visitsPerWeek: number;
  /** Share of visits that end in an order. */
  readonly buys: number;
  /** Median price of one product, in euros or about as much of another currency. */
  readonly spend: number;
  /** Days before now on which the person was last active; 0: still is. */
  readonly silentDays: number;
}

const RHYTHMS: Readonly<Record<Habit, Rhythm>> = {
  browser: { visitsPerWeek: 0.24, buys: 0.02, spend: 18, silentDays: 0 },
  occasional: { visitsPerWeek: 0.22, buys: 0.3, spend: 22, silentDays: 0 },
  regular: { visitsPerWeek: 0.42, buys: 0.5, spend: 26, silentDays: 0 },
  loyal: { visitsPerWeek: 0.85, buys: 0.6, spend: 48, silentDays: 0 },
  lapsing: { visitsPerWeek: 1.6, buys: 0.85, spend: 70, silentDays: 19 },
  returner: { visitsPerWeek: 0.4, buys: 0.7, spend: 34, silentDays: 0 },
  troubled: { visitsPerWeek: 0.4, buys: 0.55, spend: 30, silentDays: 0 },
};

/** Lives one person's weeks into the diary. */
export function live(diary: Diary): void {
  const { person, random, now } = diary;
  const rhythm = RHYTHMS[person.habit];
  const born = now - TOWN_DAYS * DAY_MS;
  const until = now - rhythm.silentDays * DAY_MS;
  let known = false;
  let at = born + random.exponential((7 * DAY_MS) / rhythm.visitsPerWeek) * 0.7;
  if (person.choices !== null && random.chance(0.25) && person.userId !== null)
    chooseWithAgent(diary, at - 2 * MINUTE_MS);
  while (at < until) {
    const inStore = person.loyaltyId !== null && random.chance(0.22);
    if (inStore) buyAtTill(diary, at, rhythm.spend);
    else known = visit(diary, at, rhythm, known);
    at += 4 * HOUR_MS + random.exponential((7 * DAY_MS) / rhythm.visitsPerWeek);
  }
  if (person.userId !== null) account(diary, born);
  if (person.habit === 'troubled') trouble(diary);
  else if (random.chance(0.05)) ticket(diary, now - random.next() * TOWN_DAYS * DAY_MS);
  if (person.habit === 'browser' && random.chance(0.06)) abandon(diary);
}

/** One visit to the shop's site. @returns whether the browser is signed in from now on. */
function visit(diary: Diary, startAt: EpochMs, rhythm: Rhythm, known: boolean): boolean {
  const { person, random } = diary;
  const anonymousId = random.pick(person.anonymousIds);
  let who: Recognised =
    known && person.userId !== null ? { anonymousId, userId: person.userId } : { anonymousId };
  let at = startAt;
  const step = (): EpochMs => {
    at += random.int(8, 90) * SECOND_MS;
    return at;
  };
  diary.note(at, 'web', who, { type: 'page', name: 'Home', properties: { path: '/' } });
  if (random.chance(0.4))
    diary.track(step(), 'web', who, 'Products Searched', {
      query: random.pick(['lantern', 'kettle', 'scarf', 'lamp']),
    });
  else
    diary.track(step(), 'web', who, 'Product List Viewed', {
      category: random.pick(['kitchen', 'garden', 'gifts', 'home']),
    });
  const basket: Record<string, unknown>[] = [];
  for (let looks = random.int(1, 2); looks > 0; looks -= 1) basket.push(productOf(diary, rhythm.spend));
  for (const product of basket) diary.track(step(), 'web', who, 'Product Viewed', product);
  if (!random.chance(rhythm.buys)) return known;

  if (!known && person.userId !== null) {
    who = { anonymousId, userId: person.userId };
    diary.note(
      step(),
      'web',
      { ...who, traits: { email: person.email } },
      { type: 'identify', traits: { firstName: person.firstName } },
    );
  }
  diary.track(step(), 'web', who, 'Product Added', basket[0] ?? {});
  diary.track(step(), 'web', who, 'Checkout Started', { ...totalOf(diary, basket) });
  const buyer: Recognised =
    person.userId === null
      ? { anonymousId, traits: { email: person.email } }
      : { ...who, traits: { email: person.email } };
  order(diary, step(), 'web', buyer, basket);
  return known || person.userId !== null;
}

/** An order, with what follows from it. */
export function order(
  diary: Diary,
  at: EpochMs,
  source: 'web' | 'pos',
  buyer: Recognised,
  basket: readonly Record<string, unknown>[],
): void {
  const { person, random } = diary;
  const orderId = `${source === 'web' ? 'W' : 'S'}${random.int(1_000_000, 9_999_999)}`;
  diary.track(at, source, buyer, 'Order Completed', {
    order_id: orderId,
    ...totalOf(diary, basket),
    products: basket,
  });
  if (random.chance(0.06)) {
    diary.track(at + random.int(2, 12) * DAY_MS, source, buyer, 'Order Refunded', {
      order_id: orderId,
      currency: diary.person.currency,
      products: basket.slice(0, 1),
    });
  }
  if (source === 'pos') return;
  ship(diary, at, orderId);
  if (person.userId !== null && random.chance(0.12)) survey(diary, at + random.int(3, 6) * DAY_MS);
}

function ship(diary: Diary, orderedAt: EpochMs, orderId: string): void {
  const { random } = diary;
  const who = deskView(diary);
  const sentAt = orderedAt + random.int(4, 30) * HOUR_MS;
  const delayed = random.chance(diary.person.habit === 'troubled' ? 0.5 : 0.08);
  if (delayed)
    diary.track(sentAt + random.int(20, 40) * HOUR_MS, 'delivery', who, 'Shipment Delayed', {
      order_id: orderId,
    });
  const deliveredAt = sentAt + random.int(18, 60) * HOUR_MS + (delayed ? random.int(1, 4) * DAY_MS : 0);
  const promisedAt = new Date(sentAt + 60 * HOUR_MS).toISOString();
  diary.track(deliveredAt, 'delivery', who, 'Shipment Delivered', {
    order_id: orderId,
    on_time: !delayed,
    promised_by: promisedAt,
  });
}

function buyAtTill(diary: Diary, at: EpochMs, spend: number): void {
  const { person, random } = diary;
  const receipt = `till-${random.int(1, 9)}-${random.int(100_000, 999_999)}`;
  const buyer: Recognised = { anonymousId: receipt, traits: { loyaltyId: person.loyaltyId ?? '' } };
  order(diary, at, 'pos', buyer, [productOf(diary, spend), productOf(diary, spend)]);
}

/** What the customer system knows: the account with its address and number, and changes to it. */
function account(diary: Diary, bornAt: EpochMs): void {
  const { person, random } = diary;
  const traits: Record<string, string> = {
    email: person.email,
    ...(random.chance(0.7) ? { phone: person.phone } : {}),
    ...(person.loyaltyId === null ? {} : { loyaltyId: person.loyaltyId }),
  };
  const who: Recognised = { userId: person.userId ?? '' };
  diary.note(
    bornAt + random.next() * TOWN_DAYS * DAY_MS,
    'crm',
    { ...who, traits },
    { type: 'identify', traits: statedBy(person) },
  );
  if (random.chance(0.15)) {
    diary.track(
      bornAt + random.next() * TOWN_DAYS * DAY_MS,
      'crm',
      { ...who, traits: { email: person.email } },
      'Account Updated',
      {},
    );
  }
}

function chooseWithAgent(diary: Diary, at: EpochMs): void {
  diary.track(at, 'crm', { userId: diary.person.userId ?? '' }, 'Consent Changed', {
    choices: diary.person.choices,
  });
}

/** How a desk that isn't the shop knows the person: the account if there is one, else the address they gave. */
function deskView(diary: Diary): Recognised {
  const { person, random } = diary;
  if (person.userId !== null) return { userId: person.userId };
  return { anonymousId: `desk-${random.int(1_000_000, 9_999_999)}`, traits: { email: person.email } };
}

function ticket(diary: Diary, at: EpochMs): void {
  const { random } = diary;
  const who = deskView(diary);
  const ticketId = `T${random.int(100_000, 999_999)}`;
  const channel = random.pick(['phone', 'email', 'chat']);
  diary.track(at, 'support', who, 'Ticket Opened', { ticket_id: ticketId, channel });
  const escalated = random.chance(diary.person.habit === 'troubled' ? 0.4 : 0.1);
  if (escalated)
    diary.track(at + random.int(1, 20) * HOUR_MS, 'support', who, 'Ticket Escalated', {
      ticket_id: ticketId,
      channel,
    });
  const minutes = random.int(10, 2_000);
  diary.track(at + minutes * MINUTE_MS, 'support', who, 'Ticket Resolved', {
    ticket_id: ticketId,
    first_contact: !escalated,
    minutes,
  });
  if (random.chance(0.3)) survey(diary, at + minutes * MINUTE_MS + 2 * HOUR_MS);
}

/** Contacts that repeat within days, and money that goes back: what the alert rules look for. */
function trouble(diary: Diary): void {
  const { random, now } = diary;
  const newestAt = now - (random.chance(0.4) ? random.int(1, 16) * HOUR_MS : random.int(3, 35) * DAY_MS);
  for (let contacts = random.int(2, 5), at = newestAt; contacts > 0; contacts -= 1) {
    ticket(diary, at);
    at -= random.int(6, 30) * HOUR_MS;
  }
  if (!random.chance(0.45)) return;
  const who = deskView(diary);
  for (let refunds = random.int(2, 5), at = newestAt - 10 * MINUTE_MS; refunds > 0; refunds -= 1) {
    diary.track(at, 'crm', who, 'Order Refunded', {
      order_id: `W${random.int(1_000_000, 9_999_999)}`,
      total: priceOf(diary, 60),
      currency: diary.person.currency,
    });
    at -= random.int(5, 48) * HOUR_MS;
  }
}

function survey(diary: Diary, at: EpochMs): void {
  const { random, person } = diary;
  const unhappy = person.habit === 'troubled';
  const asked = random.pick(['nps', 'csat', 'ces']);
  const score =
    asked === 'nps'
      ? random.int(unhappy ? 0 : 6, unhappy ? 6 : 10)
      : random.int(unhappy ? 1 : 3, unhappy ? 2 : 5);
  diary.track(at, 'survey', deskView(diary), 'Survey Answered', { survey: asked, score });
}

/** A cart left standing in the last hours: nothing more will be heard of it. */
function abandon(diary: Diary): void {
  const { person, random, now } = diary;
  const at = now - random.int(70, 400) * MINUTE_MS;
  const anonymousId = random.pick(person.anonymousIds);
  const who: Recognised = person.userId === null ? { anonymousId } : { anonymousId, userId: person.userId };
  const products = [productOf(diary, 45)];
  diary.track(at, 'web', who, 'Product Added', products[0] ?? {});
  diary.track(at + 20 * SECOND_MS, 'web', who, 'Cart Viewed', { ...totalOf(diary, products), products });
}

/** @param median in euros: in another currency as many times more as it is worth less, roughly */
function priceOf({ random, person }: Diary, median: number): number {
  const scale = Math.max(1, Math.round(unitsPerEuro(person.currency)));
  return Math.round(random.logNormal(median, 0.5) * scale * 100) / 100;
}

/** Something that the person buys, at about what they spend. */
export function productOf(diary: Diary, spend: number): Record<string, unknown> {
  const { random } = diary;
  return {
    product_id: `SKU-${random.int(100, 999)}`,
    price: priceOf(diary, spend),
    quantity: random.chance(0.8) ? 1 : random.int(2, 4),
    currency: diary.person.currency,
  };
}

function totalOf(diary: Diary, basket: readonly Record<string, unknown>[]): Record<string, unknown> {
  const total = basket.reduce((sum, line) => sum + Number(line.price) * Number(line.quantity), 0);
  return { total: Math.round(total * 100) / 100, currency: diary.person.currency };
}
