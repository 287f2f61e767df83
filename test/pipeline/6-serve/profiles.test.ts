import { describe, expect, it, vi } from 'vitest';
import { asSubjectId } from '../../../functions/contracts/ids.ts';
import { profileViewSchema } from '../../../functions/contracts/operations.ts';
import type { Fact } from '../../../functions/contracts/signal.ts';
import { subjectIdOf } from '../../../functions/contracts/subject.ts';
import { identifierToken } from '../../../functions/contracts/tokens.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { journeyStageOf } from '../../../functions/pipeline/6-serve/journey-stage.ts';
import type { SubjectStore } from '../../../functions/pipeline/6-serve/ports.ts';
import { profileOfSubject } from '../../../functions/pipeline/6-serve/profiles.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { ALL, from, operations, order } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const ADA = { userId: 'C-1042', email: 'ada@shop.co.uk' };
const subjectIdFor = (type: 'userId' | 'email' | 'anonymousId', value: string) =>
  subjectIdOf([identifierToken(SECRETS, type, value)]);

describe('a profile lookup', () => {
  it('answers what was bought, how it was served and how it was liked, in currency units', async () => {
    const { send, lookup } = operations();
    const at = (days: number) => ({ occurredAt: NOW - days * DAY_MS });
    await send([
      from(ADA, [order(2_000)], at(30)),
      from(ADA, [order(3_001)], at(10)),
      from(ADA, [{ kind: 'refund', valueMinor: 500 }], at(9)),
      from(ADA, [{ kind: 'contact', channel: 'phone', escalated: true }], at(8)),
      from(ADA, [{ kind: 'resolution', firstContact: true, minutes: 40 }], at(8)),
      from(ADA, [{ kind: 'resolution', firstContact: false, minutes: 20 }], at(7)),
      from(ADA, [{ kind: 'delivery', onTime: true, hour: 9 }], at(6)),
      from(ADA, [{ kind: 'satisfaction', score: 80 }], at(5)),
    ]);
    const { status, body, text } = await lookup(['email', ' Ada@Shop.co.uk ']);
    expect(status).toBe(200);
    expect(profileViewSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      jurisdiction: 'eu',
      firstSeenAt: new Date(NOW - 30 * DAY_MS).toISOString(),
      lastSeenAt: new Date(NOW - 5 * DAY_MS).toISOString(),
      identifiers: { userId: 1, email: 1 },
      value: {
        currency: 'EUR',
        orders: 2,
        orderValue: 50.01,
        averageOrder: 25.01,
        refunds: 1,
        refundValue: 5,
        rhythmDays: 20,
      },
      service: {
        contacts: 1,
        escalations: 1,
        resolutions: 2,
        firstContactResolutionRate: 0.5,
        meanResolutionMinutes: 30,
        deliveries: 1,
        deliveriesOnTimeRate: 1,
      },
      satisfaction: { mean: 80, count: 1 },
      effort: { mean: null, count: 0 },
    });
    expect(text).not.toMatch(/ada|C-1042/i);
  });

  it('counts yen in yen', async () => {
    const { send, lookup } = operations('jp');
    await send([from(ADA, [order(2_000)])]);
    expect((await lookup(['userId', 'C-1042'])).body).toMatchObject({
      value: { currency: 'JPY', orderValue: 2_000 },
    });
  });

  it('answers the lawful part of the profile when profiling is not permitted, and says what is missing', async () => {
    const { send, lookup } = operations();
    const cart: Fact = { kind: 'cart', open: true, valueMinor: 900 };
    await send([
      from(ADA, [order(200_000)]),
      from(ADA, [cart], {
        purposes: ['analytics', 'personalisation'],
        consent: { personalisation: true },
        occurredAt: NOW,
      }),
    ]);
    const { body } = await lookup(['userId', 'C-1042']);
    expect(body).toMatchObject({
      value: { orders: 1, orderValue: 2_000 },
      consent: {
        service: { choice: null, inEffect: true },
        personalisation: { choice: 'granted', origin: 'stated', inEffect: true },
        profiling: { choice: null, at: null, origin: null, inEffect: false },
      },
      openCart: { value: 9 },
      preferences: { channel: null, deliveryPart: null },
      segments: [],
      scores: {},
    });
    expect(body).not.toHaveProperty('engagement');
    expect(body).not.toHaveProperty('journeyStage');
    const notComputed = body.notComputed as { what: string; missing: string[] }[];
    expect(notComputed.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['engagement', 'journeyStage', 'segment:value-top', 'segment:lapse-risk']),
    );
    for (const { missing } of notComputed) expect(missing).toEqual(['profiling']);
  });

  it('answers the whole of it when the customer permits, and leaves it out again once the permission is gone', async () => {
    const { send, lookup } = operations();
    const visit = (id: number) =>
      from(ADA, [{ kind: 'visit', depth: 5 }], {
        purposes: ['analytics', 'personalisation', 'profiling'],
        consent: ALL,
        occurredAt: NOW - DAY_MS - id,
      });
    const orders = Array.from({ length: 12 }, (_, at) =>
      from(ADA, [order(20_000)], { occurredAt: NOW - (at + 1) * 7 * DAY_MS }),
    );
    await send([...orders, ...Array.from({ length: 9 }, (_, id) => visit(id))]);
    const { body } = await lookup(['userId', 'C-1042']);
    expect(body).toMatchObject({ journeyStage: 'repeat', engagement: { visits: 9 }, notComputed: [] });
    expect(body.segments).toContainEqual({
      name: 'value-top',
      version: 1,
      since: new Date(NOW).toISOString(),
    });
    expect((body.scores as Record<string, number>)['value-top']).toBeGreaterThan(75);

    await send([from(ADA, [{ kind: 'consent', choices: { profiling: false } }], { occurredAt: NOW })]);
    const { body: after } = await lookup(['userId', 'C-1042']);
    expect(after).toMatchObject({
      segments: [],
      scores: {},
      value: { orders: 12 },
      consent: { profiling: { choice: 'refused', inEffect: false } },
    });
    expect(after).not.toHaveProperty('engagement');
  });

  it('says that Global Privacy Control refused', async () => {
    const { send, lookup } = operations('us-ca');
    await send([from(ADA, [order(1_000)], { gpc: true })]);
    const { body } = await lookup(['userId', 'C-1042']);
    expect(body).toMatchObject({
      consent: {
        sharing: { choice: 'refused', origin: 'gpc', inEffect: false },
        personalisation: { choice: null, inEffect: true },
      },
    });
  });

  it('finds a customer by any one identifier, whether or not the others are known', async () => {
    const { send, lookup } = operations();
    await send([from(ADA, [order(1_000)])]);
    const byAll = await lookup(['anonymousId', 'never-seen-1'], ['email', 'ada@shop.co.uk']);
    const byOne = await lookup(['userId', 'C-1042']);
    expect(byAll.status).toBe(200);
    expect(byAll.body).toEqual(byOne.body);
  });

  it('refuses to choose when the identifiers belong to different customers, and says which disagree', async () => {
    const { send, lookup } = operations();
    await send([from({ userId: 'C-1' }, [order(1)]), from({ userId: 'C-2' }, [order(2)])]);
    const { status, body, contentType } = await lookup(['userId', 'C-1'], ['userId', 'C-2']);
    expect([status, contentType]).toEqual([409, 'application/problem+json']);
    expect(body).toMatchObject({ title: 'Different customers', at: ['/identifiers/1'] });
  });

  it('does not take a shared identifier for a customer', async () => {
    const { send, lookup } = operations();
    const shared = 'till@branch.co.uk';
    for (let at = 0; at < 6; at += 1) await send([from({ userId: `C-${at}`, email: shared }, [order(100)])]);
    expect((await lookup(['email', shared])).status).toBe(404);
    const { body } = await lookup(['email', shared], ['userId', 'C-3']);
    expect(body).toMatchObject({ value: { orders: 1 }, identifiers: { userId: 1 } });
  });

  it('does not know a stranger', async () => {
    const { lookup } = operations();
    const { status, body } = await lookup(['email', 'eve@shop.co.uk']);
    expect(status).toBe(404);
    expect(body).toMatchObject({ type: 'about:blank', title: 'Unknown customer', status: 404 });
  });

  it.each([
    ['no body', undefined, undefined],
    ['no identifiers', { identifiers: [] }, '/identifiers'],
    ['an unknown type', { identifiers: [{ type: 'nickname', value: 'ada' }] }, '/identifiers/0/type'],
    ['an unknown member', { identifiers: [{ type: 'email', value: 'a@b.co' }], secretMember: 1 }, ''],
    ['the object form', { identifiers: { email: 'ada@shop.co.uk' } }, '/identifiers'],
    [
      'a placeholder',
      { identifiers: [{ type: 'email', value: 'noreply@shop.com' }] },
      '/identifiers/0/value',
    ],
  ])('refuses %s, says where, and quotes nothing', async (_, body, at) => {
    const answer = await operations().ask('POST /v1/profiles/lookup', { body });
    expect([answer.status, answer.contentType]).toEqual([400, 'application/problem+json']);
    if (at !== undefined) expect(answer.body.at).toEqual([at]);
    expect(answer.text).not.toMatch(/nickname|ada|secretMember|noreply/);
  });

  it('names the types there are when it does not know one', async () => {
    const { body } = await operations().lookup(['nickname', 'x']);
    expect(body.detail).toContain('"userId"|"loyaltyId"|"email"');
  });
});

describe('a subject by id', () => {
  it('is the same profile as by its identifiers', async () => {
    const { send, lookup, subject } = operations();
    await send([from(ADA, [order(1_000)])]);
    const { body } = await lookup(['email', 'ada@shop.co.uk']);
    expect((await subject(String(body.subjectId))).body).toEqual(body);
  });

  it('is found by old subject ids, which lead to the merged subject', async () => {
    const { send, subject } = operations();
    await send([
      from({ userId: 'C-1' }, [order(1_000)]),
      from({ anonymousId: 'browser-77' }, [order(2_000)]),
    ]);
    const old = [subjectIdFor('userId', 'C-1'), subjectIdFor('anonymousId', 'browser-77')];
    const apart = await Promise.all(old.map(subject));
    expect(apart.map(({ body }) => body.subjectId)).toEqual(old);
    await send([from({ userId: 'C-1', anonymousId: 'browser-77' }, [order(4_000)])]);
    const [one, other] = await Promise.all(old.map(subject));
    expect(one?.body).toEqual(other?.body);
    expect(one?.body).toMatchObject({ value: { orders: 3, orderValue: 70 } });
  });

  it.each(['s.userId.AAAAAAAAAAAAAAAAAAAAAA', 'nonsense', "s.userId.'; DROP"])(
    'is unknown as %s',
    async (id) => {
      const { status, contentType } = await operations().subject(id);
      expect([status, contentType]).toEqual([404, 'application/problem+json']);
    },
  );

  it('is never answered half merged: what does not fit together is read again', async () => {
    const { send, region, policy } = operations();
    await send([from({ userId: 'C-1', email: 'ada@shop.co.uk' }, [order(2_000)])]);
    const [subjectId = asSubjectId('')] = region.store.subjects.keys();
    // A reader whose first, eventually consistent read sees the node's pointer and not yet what it points at.
    let reads = 0;
    const store = {
      pagedMessages: region.store.pagedMessages.bind(region.store),
      read: async (...[nodes, subjects, consistent]: Parameters<SubjectStore['read']>) => {
        reads += 1;
        const world = await region.store.read(nodes, subjects);
        return consistent ? world : { ...world, subjects: new Map() };
      },
    };
    const result = await profileOfSubject(
      subjectId,
      policy,
      { subjects: store, keyring: region.keyring },
      [],
      NOW,
    );
    expect(result).toMatchObject({ answer: { value: { orders: 1 } } });
    expect(reads).toBeGreaterThan(2);
  });
});

describe('the journey stage', () => {
  const state = { orders: 0, lastOrderAt: null, cartOpenedAt: null, contacts: 0 };
  it.each([
    ['visitor', state, false],
    ['prospect', { ...state, cartOpenedAt: NOW }, false],
    ['prospect', { ...state, contacts: 1 }, false],
    ['first-time', { ...state, orders: 1, lastOrderAt: NOW - DAY_MS }, false],
    ['repeat', { ...state, orders: 2, lastOrderAt: NOW - DAY_MS }, false],
    ['lapsing', { ...state, orders: 5, lastOrderAt: NOW - 90 * DAY_MS }, true],
    ['dormant', { ...state, orders: 5, lastOrderAt: NOW - 366 * DAY_MS }, true],
  ])('is %s for %o', (stage, seen, isLapsing) => {
    expect(journeyStageOf(seen, isLapsing, NOW)).toBe(stage);
  });
});
