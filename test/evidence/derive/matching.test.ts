import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemoryProfileStore } from '../../../functions/adapters/memory/profile-store.ts';
import type { IdentityOrder } from '../../../functions/contracts/identity-order.ts';
import type { EffectKind } from '../../../functions/contracts/lineage.ts';
import type { PersonAttributes } from '../../../functions/contracts/person.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { orderedPair, type Verdict } from '../../../functions/contracts/subject.ts';
import { explain } from '../../../functions/evidence/derive/explain.ts';
import { NOW, signal, tokenOf } from '../../arbitraries.ts';
import { GRANTED, IBRAHIM, RUTH } from '../../persons.ts';
import { MemoryRegion } from '../../understand-harness.ts';
import { archived, rebuild, scratch } from './rebuilding.ts';

const PEOPLE: readonly PersonAttributes[] = [
  RUTH,
  { ...RUTH, surname: 'Qzcroftam' },
  { ...RUTH, city: 'Cambridge' },
  { ...RUTH, givenName: 'Samuel', birthDate: '1959-11-27' },
  IBRAHIM,
  { ...IBRAHIM, surname: 'Okonkwa' },
];

const states = (id: string, userId: string, stated: PersonAttributes, over: Partial<Signal> = {}): Signal =>
  signal({
    id,
    who: { userId },
    states: stated,
    consent: GRANTED,
    facts: [{ kind: 'order', valueMinor: 90_000, items: 2 }],
    ...over,
  });

/** A first signal, which says nothing of the person: joining an identifier that nobody knew is no merge. */
const appears = (userId: string): Signal =>
  signal({ id: `first ${userId}`, who: { userId }, consent: GRANTED });

const pairOf = (x: string, y: string) => orderedPair(tokenOf('userId', x), tokenOf('userId', y));
const decides = (orderId: string, x: string, y: string, verdict: Verdict, at: number): IdentityOrder => {
  const [a, b] = pairOf(x, y);
  return { orderId, decisions: [{ a, b, verdict, at, cause: 'review' }], severed: [], receivedAt: at };
};
const severs = (orderId: string, x: string, y: string, at: number): IdentityOrder => ({
  orderId,
  decisions: [],
  severed: [[...pairOf(x, y), at]],
  receivedAt: at,
});

const graphsOf = (store: MemoryProfileStore) =>
  Object.fromEntries([...store.subjects].map(([id, { graph }]) => [id, graph]));

/** Claims that what is rebuilt is what is live: profiles, persons, subjects with all that links them, and segments. */
async function expectEqual(region: MemoryRegion): Promise<void> {
  const { compared, rebuilt } = await rebuild(region);
  expect(compared).toMatchObject({ different: 0, onlyLive: 0, onlyRebuilt: 0 });
  expect(compared.equal).toBe(compared.identifiers);
  expect(graphsOf(rebuilt)).toEqual(graphsOf(region.store));
  expect(await region.persons(rebuilt)).toEqual(await region.persons());
  expect(region.segments(rebuilt)).toEqual(region.segments());
}

const rowsOf = (region: MemoryRegion, ...kinds: readonly EffectKind[]) =>
  region.archived().filter((row) => row.table === 'effects' && kinds.includes(row.kind));

async function verdictsOf(region: MemoryRegion, ...kinds: readonly EffectKind[]) {
  const ports = { evidence: await archived(region), keyring: region.keyring, scratch };
  const verdicts = [];
  for (const { rowId } of rowsOf(region, ...kinds))
    verdicts.push((await explain(rowId, null, region.context, ports))?.verdict);
  return verdicts;
}

/** One after another, each at its own time. */
async function live(...story: readonly (Signal | IdentityOrder)[]): Promise<MemoryRegion> {
  const region = new MemoryRegion('us');
  for (const [index, each] of story.entries())
    await region.deliverUntilDone([region.record([each])], NOW + 1 + index);
  return region;
}

describe('law 7 where evidence may join people: rebuilt from the archive alone', () => {
  const users = ['u1', 'u2', 'u3', 'u4'] as const;
  const userArbitrary = fc.constantFrom(...users);
  const stepArbitrary = fc.oneof(
    { weight: 6, arbitrary: fc.record({ user: userArbitrary, person: fc.constantFrom(...PEOPLE) }) },
    {
      weight: 1,
      arbitrary: fc.record({ user: userArbitrary, email: fc.constantFrom('e1', 'e2') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        ends: fc.uniqueArray(userArbitrary, { minLength: 2, maxLength: 2 }),
        act: fc.constantFrom('same' as const, 'different' as const, 'sever' as const),
      }),
    },
  );
  const played = (step: typeof stepArbitrary extends fc.Arbitrary<infer S> ? S : never, at: number) => {
    if ('person' in step) return states(`m${at}`, step.user, step.person, { occurredAt: at });
    if ('email' in step)
      return signal({
        id: `m${at}`,
        who: { userId: step.user, email: step.email },
        consent: GRANTED,
        occurredAt: at,
      });
    const [x = '', y = ''] = step.ends;
    return step.act === 'sever' ? severs(`o${at}`, x, y, at) : decides(`o${at}`, x, y, step.act, at);
  };

  it('profiles, subjects and segments equal the live ones, whatever was matched, decided and taken back', async () => {
    let [merged, withdrawn, segments] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(stepArbitrary, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 9 }),
        fc.option(fc.tuple(fc.nat(8), fc.integer({ min: 1, max: 9 }), fc.boolean()), { nil: null }),
        async (batches, crash) => {
          const region = await live(...users.map(appears));
          for (const [index, batch] of batches.entries()) {
            const at = NOW + 10 * (index + 1);
            if (crash?.[0] === index) region.crashAt(crash[1], crash[2]);
            await region.deliverUntilDone(
              [region.record(batch.map((step, place) => played(step, at + place)))],
              at + 9,
            );
          }
          expect(region.inconsistencies()).toEqual([]);
          await expectEqual(region);
          merged += rowsOf(region, 'match-made').length;
          withdrawn += rowsOf(region, 'match-withdrawn').length;
          segments += Object.keys(region.segments()).length;
        },
      ),
      { numRuns: 80 },
    );
    // It is about something.
    expect(merged).toBeGreaterThan(40);
    expect(withdrawn).toBeGreaterThan(5);
    expect(segments).toBeGreaterThan(20);
  });

  it('also when the one who parts them dies, and only some of them are named by what comes again', async () => {
    const story = [
      states('1', 'u3', RUTH),
      states('2', 'u1', RUTH),
      severs('o1', 'u1', 'u2', NOW + 31),
      states('3', 'u2', RUTH),
      states('4', 'u4', { ...RUTH, surname: 'Qzcroftam' }),
    ];
    const played = async (call: number, after: boolean): Promise<readonly string[]> => {
      const region = await live(...users.map(appears), ...story);
      if (call > 0) region.crashAt(call, after);
      await region.deliverUntilDone([region.record([decides('o2', 'u2', 'u3', 'same', NOW + 50)])], NOW + 59);
      await expectEqual(region);
      return [...new Set(region.archived().map(({ rowId }) => rowId))].sort();
    };
    const calm = await played(0, false);
    for (let call = 1; call <= 14; call += 1)
      for (const after of [false, true])
        expect([call, after, await played(call, after)]).toEqual([call, after, calm]);
  });

  it('a link that later evidence took back stays gone', async () => {
    const region = await live(
      states('1', 'a', RUTH),
      states('2', 'b', RUTH),
      states('3', 'b', IBRAHIM, { occurredAt: NOW }),
    );
    expect(rowsOf(region, 'match-made', 'match-withdrawn')).toHaveLength(2);
    expect(region.partition()).toHaveLength(2);
    await expectEqual(region);
  });

  it('so does one that a steward or an operator took away', async () => {
    const merged = [states('1', 'a', RUTH), states('2', 'b', RUTH)];
    for (const order of [decides('o', 'a', 'b', 'different', NOW + 3), severs('o', 'a', 'b', NOW + 3)]) {
      const region = await live(...merged, order, states('4', 'b', { ...RUTH, city: 'Cambridge' }));
      expect(region.partition()).toHaveLength(2);
      await expectEqual(region);
    }
  });

  it('nobody is joined to one who was erased, nor to whoever comes back under the same identifier', async () => {
    const region = await live(states('1', 'a', RUTH), states('2', 'b', RUTH));
    const b = tokenOf('userId', 'b');
    await region.keyring.destroy([b]);
    const { rebuilt } = await rebuild(region);
    expect([...rebuilt.nodes.keys()]).toEqual([tokenOf('userId', 'a')]);
    expect(rebuilt.subjects.size).toBe(0);

    await region.keyring.create([b]);
    const later = await rebuild(region);
    expect(later.rebuilt.subjects.size).toBe(0);
  });
});

describe('an explanation of a match', () => {
  const story = () =>
    live(
      ...['a', 'b', 'c'].map(appears),
      states('1', 'a', RUTH),
      states('2', 'b', RUTH),
      states('3', 'b', IBRAHIM, { occurredAt: NOW }),
      states('4', 'c', IBRAHIM),
    );

  it('derives the merge, and the parting, again from the links that were archived, bit for bit', async () => {
    const region = await story();
    expect(rowsOf(region, 'subjects-merged').map((row) => row.table === 'effects' && row.name)).toEqual(
      Array(2).fill('probabilistic'),
    );
    expect(await verdictsOf(region, 'subjects-merged', 'subject-split')).toEqual(Array(4).fill('equal'));
    expect(new Set(await verdictsOf(region, 'segment-entered', 'segment-left'))).not.toContain('different');
  });

  it('of the link itself says what it was weighed at', async () => {
    const region = await story();
    expect(await verdictsOf(region, 'match-made', 'match-withdrawn')).toEqual(Array(3).fill('concluded'));
    const [made] = rowsOf(region, 'match-made');
    expect(made).toMatchObject({
      name: 'probabilistic',
      reasons: expect.stringMatching(/^bits:\d+\.\d,model:[a-z]+@\d+$/),
    });
  });

  it('without the row of the link comes out different: nothing else joins the two', async () => {
    const region = await live(appears('b'), states('1', 'a', RUTH), states('2', 'b', RUTH));
    const { rows } = region.effects;
    rows.splice(
      rows.findIndex((row) => row.table === 'effects' && row.kind === 'match-made'),
      1,
    );
    expect(await verdictsOf(region, 'subjects-merged')).toEqual(['different']);
  });
});
