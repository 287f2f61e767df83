import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attributeConflicts } from '../../functions/adapters/aws/attribute-conflicts.ts';
import { conflictBook } from '../../functions/adapters/aws/conflict-book.ts';
import { identityReviews } from '../../functions/adapters/aws/identity-reviews.ts';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { stewardshipShelf } from '../../functions/adapters/aws/retention-stewardship.ts';
import { reviewBook } from '../../functions/adapters/aws/review-book.ts';
import { memoryAttributeConflicts } from '../../functions/adapters/memory/attribute-conflicts.ts';
import { subjectIdOf } from '../../functions/contracts/subject.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { blankNode } from '../../functions/rights/privacy-request/subject.ts';
import { tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

const NOW = Date.now();
let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

const reviewsIn = (table: string) => ({ ...identityReviews(table), ...reviewBook(table) });
const conflictsIn = (table: string) => ({ ...attributeConflicts(table), ...conflictBook(table) });
const nodeOf = (at: number) => tokenOf('userId', `customer ${at}`);
const subjectOf = (at: number) => subjectIdOf([nodeOf(at)]);

describe.each([
  ['in memory', async () => memoryAttributeConflicts()],
  ['in DynamoDB', async () => conflictsIn(await tables.fresh('identityReviews'))],
])('a list of customers who contradict themselves %s', (_name, make) => {
  it('gives back who was listed, newest first, page by page', async () => {
    const conflicts = await make();
    for (let at = 0; at < 5; at += 1) await conflicts.open([subjectOf(at)], NOW + at, NOW + at);
    const first = await conflicts.list({ limit: 2 });
    expect(first.conflicts).toEqual([4, 3].map((at) => ({ subjectId: subjectOf(at), openedAt: NOW + at })));
    const second = await conflicts.list({ limit: 2, cursor: first.cursor ?? '' });
    const third = await conflicts.list({ limit: 2, cursor: second.cursor ?? '' });
    expect([...second.conflicts, ...third.conflicts].map(({ subjectId }) => subjectId)).toEqual(
      [2, 1, 0].map(subjectOf),
    );
    expect(third.cursor).toBeUndefined();
  });

  it('keeps the place of who is listed again, and forgets it once they were off', async () => {
    const conflicts = await make();
    await conflicts.open([subjectOf(0), subjectOf(1)], NOW, NOW);
    await conflicts.open([subjectOf(0)], NOW + 5, NOW + 5);
    expect((await conflicts.list({ limit: 9 })).conflicts).toContainEqual({
      subjectId: subjectOf(0),
      openedAt: NOW,
    });
    await conflicts.close([subjectOf(0), subjectOf(0), subjectOf(7)], NOW + 6);
    await conflicts.open([subjectOf(0)], NOW + 7, NOW + 7);
    expect((await conflicts.list({ limit: 9 })).conflicts).toEqual([
      { subjectId: subjectOf(0), openedAt: NOW + 7 },
      { subjectId: subjectOf(1), openedAt: NOW },
    ]);
  });

  it('keeps whom somebody found to contradict themselves after another began to look', async () => {
    const conflicts = await make();
    await conflicts.open([subjectOf(0), subjectOf(1)], NOW, NOW);
    await conflicts.open([subjectOf(0)], NOW + 5, NOW + 5);
    await conflicts.close([subjectOf(0), subjectOf(1)], NOW + 4);
    expect((await conflicts.list({ limit: 9 })).conflicts).toEqual([
      { subjectId: subjectOf(0), openedAt: NOW },
    ]);
    await conflicts.forget([subjectOf(0), subjectOf(7)]);
    expect((await conflicts.list({ limit: 9 })).conflicts).toEqual([]);
  });
});

describe('what waits for stewards in DynamoDB', () => {
  it('is two lists in one table, of which neither shows what is of the other', async () => {
    const table = await tables.fresh('identityReviews');
    const [reviews, conflicts] = [reviewsIn(table), conflictsIn(table)];
    const match = { a: nodeOf(0), b: nodeOf(1), bits: 0.5, contributions: {}, model: 'shipped@1' };
    await reviews.put([match], NOW);
    await conflicts.open([subjectOf(0)], NOW, NOW);
    expect((await reviews.list({ limit: 9 })).reviews).toMatchObject([match]);
    expect((await conflicts.list({ limit: 9 })).conflicts).toHaveLength(1);
    await reviews.forget([nodeOf(0)]);
    expect((await reviews.list({ limit: 9 })).reviews).toEqual([]);
    expect(await reviews.waiting([nodeOf(0), nodeOf(1)])).toEqual([]);
    expect((await conflicts.list({ limit: 9 })).conflicts).toHaveLength(1);
  });

  it('goes with its time, or with the customer, at the sweep', async () => {
    const table = await tables.fresh('identityReviews');
    const stores = { profiles: await tables.fresh('profiles'), subjects: await tables.fresh('subjects') };
    const [reviews, conflicts] = [reviewsIn(table), conflictsIn(table)];
    const pair = (at: number) => ({
      a: nodeOf(at),
      b: nodeOf(at + 1),
      bits: 0.5,
      contributions: {},
      model: 'm@1',
    });
    await reviews.put([pair(2)], NOW - 400 * DAY_MS);
    await reviews.put([pair(4)], NOW);
    await profileStore(stores, () => 0).write([
      { pages: [], nodes: [blankNode(nodeOf(0))], subjects: [], atomic: false },
    ]);
    await conflicts.open([subjectOf(0), subjectOf(1)], NOW, NOW);
    const shelf = stewardshipShelf('identityReviews', table, stores.profiles);
    // A review, and what leads to it from either side; and a conflict of nobody.
    expect(await shelf.look(NOW, null, false)).toMatchObject({
      looked: 8,
      over: 4,
      removed: 0,
      cursor: null,
    });
    expect(await shelf.look(NOW, null, true)).toMatchObject({ over: 4, removed: 4 });
    expect(await shelf.look(NOW, null, true)).toMatchObject({ looked: 4, over: 0 });
    expect((await conflicts.list({ limit: 9 })).conflicts).toEqual([
      { subjectId: subjectOf(0), openedAt: NOW },
    ]);
    expect((await reviews.list({ limit: 9 })).reviews).toMatchObject([pair(4)]);
  });
});
