import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityOrder } from '../../../functions/contracts/identity-order.ts';
import type { IdentifierType, Signal } from '../../../functions/contracts/signal.ts';
import { orderedPair } from '../../../functions/contracts/subject.ts';
import { identifiers } from '../../../functions/registry/identifiers/index.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';

type Who = Partial<Record<IdentifierType, string>>;
const signalsOf = (people: readonly Who[]): Signal[] =>
  people.map((who, at) => signal({ id: `m${at}`, who }));
const many = (count: number, who: (at: number) => Who): Who[] =>
  Array.from({ length: count }, (_, at) => who(at));

async function regionAfter(signals: readonly Signal[]): Promise<MemoryRegion> {
  const region = new MemoryRegion();
  for (const each of signals) await region.deliverUntilDone([region.record([each])]);
  return region;
}

/** What several people share, and how it comes with each of them. Everybody also has a browser of their own. */
const shared: readonly (readonly [string, string, readonly Who[]])[] = [
  [
    "a family's e-mail address",
    'email',
    many(4, (at) => ({ userId: `member ${at}`, email: 'family', anonymousId: `browser ${at}` })),
  ],
  [
    "a shop's till",
    'deviceId',
    many(12, (at) => ({ loyaltyId: `card ${at}`, email: `own ${at}`, deviceId: 'till' })),
  ],
  [
    "a support agent's address",
    'email',
    many(15, (at) => ({ userId: `caller ${at}`, email: 'agent', anonymousId: `browser ${at}` })),
  ],
  ["a switchboard's number", 'phone', many(9, (at) => ({ email: `own ${at}`, phone: 'switchboard' }))],
  [
    'a kiosk',
    'anonymousId',
    many(6, (at) => ({ userId: `guest ${at}`, email: `own ${at}`, anonymousId: 'kiosk' })),
  ],
];

describe.each(shared)('%s', (_name, type, people) => {
  it('glues no two people, in whatever order they come, and the evidence says that it counts for nothing', async () => {
    const signals = signalsOf(people);
    await fc.assert(
      fc.asyncProperty(permutationArbitrary(signals.length), async (order) => {
        const region = await regionAfter(order.map((at) => signals[at] as Signal));
        const atoms = new Set(signals.map(({ identifiers: [first] }) => first.token as string));
        for (const group of region.partition())
          expect(group.split(' ').filter((token) => atoms.has(token)).length).toBeLessThanOrEqual(1);
        expect(region.inconsistencies()).toEqual([]);
        const blocked = region
          .archived()
          .filter((row) => row.table === 'effects' && row.kind === 'identifier-blocked');
        expect(blocked).toMatchObject([
          { name: type, reasons: expect.stringMatching(/^identifier-links-too-many,/) },
        ]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a chain of people who share something with the next', () => {
  it('makes no subject of more accounts than one person has, and says what it left out', async () => {
    const { max } = identifiers.userId.perSubjectMax;
    const links = Array.from({ length: 12 }, (_, at): Who[] => [
      { userId: `u${at}`, email: `e${at}` },
      { userId: `u${at + 1}`, email: `e${at}` },
    ]).flat();
    const region = await regionAfter(signalsOf(links));
    const accounts = region
      .partition()
      .map((group) => group.split(' ').filter((token) => token.startsWith('userId.')));
    expect(Math.max(...accounts.map(({ length }) => length))).toBe(max);
    const refused = region.archived().filter((row) => row.table === 'effects' && row.kind === 'link-refused');
    expect(refused.length).toBeGreaterThan(0);
    for (const row of refused) expect(row).toMatchObject({ name: 'email', reasons: `userId:${max}:ever` });
    expect(region.inconsistencies()).toEqual([]);
  });

  it('comes apart in the middle when a person says so, and nowhere else', async () => {
    const people: Who[] = [
      { userId: 'a', email: 'x' },
      { userId: 'b', email: 'x' },
      { userId: 'b', phone: 'y' },
    ];
    const region = await regionAfter(signalsOf([...people, { userId: 'c', phone: 'y' }]));
    expect(region.partition()).toHaveLength(1);
    const [a, b] = orderedPair(tokenOf('userId', 'a'), tokenOf('userId', 'b'));
    const order: IdentityOrder = {
      orderId: 'apart',
      decisions: [{ a, b, verdict: 'different', at: NOW, cause: 'review' }],
      severed: [],
      receivedAt: NOW,
    };
    await region.deliverUntilDone([region.record([order])]);
    expect(region.partition()).toHaveLength(2);
  });
});
