import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertBook } from '../../functions/adapters/aws/alert-book.ts';
import { alertStore } from '../../functions/adapters/aws/alert-store.ts';
import { identityReviews } from '../../functions/adapters/aws/identity-reviews.ts';
import { reviewBook } from '../../functions/adapters/aws/review-book.ts';
import { memoryAlertBook } from '../../functions/adapters/memory/alert-book.ts';
import { MemoryEffects } from '../../functions/adapters/memory/effects.ts';
import { memoryIdentityReviews } from '../../functions/adapters/memory/identity-reviews.ts';
import type { Alert } from '../../functions/contracts/alerts.ts';
import { type AtomPair, reviewIdOf } from '../../functions/contracts/identity-review.ts';
import { type AtomId, asAlertId, asSubjectId } from '../../functions/contracts/ids.ts';
import { type MatchLink, orderedPair } from '../../functions/contracts/subject.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import type { AlertBook, ReviewBook } from '../../functions/pipeline/6-serve/ports.ts';
import type { EffectPorts, ReviewQueue } from '../../functions/pipeline/understand/ports.ts';
import { tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

const NOW = Date.now();
let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

const match = (at: number, bits = 0.25): MatchLink => {
  const [a, b] = orderedPair(tokenOf('userId', `left ${at}`), tokenOf('email', `right ${at}`));
  return { a, b, bits, contributions: { name: 7.5, birthDate: -3.25 }, model: 'shipped@1' };
};
const pairOf = (at: number): AtomPair => [match(at).a, match(at).b];
const idOf = (at: number): string => reviewIdOf(match(at).a, match(at).b);

describe.each([
  ['in memory', async (): Promise<ReviewQueue & ReviewBook> => memoryIdentityReviews()],
  [
    'in DynamoDB',
    async () => {
      const table = await tables.fresh('identityReviews');
      return { ...identityReviews(table), ...reviewBook(table, () => NOW) };
    },
  ],
])('a queue of reviews %s', (_name, make) => {
  it('gives back what was put, newest first, page by page', async () => {
    const reviews = await make();
    for (let at = 0; at < 5; at += 1) await reviews.put([match(at)], NOW + at);
    const first = await reviews.list({ limit: 2 });
    expect(first.reviews).toEqual(
      [4, 3].map((at) => ({ ...match(at), reviewId: idOf(at), openedAt: NOW + at, decision: null })),
    );
    const second = await reviews.list({ limit: 2, cursor: first.cursor ?? '' });
    const third = await reviews.list({ limit: 2, cursor: second.cursor ?? '' });
    expect([...second.reviews, ...third.reviews].map(({ reviewId }) => reviewId)).toEqual(
      [2, 1, 0].map(idOf),
    );
    expect(third.cursor).toBeUndefined();
  });

  it('finds one by its id, as it was decided', async () => {
    const reviews = await make();
    await reviews.put([match(0)], NOW);
    const waiting = { ...match(0), reviewId: idOf(0), openedAt: NOW, decision: null };
    expect(await reviews.find(idOf(0))).toEqual(waiting);
    const decided = await reviews.decide(idOf(0), 'same', NOW + 1);
    expect(await reviews.find(idOf(0))).toEqual(decided);
    expect(await reviews.find(idOf(1))).toBeNull();
  });

  it('keeps one review a pair, whichever way round and however often it is found, with what was found last', async () => {
    const reviews = await make();
    await reviews.put([match(0), match(0)], NOW);
    const news = { ...match(0, 0.9), contributions: { name: 1.5 }, model: 'calibrated@2' };
    await reviews.put([news, match(1)], NOW + 1);
    const { reviews: found } = await reviews.list({ limit: 10 });
    const waiting = { decision: null };
    expect(found).toEqual([
      { ...match(1), ...waiting, reviewId: idOf(1), openedAt: NOW + 1 },
      { ...news, ...waiting, reviewId: idOf(0), openedAt: NOW },
    ]);
    expect(reviewIdOf(match(0).b, match(0).a)).toBe(idOf(0));
  });

  it('notes a verdict once, lists what is decided no more, and lets a later verdict take its place', async () => {
    const reviews = await make();
    await reviews.put([match(0)], NOW);
    expect(await reviews.decide(idOf(0), 'same', NOW + 5)).toMatchObject({
      decision: { verdict: 'same', at: NOW + 5 },
    });
    expect(await reviews.decide(idOf(0), 'same', NOW + 9)).toMatchObject({
      decision: { verdict: 'same', at: NOW + 5 },
    });
    expect((await reviews.list({ limit: 10 })).reviews).toEqual([]);
    await reviews.put([match(0, 0.9)], NOW + 10);
    await reviews.drop([pairOf(0)]);
    expect((await reviews.list({ limit: 10 })).reviews).toEqual([]);
    const other = await reviews.decide(idOf(0), 'different', NOW + 11);
    expect(other).toEqual({
      ...match(0),
      reviewId: idOf(0),
      openedAt: NOW,
      decision: { verdict: 'different', at: NOW + 11 },
    });
    expect(await reviews.decide(idOf(7), 'same', NOW)).toBeNull();
  });

  it('says of an atom with whom it waits, and no more of a pair once it is dropped', async () => {
    const reviews = await make();
    const { a: hub } = match(0);
    const star = [0, 1, 2].map((at): MatchLink => {
      const [a, b] = orderedPair(hub, match(at).b);
      return { ...match(at), a, b };
    });
    await reviews.put([star[0] as MatchLink], NOW);
    await reviews.put(star.slice(1), NOW);
    await reviews.put([match(5)], NOW);
    const around = async (...atoms: readonly AtomId[]) => (await reviews.waiting(atoms)).toSorted();
    const pairs = star.map(({ a, b }) => [a, b] as const);
    expect(await around(hub)).toEqual(pairs.toSorted());
    expect(await around(match(1).b)).toEqual([pairs[1]]);
    expect(await around(hub, match(5).a, match(5).b)).toEqual([...pairs, pairOf(5)].toSorted());
    await reviews.drop([pairs[0], pairs[1], pairOf(7)].filter((pair) => pair !== undefined));
    await reviews.drop([pairs[0]].filter((pair) => pair !== undefined));
    expect(await around(hub)).toEqual([pairs[2]]);
    expect(await around(match(1).b)).toEqual([]);
    expect((await reviews.list({ limit: 10 })).reviews).toHaveLength(2);
    await reviews.put(star, NOW + 1);
    expect(await around(hub)).toEqual(pairs.toSorted());
    expect(await around()).toEqual([]);
  });
});

const alert = (state: Alert['state']): Alert => ({
  alertId: asAlertId(state),
  subjectId: asSubjectId('s.userId.1'),
  rule: 'repeat-contact',
  ruleVersion: 1,
  severity: 'warning',
  state,
  reasons: [],
  occurredAt: NOW,
  openedAt: NOW,
  ...(state === 'resolved' ? { resolvedAt: NOW } : {}),
});

describe.each([
  [
    'in memory',
    async (): Promise<{ store: EffectPorts['alerts']; book: AlertBook }> => {
      const effects = new MemoryEffects();
      return { store: effects.alerts, book: memoryAlertBook(effects.opened) };
    },
  ],
  [
    'in DynamoDB',
    async () => {
      const name = await tables.fresh('alerts');
      return { store: alertStore(name), book: alertBook(name) };
    },
  ],
])('alerts that hold no more, %s', (_name, make) => {
  it('are resolved unless they were, and those that are not there stay away', async () => {
    const { store, book } = await make();
    await store.open([alert('open'), alert('acknowledged')]);
    await book.move(asAlertId('acknowledged'), {
      to: 'acknowledged',
      from: ['open', 'acknowledged'],
      at: NOW,
    });
    const ids = ['open', 'acknowledged', 'unknown'].map(asAlertId);
    await store.close(ids, NOW + 1);
    await store.close(ids, NOW + 2);
    const { alerts } = await book.list({ state: 'resolved', limit: 10 });
    expect(alerts.map(({ alertId, resolvedAt }) => [alertId, resolvedAt]).sort()).toEqual([
      ['acknowledged', NOW + 1],
      ['open', NOW + 1],
    ]);
  });
});

it('a review in DynamoDB that is past its time is listed no more, though nobody has deleted it yet', async () => {
  const table = await tables.fresh('identityReviews');
  await identityReviews(table).put([match(0)], NOW);
  const listedAt = (at: number) => reviewBook(table, () => at).list({ limit: 10 });
  expect((await listedAt(NOW + 179 * DAY_MS)).reviews).toHaveLength(1);
  expect((await listedAt(NOW + 181 * DAY_MS)).reviews).toEqual([]);
});
