import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../functions/kernel/time.ts';
import { normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';
import {
  jurisdictionCodes,
  jurisdictionOfCountry,
  jurisdictions,
} from '../../functions/registry/jurisdictions/index.ts';
import { normaliseAttribute } from '../../functions/registry/person/normalise.ts';
import { signalNamed } from '../../functions/registry/signals/index.ts';
import { townOf } from '../../lib/demo/town.ts';
import type { TownEvent } from '../../lib/demo/town-event.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const OPTIONS = { seed: 7, now: NOW, jurisdictions: ['eu', 'uk'] } as const;
const town = townOf(OPTIONS);
const named = (name: string): TownEvent[] =>
  town.events.filter(({ call }) => call.type === 'track' && call.event === name);
const isOrder = ({ call }: TownEvent): boolean => call.type === 'track' && call.event === 'Order Completed';
const share = (events: readonly TownEvent[]): number => events.length / town.events.length;
const meant = (intent: TownEvent['intent']): TownEvent[] =>
  town.events.filter((event) => event.intent === intent);

describe('the town', () => {
  it('is the same for the same seed, and another for another', () => {
    const small = { ...OPTIONS, customers: 60 };
    expect(townOf(small)).toEqual(townOf(small));
    expect(townOf({ ...small, seed: 8 }).events).not.toEqual(townOf(small).events);
  });

  it('has some 2,500 customers with 25,000 to 40,000 events in both jurisdictions', () => {
    expect(town.people).toHaveLength(2_500);
    expect(town.events.length).toBeGreaterThan(25_000);
    expect(town.events.length).toBeLessThan(40_000);
    for (const code of OPTIONS.jurisdictions) {
      expect(share(town.events.filter((event) => event.jurisdiction === code))).toBeGreaterThan(0.4);
    }
  });

  it.each(jurisdictionCodes)('lives in %s as well, and pays in its money', (code) => {
    const { events } = townOf({ ...OPTIONS, customers: 30, jurisdictions: [code] });
    for (const { context, intent, call } of events) {
      const { country = '', region } = context.location as { country?: string; region?: string };
      expect(jurisdictionOfCountry(country, region)).toBe(intent === 'misdirected' ? undefined : code);
      const { currency } = (call.type === 'track' ? call.properties : {}) as { currency?: string };
      expect([undefined, jurisdictions[code]?.currency]).toContain(currency);
    }
  });

  it('is sent in order of time, over six weeks that end now', () => {
    for (let at = 1; at < town.events.length; at += 1) {
      expect(town.events[at]?.sentAt).toBeGreaterThanOrEqual(town.events[at - 1]?.sentAt ?? 0);
    }
    expect(town.events.at(-1)?.sentAt).toBeLessThan(NOW);
    expect(town.events[0]?.sentAt).toBeGreaterThan(NOW - 45 * DAY_MS);
  });

  it('speaks from every kind of source', () => {
    expect(new Set(town.events.map(({ source }) => source))).toEqual(
      new Set(['web', 'pos', 'crm', 'support', 'delivery', 'survey']),
    );
  });

  it('never sends the truth about who is who', () => {
    for (const { personId, intent: _, sentAt: __, ...sent } of town.events.slice(0, 5_000)) {
      expect(JSON.stringify(sent)).not.toContain(`"${personId}`);
    }
  });

  it('gives each event a message id of its own, except for the ones sent twice', () => {
    const once = town.events.filter(({ intent }) => intent !== 'duplicate');
    expect(new Set(once.map(({ messageId }) => messageId)).size).toBe(once.length);
    const ids = new Set(once.map(({ messageId }) => messageId));
    for (const { messageId } of meant('duplicate')) expect(ids).toContain(messageId);
  });
});

describe('its people', () => {
  it('have addresses and numbers in reserved ranges that the product takes for identifiers, each a different one', () => {
    for (const person of town.people) {
      expect(person.email).toMatch(/@(mail\.example\.com|post\.example\.org|inbox\.example\.net)$/);
      expect(normaliseIdentifier('email', person.email)).toBe(person.email);
      expect(normaliseIdentifier('phone', person.phone), person.phone).toBe(person.phone);
    }
    for (const of of ['email', 'phone', 'userId', 'loyaltyId'] as const) {
      const values = town.people.map((person) => person[of]).filter((value) => value !== null);
      expect(new Set(values).size, of).toBe(values.length);
    }
  });

  it('are born, live somewhere, and state so to the account in a form that the product takes', () => {
    for (const { birthDate, address, country } of town.people) {
      expect(normaliseAttribute('birthDate', birthDate, country)).toBe(birthDate);
      expect(normaliseAttribute('postcode', address.postalCode, country), country).not.toBeNull();
    }
    const account = town.events.find(({ source, call }) => source === 'crm' && call.type === 'identify');
    const person = town.people.find(({ id }) => id === account?.personId);
    expect(account?.call).toMatchObject({
      traits: {
        firstName: person?.firstName,
        lastName: person?.lastName,
        birthday: person?.birthDate,
        address: person?.address,
      },
    });
  });

  it('have, some of them, a second address from which they order once as guests on a new device', () => {
    const guests = town.people.filter(({ secondEmail }) => secondEmail !== null);
    const holders = town.people.filter(({ userId }) => userId !== null);
    expect(guests.length / holders.length).toBeGreaterThan(0.05);
    expect(guests.length / holders.length).toBeLessThan(0.11);
    const byPerson = Map.groupBy(town.events, ({ personId }) => personId);
    let typingErrors = 0;
    for (const { id, secondEmail, userId, lastName, birthDate, anonymousIds } of guests) {
      expect(userId).not.toBeNull();
      const mine = byPerson.get(id) ?? [];
      const stated = mine.find(({ call }) => call.type === 'identify' && call.traits.email === secondEmail);
      const { anonymousId = '', call } = stated ?? {};
      if (call?.type !== 'identify') throw new Error('nothing was stated');
      expect(anonymousIds).not.toContain(anonymousId);
      expect(stated).not.toHaveProperty('userId');
      expect(call.traits.birthday).toBe(birthDate);
      if (call.traits.lastName !== lastName) typingErrors += 1;
      const orders = mine.filter((event) => event.anonymousId === anonymousId && isOrder(event));
      expect(orders.length).toBeGreaterThan(0);
    }
    expect(typingErrors).toBeGreaterThan(0);
    expect(typingErrors).toBeLessThan(guests.length / 2);
  });

  it('often browse unknown before they are known: the same browser is seen with and without an account', () => {
    const unknown = new Set<string>();
    const becameKnown = new Set<string>();
    for (const { anonymousId, userId, source } of town.events) {
      if (source !== 'web' || anonymousId === undefined) continue;
      if (userId === undefined) unknown.add(anonymousId);
      else if (unknown.has(anonymousId)) becameKnown.add(anonymousId);
    }
    expect(becameKnown.size).toBeGreaterThan(300);
  });

  it('choose at their first visit: most allow, some refuse, some never answer, some send Sec-GPC', () => {
    const answers = town.people.map(({ choices }) => choices?.profiling ?? null);
    const of = (answer: boolean | null): number =>
      answers.filter((given) => given === answer).length / answers.length;
    expect(of(true)).toBeGreaterThan(0.5);
    expect(of(false)).toBeGreaterThan(0.15);
    expect(of(null)).toBeGreaterThan(0.05);
    expect(town.events.some(({ gpc }) => gpc)).toBe(true);
    expect(named('Consent Changed').length).toBeGreaterThan(50);
  });
});

describe('what happens in it', () => {
  it.each([
    ['Order Completed', 1_500],
    ['Order Refunded', 100],
    ['Ticket Opened', 200],
    ['Ticket Escalated', 50],
    ['Ticket Resolved', 200],
    ['Shipment Delivered', 800],
    ['Shipment Delayed', 50],
    ['Survey Answered', 100],
    ['Account Updated', 100],
  ])('has %s at least %i times', (name, least) => {
    expect(named(name).length).toBeGreaterThanOrEqual(least);
  });

  it('leaves a few carts standing in the last hours, with nothing after them', () => {
    const carts = named('Cart Viewed').filter(({ timestamp }) => Date.parse(timestamp) > NOW - 8 * HOUR_MS);
    expect(carts.length).toBeGreaterThan(10);
    expect(carts.every(({ timestamp }) => Date.parse(timestamp) < NOW - HOUR_MS)).toBe(true);
  });

  it('has customers who called three times within the week, the last time today', () => {
    const byPerson = Map.groupBy(named('Ticket Opened'), ({ personId }) => personId);
    const repeated = [...byPerson.values()].filter((tickets) => {
      const times = tickets.map(({ timestamp }) => Date.parse(timestamp)).sort((a, b) => b - a);
      return (times[0] ?? 0) > NOW - DAY_MS && (times[2] ?? 0) > (times[0] ?? 0) - 7 * DAY_MS;
    });
    expect(repeated.length).toBeGreaterThan(5);
  });
});

describe('what it means well', () => {
  it('fits the catalogue: only what is meant to be bad is bad', () => {
    for (const { call, intent } of town.events) {
      if (intent === 'malformed' || call.type !== 'track') continue;
      const definition = signalNamed(call.event);
      if (intent === 'unknown') expect(definition).toBeUndefined();
      else expect(definition?.properties.safeParse(call.properties).success, JSON.stringify(call)).toBe(true);
    }
  });
});

describe('what goes wrong in it', () => {
  it.each([
    ['duplicate', 0.007, 0.013],
    ['late', 0.005, 0.013],
    ['malformed', 0.003, 0.007],
    ['misdirected', 0.001, 0.005],
    ['unknown', 0.002, 0.006],
  ] as const)('is, for %s, a share from %d to %d', (intent, from, to) => {
    expect(share(meant(intent))).toBeGreaterThan(from);
    expect(share(meant(intent))).toBeLessThan(to);
  });

  it('comes late by days', () => {
    for (const { sentAt, timestamp } of meant('late')) {
      if (sentAt < NOW - 1) expect(sentAt - Date.parse(timestamp)).toBeGreaterThanOrEqual(DAY_MS);
    }
  });

  it('concerns residents of places that no stack serves', () => {
    const countries = meant('misdirected').map(
      ({ context }) => (context.location as { country: string }).country,
    );
    expect(new Set(countries)).toEqual(new Set(['MX', 'NZ', 'TR']));
  });
});
