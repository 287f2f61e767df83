import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityOrder } from '../../functions/contracts/identity-order.ts';
import { asIdentifierToken, type SubjectId } from '../../functions/contracts/ids.ts';
import { type PersonAttributes, STEWARDSHIP } from '../../functions/contracts/person.ts';
import type { IdentifierType, Signal } from '../../functions/contracts/signal.ts';
import { orderedPair, subjectIdOf } from '../../functions/contracts/subject.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { conflictsOf, mergePersons, NOBODY } from '../../functions/pipeline/3-profile/person.ts';
import { decodePerson } from '../../functions/pipeline/3-profile/person-codec.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

type Who = Partial<Record<IdentifierType, string>>;
let sent = 0;
const from = (sourceId: string, who: Who, states?: PersonAttributes, daysAgo = 1): Signal => ({
  ...signal({ id: `c${sent++}`, who, states, occurredAt: NOW - daysAgo * DAY_MS }),
  sourceId,
});
/** The customer's own word, a system's, and a steward's. */
const says = (who: Who, states: PersonAttributes, daysAgo?: number) => from('web', who, states, daysAgo);
const logs = (who: Who, states: PersonAttributes, daysAgo?: number) => from('crm', who, states, daysAgo);
const settles = (who: Who, states: PersonAttributes) => from(STEWARDSHIP, who, states, 0);

const mail = (name: string) => tokenOf('email', name);
const user = (name: string) => tokenOf('userId', name);
const subjectOf = (...names: readonly ReturnType<typeof user>[]): SubjectId => subjectIdOf(names);

const severed = (a: ReturnType<typeof user>, b: ReturnType<typeof user>): IdentityOrder => {
  const at = NOW + sent++;
  return { orderId: `cut-${at}`, decisions: [], severed: [[...orderedPair(a, b), at]], receivedAt: NOW };
};

type Batch = readonly (Signal | IdentityOrder)[];
type Mode = 'off' | 'review';
const modes: readonly Mode[] = ['off', 'review'];
/** Where people are matched, and where (by no law so far) they are not. */
function regionOf(mode: Mode): MemoryRegion {
  const region = new MemoryRegion('eu');
  const { identity } = region.context.jurisdiction;
  const value = { ...identity.value, probabilistic: mode };
  const jurisdiction = { ...region.context.jurisdiction, identity: { ...identity, value } };
  return Object.assign(region, { context: { ...region.context, jurisdiction } });
}
async function regionAfter(mode: Mode, ...batches: readonly Batch[]): Promise<MemoryRegion> {
  const region = regionOf(mode);
  for (const batch of batches) await region.deliverUntilDone([region.record(batch)]);
  return region;
}
const listed = async (region: MemoryRegion): Promise<readonly SubjectId[]> =>
  (await region.effects.conflicts.list({ limit: 100 })).conflicts.map(({ subjectId }) => subjectId).sort();

/** Who contradicts themselves by what is stored of them. */
async function contradicted(region: MemoryRegion): Promise<readonly SubjectId[]> {
  const persons = await region.persons();
  const groups = region.partition().map((group) => group.split(' ').map(asIdentifierToken));
  return groups
    .filter((nodes) => {
      const known = nodes.flatMap((node) => persons[node] ?? []).map(decodePerson);
      return conflictsOf(known.reduce(mergePersons, NOBODY)).length > 0;
    })
    .map((nodes) => subjectIdOf(nodes))
    .sort();
}

describe.each(modes)('the list of contradictions, where matching is %s,', (mode) => {
  it('has a customer from when two values contradict each other until that is settled', async () => {
    const region = await regionAfter(mode, [says({ userId: 'a' }, { city: 'London' }, 3)]);
    expect(await listed(region)).toEqual([]);
    const go = async (...batch: Batch) => {
      await region.deliverUntilDone([region.record(batch)]);
      expect(await listed(region)).toEqual(await contradicted(region));
      return listed(region);
    };
    expect(await go(logs({ userId: 'a' }, { city: 'Paris' }, 3))).toEqual([subjectOf(user('a'))]);
    expect(await go(logs({ userId: 'a' }, { city: 'Bonn' }, 2))).toEqual([subjectOf(user('a'))]);
    expect(await go(says({ userId: 'a' }, { city: 'Bonn' }, 2))).toEqual([]);
    expect(await go(says({ userId: 'a' }, { city: 'Rome' }, 1))).toEqual([subjectOf(user('a'))]);
    expect(await go(settles({ userId: 'a' }, { city: 'Rome' }))).toEqual([]);
  });

  it('has one entry of two who are joined, and two when each contradicts themselves again', async () => {
    const parts = [
      [says({ userId: 'a' }, { city: 'London' }), logs({ userId: 'a' }, { city: 'Paris' })],
      [says({ email: 'a' }, { surname: 'King' }), logs({ email: 'a' }, { surname: 'Byron' })],
    ];
    const region = await regionAfter(mode, ...parts);
    const both = [subjectOf(user('a')), subjectOf(mail('a'))].sort();
    expect(await listed(region)).toEqual(both);
    await region.deliverUntilDone([region.record([from('web', { userId: 'a', email: 'a' })])]);
    expect(await listed(region)).toEqual([subjectOf(user('a'), mail('a'))]);
    await region.deliverUntilDone([region.record([severed(user('a'), mail('a'))])]);
    expect(await listed(region)).toEqual(both);
  });

  it('has a contradiction between two atoms as long as they are one customer', async () => {
    const region = await regionAfter(
      mode,
      [says({ email: 'a' }, { city: 'London' }), logs({ userId: 'a' }, { city: 'Paris' })],
      [from('web', { userId: 'a', email: 'a' })],
    );
    expect(await listed(region)).toEqual([subjectOf(user('a'), mail('a'))]);
    await region.deliverUntilDone([region.record([severed(user('a'), mail('a'))])]);
    expect(await listed(region)).toEqual([]);
  });
});

const STORIES: Readonly<Record<string, { readonly before: readonly Batch[]; readonly last: Batch }>> = {
  'one contradicts themselves': {
    before: [[says({ userId: 'a' }, { city: 'London' })]],
    last: [logs({ userId: 'a' }, { city: 'Paris' })],
  },
  'a contradiction is settled': {
    before: [[says({ userId: 'a' }, { city: 'London' }), logs({ userId: 'a' }, { city: 'Paris' })]],
    last: [settles({ userId: 'a' }, { city: 'Paris' })],
  },
  'two who contradict themselves are joined': {
    before: [
      [says({ userId: 'a' }, { city: 'London' }), logs({ userId: 'a' }, { city: 'Paris' })],
      [says({ email: 'a' }, { surname: 'King' }), logs({ email: 'a' }, { surname: 'Byron' })],
    ],
    last: [from('web', { userId: 'a', email: 'a' })],
  },
  'two who contradict each other are joined': {
    before: [[says({ userId: 'a' }, { city: 'London' }), logs({ email: 'a' }, { city: 'Paris' })]],
    last: [from('web', { userId: 'a', email: 'a' })],
  },
  'they come apart again': {
    before: [
      [says({ userId: 'a' }, { city: 'London' }), logs({ email: 'a' }, { city: 'Paris' })],
      [from('web', { userId: 'a', email: 'a' })],
    ],
    last: [severed(user('a'), mail('a'))],
  },
  'one of several atoms says something else': {
    before: [
      [says({ userId: 'a' }, { city: 'Paris' }, 3), logs({ email: 'a' }, { city: 'Paris' })],
      [from('web', { userId: 'a', email: 'a' })],
    ],
    last: [says({ userId: 'a' }, { city: 'London' })],
  },
};

describe.each(Object.entries(STORIES))('when %s', (_name, { before, last }) => {
  it.each(modes)('where matching is %s the list is the same wherever the batch dies', async (mode) => {
    const calm = await regionAfter(mode, ...before);
    const calls = calm.calls;
    await calm.deliverUntilDone([calm.record(last)]);
    const [most, expected] = [calm.calls - calls, await listed(calm)];
    expect(expected).toEqual(await contradicted(calm));
    for (let call = 1; call <= most; call += 1)
      for (const isAfter of [false, true]) {
        const region = await regionAfter(mode, ...before);
        region.crashAt(call, isAfter);
        await region.deliverUntilDone([region.record(last)]);
        expect([call, isAfter, await listed(region)]).toEqual([call, isAfter, expected]);
      }
  });
});

describe('the list of contradictions', () => {
  it('is that of the stored persons after any order, split and repetition of the signals', async () => {
    const cities = ['London', 'Paris'] as const;
    const whos: readonly Who[] = [
      { userId: 'a' },
      { email: 'a' },
      { userId: 'b' },
      { userId: 'a', email: 'a' },
    ];
    const each = fc.record({
      who: fc.constantFrom(...whos),
      source: fc.constantFrom('web', 'crm', 'survey', STEWARDSHIP),
      states: fc.constantFrom(
        undefined,
        ...cities.map((city) => ({ city })),
        { city: '' },
        { surname: 'King' },
      ),
      daysAgo: fc.nat({ max: 4 }),
    });
    let contradictions = 0;
    const play = async (mode: Mode, signals: readonly Signal[], order: readonly number[], size: number) => {
      const region = regionOf(mode);
      const played = [...order, order[0] ?? 0].flatMap((at) => signals[at] ?? []);
      for (let at = 0; at < played.length; at += size) {
        await region.deliverUntilDone([region.record(played.slice(at, at + size))]);
        expect(await listed(region)).toEqual(await contradicted(region));
      }
      return listed(region);
    };
    await fc.assert(
      fc.asyncProperty(
        fc
          .array(each, { minLength: 2, maxLength: 9 })
          .chain((drawn) => fc.tuple(fc.constant(drawn), permutationArbitrary(drawn.length))),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(...modes),
        async ([drawn, order], size, mode) => {
          const signals = drawn.map(({ who, source, states, daysAgo }) =>
            // A steward decides of one atom.
            from(source, source === STEWARDSHIP ? { userId: 'a' } : who, states, daysAgo),
          );
          const inOrder = await play(mode, signals, [...signals.keys()], signals.length);
          expect(await play(mode, signals, order, size)).toEqual(inOrder);
          contradictions += inOrder.length;
        },
      ),
      { numRuns: 200 },
    );
    expect(contradictions).toBeGreaterThan(0);
  });

  it.each(modes)(
    'where matching is %s has whom two batches make contradict themselves at once',
    async (mode) => {
      const joined = from('web', { userId: 'a', email: 'a' });
      const stories: readonly (readonly [Batch, Batch, Batch])[] = [
        [[joined], [says({ email: 'a' }, { city: 'London' })], [logs({ userId: 'a' }, { city: 'Paris' })]],
        [
          [joined, says({ email: 'a' }, { city: 'Rome' }, 3), logs({ userId: 'a' }, { city: 'Rome' }, 3)],
          [says({ email: 'a' }, { city: 'London' })],
          [logs({ userId: 'a' }, { city: 'Paris' })],
        ],
        [
          [says({ email: 'a' }, { city: 'Rome' }, 3), logs({ userId: 'a' }, { city: 'Rome' }, 3)],
          [says({ email: 'a' }, { city: 'London' })],
          [joined],
        ],
      ];
      for (const [before, ...atOnce] of stories) {
        const region = await regionAfter(mode, before);
        await Promise.all(atOnce.map((batch) => region.deliverUntilDone([region.record(batch)])));
        expect(await listed(region)).toEqual([subjectOf(user('a'), mail('a'))]);
      }
    },
  );

  it('holds nothing that anybody said', async () => {
    const region = await regionAfter('review', [
      says({ userId: 'a' }, { city: 'Qzmarkstadt' }),
      logs({ userId: 'a' }, { city: 'Qzmarkdorf' }),
    ]);
    expect(JSON.stringify(await region.effects.conflicts.list({ limit: 9 }))).not.toContain('Qzmark');
  });

  it('costs no call for a customer of one atom without contradictions, nor for one who goes on as before', async () => {
    const callsFor = async (before: readonly Batch[], last: Batch): Promise<number> => {
      const region = await regionAfter('review', ...before);
      const start = region.calls;
      await region.deliverUntilDone([region.record(last)]);
      return region.calls - start;
    };
    const silent = await callsFor(
      [[from('web', { userId: 'a' }, undefined, 3)]],
      [from('web', { userId: 'a' })],
    );
    const stating = await callsFor(
      [[says({ userId: 'a' }, { city: 'London' }, 3)]],
      [says({ userId: 'a' }, { city: 'London' })],
    );
    const contradicting = await callsFor(
      [[says({ userId: 'a' }, { city: 'London' }, 3), logs({ userId: 'a' }, { city: 'Paris' }, 3)]],
      [logs({ userId: 'a' }, { city: 'Bonn' })],
    );
    expect([stating, contradicting]).toEqual([silent, silent]);
  });
});
