import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  linksViewSchema,
  reviewPageSchema,
  reviewViewSchema,
  unmergeAnswerSchema,
} from '../../../functions/contracts/identity-api.ts';
import type { IdentifierType } from '../../../functions/contracts/signal.ts';
import { orderedPair } from '../../../functions/contracts/subject.ts';
import { identifierToken } from '../../../functions/contracts/tokens.ts';
import { normaliseIdentifier } from '../../../functions/registry/identifiers/index.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { ALL, from, operations, order } from './setting.ts';

const tokenOf = (type: IdentifierType, value: string) =>
  identifierToken(SECRETS, type, normaliseIdentifier(type, value) ?? '');
const [ada, bob] = [tokenOf('userId', 'ada'), tokenOf('userId', 'bob')];

/** What was asked with, in any place of an answer. */
const RAW = /"(ada|bob|carol|ada-phone)"|home@|shared\.org|because of/i;

let api: ReturnType<typeof operations>;
// One metric line for each request, which nobody reads here.
beforeAll(() => void vi.spyOn(process.stdout, 'write').mockImplementation(() => true));
afterAll(() => void vi.restoreAllMocks());
beforeEach(() => {
  api = operations();
});

const subjectOf = async (type: string, value: string): Promise<string> => {
  const { status, body } = await api.lookup([type, value]);
  return status === 200 ? String(body.subjectId) : `status ${status}`;
};
const areOne = async (a: string, b: string): Promise<boolean> =>
  (await subjectOf('userId', a)) === (await subjectOf('userId', b));

/** Two customers who share an address. */
const sharedAddress = () => [
  from({ userId: 'ada', email: 'home@shared.org', anonymousId: 'ada-phone' }, [order(1_000)], {
    consent: ALL,
  }),
  from({ userId: 'bob', email: 'home@shared.org' }, [order(2_000)], { consent: ALL }),
];

async function reviewed(bits = 0.5): Promise<string> {
  await api.send([from({ userId: 'ada' }, [order(1_000)]), from({ userId: 'bob' }, [order(2_000)])]);
  const [a, b] = orderedPair(ada, bob);
  await api.region.effects.reviews.put(
    [{ a, b, bits, contributions: { name: 4, birthDate: -2 }, model: 'shipped@1' }],
    NOW,
  );
  const { body } = await api.ask('GET /v1/identity/reviews');
  return reviewPageSchema.parse(body).reviews[0]?.reviewId ?? '';
}
const decide = (reviewId: string, verdict: string) =>
  api.ask('POST /v1/identity/reviews/{reviewId}', { path: { reviewId }, body: { verdict } });

describe('the review queue', () => {
  it('shows codes, odds and names that say nothing, and no more', async () => {
    await reviewed();
    const { status, body, text } = await api.ask('GET /v1/identity/reviews');
    expect(status).toBe(200);
    const [review] = reviewPageSchema.strict().parse(body).reviews;
    expect(review).toMatchObject({
      state: 'pending',
      bits: 0.5,
      contributions: { name: 4, birthDate: -2 },
      sides: [{ type: 'userId' }, { type: 'userId' }],
    });
    for (const { subjectId } of review?.sides ?? []) expect((await api.subject(subjectId)).status).toBe(200);
    expect(text).not.toMatch(RAW);
  });

  it('makes two subjects one when a steward says so, once, and the evidence names the review', async () => {
    const reviewId = await reviewed();
    expect(await areOne('ada', 'bob')).toBe(false);
    const decided = await decide(reviewId, 'same');
    expect(reviewViewSchema.parse(decided.body)).toMatchObject({ state: 'decided', verdict: 'same' });
    expect(await areOne('ada', 'bob')).toBe(true);
    api.setNow(NOW + 60_000);
    expect((await decide(reviewId, 'same')).body).toEqual(decided.body);
    expect(reviewPageSchema.parse((await api.ask('GET /v1/identity/reviews')).body).reviews).toEqual([]);
    const told = api.region
      .archived()
      .flatMap((row) =>
        row.table === 'effects' && row.eventClass === 'account' ? [[row.kind, row.name, row.reasons]] : [],
      );
    expect(told).toEqual([
      ['subjects-merged', 'review', 'subjects:2'],
      ['identity-decided', 'same', 'review'],
    ]);
  });

  it('keeps apart what a steward told apart, whatever is seen later, until a steward says otherwise', async () => {
    const reviewId = await reviewed();
    await decide(reviewId, 'different');
    await api.send(sharedAddress());
    expect(await areOne('ada', 'bob')).toBe(false);
    api.setNow(NOW + 60_000);
    await decide(reviewId, 'same');
    expect(await areOne('ada', 'bob')).toBe(true);
    expect(api.region.inconsistencies()).toEqual([]);
  });

  it('knows no other review, and no other verdict', async () => {
    expect((await decide('A'.repeat(22), 'same')).status).toBe(404);
    expect((await decide('no id', 'same')).status).toBe(404);
    expect((await decide(await reviewed(), 'perhaps')).status).toBe(400);
    expect((await api.ask('GET /v1/identity/reviews', { query: { limit: '0' } })).status).toBe(400);
  });
});

const unmerge = (body: unknown) => api.ask('POST /v1/identity/unmerge', { body });

describe('unmerging', () => {
  it('by a link parts what hung together by it, and seeing the two again does not bring it back', async () => {
    await api.send(sharedAddress());
    expect(await areOne('ada', 'bob')).toBe(true);
    const answer = await unmerge({
      edge: [
        { type: 'userId', value: 'bob' },
        { type: 'email', value: ' HOME@shared.org ' },
      ],
      reason: 'wrong-link',
    });
    expect(answer.status).toBe(200);
    expect(unmergeAnswerSchema.strict().parse(answer.body).severed).toHaveLength(1);
    expect(answer.text).not.toMatch(RAW);
    expect(await areOne('ada', 'bob')).toBe(false);
    expect((await api.lookup(['userId', 'bob'])).body.value).toMatchObject({ orders: 1, orderValue: 20 });
    expect((await api.lookup(['userId', 'ada'])).body.value).toMatchObject({ orders: 1, orderValue: 10 });
    await api.send(sharedAddress());
    expect(await areOne('ada', 'bob')).toBe(false);
    expect(api.region.inconsistencies()).toEqual([]);
    const severed = api.region
      .archived()
      .flatMap((row) => (row.table === 'effects' && row.kind === 'link-severed' ? [row] : []));
    expect(severed).toMatchObject(Array(2).fill({ reasons: 'operator,wrong-link' }));
  });

  it('by an atom takes along what hangs on it alone', async () => {
    await api.send(sharedAddress());
    await unmerge({ atom: { nodeId: ada }, reason: 'shared-identifier' });
    expect(await areOne('ada', 'bob')).toBe(false);
    expect(await subjectOf('anonymousId', 'ada-phone')).toBe(await subjectOf('userId', 'ada'));
    expect(await subjectOf('email', 'home@shared.org')).toBe(await subjectOf('userId', 'bob'));
  });

  it('keeps the sides apart for good when asked to', async () => {
    await api.send(sharedAddress());
    await unmerge({ atom: { nodeId: ada }, reason: 'fraud', keepApart: true });
    await api.send([
      from({ userId: 'ada', phone: '+49 30 901820' }, [order(1)]),
      from({ userId: 'bob', phone: '+49 30 901820' }, [order(1)]),
    ]);
    expect(await areOne('ada', 'bob')).toBe(false);
    const { body } = await api.ask('GET /v1/subjects/{subjectId}/links', {
      path: { subjectId: await subjectOf('userId', 'ada') },
    });
    expect(linksViewSchema.strict().parse(body).decisions).toMatchObject([
      { verdict: 'different', cause: 'operator' },
    ]);
  });

  it('refuses what it cannot do, and quotes nothing of it', async () => {
    await api.send([...sharedAddress(), from({ userId: 'carol' }, [order(1)])]);
    const ask = async (body: unknown) => {
      const { status, text } = await unmerge(body);
      expect(text).not.toMatch(RAW);
      return status;
    };
    const mail = { type: 'email', value: 'home@shared.org' };
    expect(await ask({ edge: [{ type: 'userId', value: 'carol' }, mail], reason: 'test' })).toBe(404);
    expect(await ask({ atom: { type: 'userId', value: 'carol' }, reason: 'test' })).toBe(404);
    expect(await ask({ atom: { type: 'userId', value: 'nobody-home' }, reason: 'test' })).toBe(404);
    expect(await ask({ edge: [{ type: 'userId', value: 'null' }, mail], reason: 'test' })).toBe(400);
    expect(await ask({ edge: [mail], reason: 'test' })).toBe(400);
    expect(await ask({ edge: [mail, mail], atom: mail, reason: 'test' })).toBe(400);
    expect(await ask({ atom: mail, reason: 'because of ada' })).toBe(400);
    expect(await ask({ reason: 'test' })).toBe(400);
  });
});

describe('the links of a subject', () => {
  it('say why it is one, by names that unmerging takes', async () => {
    await api.send(sharedAddress());
    const { status, body, text } = await api.ask('GET /v1/subjects/{subjectId}/links', {
      path: { subjectId: await subjectOf('userId', 'ada') },
    });
    expect(status).toBe(200);
    const view = linksViewSchema.strict().parse(body);
    expect(view.identifiers.map(({ type, isAtom }) => [type, isAtom]).sort()).toEqual([
      ['anonymousId', false],
      ['email', false],
      ['userId', true],
      ['userId', true],
    ]);
    expect(view.links).toHaveLength(3);
    for (const link of view.links)
      expect(link).toMatchObject({ kind: 'seen-together', counts: true, firstSeenOn: '2026-05-31' });
    expect(text).not.toMatch(RAW);
    expect((await unmerge({ atom: { nodeId: view.identifiers[0]?.nodeId }, reason: 'test' })).status).toBe(
      200,
    );
  });
});
