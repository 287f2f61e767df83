import { describe, expect, it, vi } from 'vitest';
import { conflictPageSchema } from '../../../functions/contracts/conflicts-api.ts';
import { consentViewSchema } from '../../../functions/contracts/consents-api.ts';
import {
  linksViewSchema,
  reviewPageSchema,
  unmergeAnswerSchema,
} from '../../../functions/contracts/identity-api.ts';
import { alertPageSchema, profileViewSchema } from '../../../functions/contracts/operations.ts';
import { sealInTransit } from '../../../functions/contracts/person.ts';
import type { PrivacyRequestType } from '../../../functions/contracts/privacy-requests.ts';
import type { Fact, Signal } from '../../../functions/contracts/signal.ts';
import { orderedPair, subjectIdOf } from '../../../functions/contracts/subject.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { PrivacyRegion, tokenOf } from '../../rights/privacy-request/harness.ts';
import { ALL, from, operations, order, type Who } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const ADA: Who = { userId: 'ada', email: 'ada@mail.example.org' };
const BOB: Who = { userId: 'bob' };
const SCOPES = ['profiles:read', 'attributes:read'];

/** A stack whose operations API and privacy requests are over the same customers. */
function stack(jurisdiction = 'eu') {
  const privacy = new PrivacyRegion(jurisdiction);
  const served = operations(jurisdiction, privacy.region);
  return {
    ...served,
    privacy,
    asks: async (type: PrivacyRequestType, userId: string): Promise<string> => {
      const requestId = await privacy.verified(type, [{ type: 'userId', value: userId }]);
      await privacy.run(requestId);
      await served.send(privacy.sent.splice(0));
      return requestId;
    },
    profile: async (...who: readonly (readonly [string, string])[]) => {
      const identifiers = who.map(([type, value]) => ({ type, value }));
      const answer = await served.ask('POST /v1/profiles/lookup', { body: { identifiers }, scopes: SCOPES });
      expect(answer.status).toBe(200);
      return profileViewSchema.strict().parse(answer.body);
    },
  };
}

/** A year of a good customer: orders, contacts, visits, a cart, attributes and an alert. */
function lifeOf(who: Who): readonly Signal[] {
  const on = (days: number) => ({ occurredAt: NOW - days * DAY_MS, consent: ALL });
  const visit: Fact = { kind: 'visit', depth: 5 };
  const call: Fact = { kind: 'contact', channel: 'phone', escalated: false };
  const account = from(who, [], { name: 'Account Updated', eventClass: 'account', sourceId: 'web' });
  return [
    ...Array.from({ length: 12 }, (_, week) => from(who, [order(20_000)], on(7 * week + 1))),
    ...[5, 4, 3, 2].map((day) =>
      from(who, [visit], { ...on(day), purposes: ['analytics', 'personalisation', 'profiling'] }),
    ),
    ...[3, 2, 1].map((day) => from(who, [call], on(day))),
    from(who, [{ kind: 'delivery', onTime: true, hour: 9 }], on(6)),
    from(who, [{ kind: 'satisfaction', score: 80 }], on(5)),
    { ...account, person: sealInTransit(SECRETS, { surname: 'Lovelace' }, account.messageToken) },
  ];
}

/** Of one of whom hardly anything is known. */
const glimpse = (who: Who): readonly Signal[] => [from(who, [{ kind: 'visit', depth: 1 }], { consent: ALL })];

describe('somebody of whom processing is restricted', () => {
  it('reads as somebody of whom nothing is known, whatever is: a whole answer, and every part of it says why', async () => {
    const { send, asks, profile } = stack();
    await send([...lifeOf(ADA), ...glimpse({ ...BOB, email: 'bob@mail.example.org' })]);
    const before = await profile(['userId', 'ada']);
    expect(before).toMatchObject({ value: { orders: 12 }, journeyStage: 'repeat' });
    expect(before.attributes).toMatchObject([{ value: 'Lovelace' }]);
    await asks('restrict', 'ada');
    await asks('restrict', 'bob');
    const [ada, bob] = [await profile(['email', 'ada@mail.example.org']), await profile(['userId', 'bob'])];
    expect(ada).toEqual({ ...bob, subjectId: before.subjectId, consent: ada.consent });
    expect(ada).toMatchObject({
      firstSeenAt: null,
      lastSeenAt: null,
      identifiers: {},
      value: { currency: 'EUR', orders: 0, orderValue: 0, averageOrder: null, lastOrderAt: null },
      service: { contacts: 0, deliveries: 0, deliveriesOnTimeRate: null },
      satisfaction: { mean: null, count: 0 },
      segments: [],
      scores: {},
    });
    for (const part of ['attributes', 'engagement', 'journeyStage', 'preferences', 'openCart'])
      expect(ada).not.toHaveProperty(part);
    const named = ada.notComputed.map(({ what }) => what);
    for (const part of ['value', 'service', 'attributes', 'engagement', 'journeyStage', 'segment:value-top'])
      expect(named).toContain(part);
    for (const each of ada.notComputed)
      expect(each).toEqual({ what: each.what, missing: [], reason: 'processing-restricted' });
  });

  it('has no purpose in effect, and keeps every choice and its receipt', async () => {
    const { send, asks, profile, ask } = stack();
    await send([
      ...lifeOf(ADA),
      from(ADA, [{ kind: 'consent', choices: { profiling: true, sharing: false } }]),
    ]);
    const body = { identifiers: [{ type: 'userId', value: 'ada' }] };
    const consents = async () =>
      consentViewSchema.parse((await ask('POST /v1/consents/lookup', { body })).body);
    const before = await consents();
    expect([before.restricted, before.purposes.profiling?.inEffect]).toEqual([false, true]);
    await asks('restrict', 'ada');
    const after = await consents();
    expect(after.restricted).toBe(true);
    expect(after.receipts).toEqual(before.receipts);
    for (const [purpose, stands] of Object.entries(after.purposes))
      expect([purpose, stands.inEffect, stands.depth]).toEqual([purpose, false, 'none']);
    expect(after.purposes.profiling?.history).toEqual(before.purposes.profiling?.history);
    const { consent } = await profile(['userId', 'ada']);
    for (const stands of Object.values(consent))
      expect(stands).toMatchObject({ inEffect: false, depth: 'none' });
    expect(consent.sharing).toMatchObject({ choice: 'refused', origin: 'explicit' });
  });

  it('is so under every identifier and old id of theirs, and nobody else is', async () => {
    const { send, asks, profile, subject } = stack();
    await send([from({ anonymousId: 'browser-77' }, [order(100)]), ...lifeOf(BOB)]);
    await send([...lifeOf(ADA), from({ ...ADA, anonymousId: 'browser-77' }, [order(200)])]);
    await asks('restrict', 'ada');
    for (const who of [['userId', 'ada'] as const, ['anonymousId', 'browser-77'] as const])
      expect((await profile(who)).value.orders).toBe(0);
    const old = subjectIdOf([tokenOf('anonymousId', 'browser-77')]);
    expect((await subject(old)).body).toMatchObject({ value: { orders: 0 } });
    expect((await profile(['userId', 'bob'])).value.orders).toBe(12);
  });

  it('is restricted whole by one of several identifiers, an identifier without a profile of its own among them', async () => {
    for (const [type, value] of [
      ['userId', 'ada'],
      ['email', 'ada@mail.example.org'],
      ['anonymousId', 'browser-77'],
    ] as const) {
      const { send, profile, region } = stack();
      await send([from({ anonymousId: 'browser-77' }, [order(100)])]);
      await send([from({ ...ADA, anonymousId: 'browser-77' }, [order(200)])]);
      const token = tokenOf(type, value);
      const node = region.store.nodes.get(token);
      if (node === undefined) throw new Error('no such identifier');
      region.store.nodes.set(token, { ...node, restrictedUntil: NOW + 1 });
      for (const who of [['userId', 'ada'] as const, ['anonymousId', 'browser-77'] as const])
        expect([type, (await profile(who)).value.orders]).toEqual([type, 0]);
    }
  });

  it('is told of again, with all that was stored, once a minimum of the law has passed', async () => {
    const { send, asks, profile, setNow, region } = stack('in');
    await send(lifeOf(ADA));
    await asks('erase', 'ada');
    const until = region.store.nodes.get(tokenOf('userId', 'ada'))?.restrictedUntil ?? 0;
    expect(until).toBeGreaterThan(NOW);
    setNow(until - 1);
    expect((await profile(['userId', 'ada'])).value.orders).toBe(0);
    setNow(until);
    expect((await profile(['userId', 'ada'])).value.orders).toBe(12);
  });

  it('gets an export of everything that is held', async () => {
    const { send, asks, privacy } = stack();
    await send(lifeOf(ADA));
    privacy.archive();
    const freely = await asks('access', 'ada');
    await asks('restrict', 'ada');
    const restricted = await asks('port', 'ada');
    const sizes = (id: string) =>
      [...privacy.memory.exported].filter(([key]) => key.includes(id)).map(([, bytes]) => bytes.length);
    expect(privacy.request(restricted).state).toBe('complete');
    const [[whole = 0], [held = 0]] = [sizes(freely), sizes(restricted)];
    expect(whole).toBeGreaterThan(1_000);
    expect(Math.abs(held - whole)).toBeLessThan(200);
  });
});

describe('somebody who objected', () => {
  it('is answered what they ordered, and nothing beyond', async () => {
    const { send, asks, profile } = stack();
    await send(lifeOf(ADA));
    await asks('object', 'ada');
    const ada = await profile(['userId', 'ada']);
    expect(ada).toMatchObject({ value: { orders: 12 }, segments: [], scores: {} });
    for (const part of ['engagement', 'journeyStage', 'preferences', 'openCart'])
      expect(ada).not.toHaveProperty(part);
  });
});

describe('lists', () => {
  it('of alerts do not tell of them, and nobody can work one off, until it is lifted', async () => {
    const { send, asks, ask, region } = stack();
    await send([...lifeOf(ADA), ...lifeOf(BOB)]);
    const listed = async (query: Record<string, string> = {}) =>
      alertPageSchema.parse((await ask('GET /v1/alerts', { query })).body).alerts;
    const before = await listed();
    const theirs = before.filter(({ subjectId }) => !subjectId.endsWith(tokenOf('userId', 'bob')));
    expect([theirs.length > 0, theirs.length < before.length]).toEqual([true, true]);
    const kept = new Map(region.effects.opened);
    await asks('restrict', 'ada');
    expect(await listed()).toEqual(before.filter((alert) => !theirs.includes(alert)));
    for (const { alertId, subjectId } of theirs) {
      expect(await listed({ subjectId })).toEqual([]);
      for (const action of ['acknowledge', 'resolve'])
        expect((await ask(`POST /v1/alerts/{alertId}/${action}`, { path: { alertId } })).status).toBe(404);
    }
    expect(region.effects.opened).toEqual(kept);
    for (const [id, node] of region.store.nodes)
      region.store.nodes.set(id, { ...node, restrictedUntil: null });
    expect(await listed()).toEqual(before);
  });

  it('of contradictions do not tell of them, whichever of their identifiers is restricted, until it is lifted', async () => {
    const { send, ask, region } = stack();
    const states = (sourceId: string, who: Who, city: string): Signal => {
      const account = from(who, [], { name: 'Account Updated', eventClass: 'account', sourceId });
      return { ...account, person: sealInTransit(SECRETS, { city }, account.messageToken) };
    };
    await send([ADA, BOB].flatMap((who) => [states('web', who, 'London'), states('crm', who, 'Paris')]));
    const listed = async () => {
      const { body } = await ask('GET /v1/identity/conflicts', {
        scopes: ['identity:read', 'attributes:read'],
      });
      return conflictPageSchema.parse(body).customers.map(({ subjectId }) => subjectId);
    };
    const before = await listed();
    expect(before).toHaveLength(2);
    const email = tokenOf('email', 'ada@mail.example.org');
    const node = region.store.nodes.get(email);
    if (node === undefined) throw new Error('no such identifier');
    region.store.nodes.set(email, { ...node, restrictedUntil: NOW + 1 });
    expect(await listed()).toEqual([subjectIdOf([tokenOf('userId', 'bob')])]);
    region.store.nodes.set(email, node);
    expect(await listed()).toEqual(before);
  });

  it('of reviews and of links do not tell of them, and a wrong link can be taken away all the same', async () => {
    const { send, asks, ask, region } = stack();
    await send([...lifeOf(ADA), ...lifeOf(BOB)]);
    const [a, b] = orderedPair(tokenOf('userId', 'ada'), tokenOf('userId', 'bob'));
    await region.effects.reviews.put(
      [{ a, b, bits: 1, contributions: { name: 4 }, model: 'shipped@1' }],
      NOW,
    );
    const reviews = async () => reviewPageSchema.parse((await ask('GET /v1/identity/reviews')).body).reviews;
    const reviewId = (await reviews())[0]?.reviewId ?? '';
    await asks('restrict', 'bob');
    expect(await reviews()).toEqual([]);
    const decided = await ask('POST /v1/identity/reviews/{reviewId}', {
      path: { reviewId },
      body: { verdict: 'same' },
    });
    expect([decided.status, region.partition().length]).toEqual([404, 2]);

    await asks('restrict', 'ada');
    const subjectId = subjectIdOf([tokenOf('userId', 'ada')]);
    const links = await ask('GET /v1/subjects/{subjectId}/links', { path: { subjectId } });
    expect(linksViewSchema.parse(links.body)).toMatchObject({ identifiers: [], links: [] });
    const edge = [
      { type: 'userId', value: 'ada' },
      { type: 'email', value: 'ada@mail.example.org' },
    ];
    const unmerged = await ask('POST /v1/identity/unmerge', { body: { edge, reason: 'wrong-link' } });
    expect(unmergeAnswerSchema.parse(unmerged.body).severed).toHaveLength(1);
  });
});
