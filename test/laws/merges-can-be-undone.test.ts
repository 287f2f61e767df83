import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityOrder } from '../../functions/contracts/identity-order.ts';
import type { IdentifierToken } from '../../functions/contracts/ids.ts';
import type { Fact, Signal } from '../../functions/contracts/signal.ts';
import { orderedPair } from '../../functions/contracts/subject.ts';
import { DAY_MS, HOUR_MS } from '../../functions/kernel/time.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const ALL = { analytics: true, personalisation: true, profiling: true };

/** What one customer does: they come by user id, by e-mail, or both, so that either identifier is an atom. */
const deedArbitrary = fc.record({
  who: fc.constantFrom('user' as const, 'mail' as const, 'both' as const),
  minutesAgo: fc.integer({ min: 1, max: 20 * 60 }),
  fact: fc.oneof(
    fc.constant<Fact>({ kind: 'contact', channel: 'phone', escalated: false }),
    fc.constant<Fact>({ kind: 'contact', channel: 'chat', escalated: true }),
    fc
      .integer({ min: 1_000, max: 900_000 })
      .map((valueMinor): Fact => ({ kind: 'order', valueMinor, items: 1 })),
    fc.integer({ min: 1_000, max: 90_000 }).map((valueMinor): Fact => ({ kind: 'refund', valueMinor })),
    fc.constant<Fact>({ kind: 'visit', depth: 4 }),
  ),
});
const customerArbitrary = fc.array(deedArbitrary, { minLength: 1, maxLength: 8 });
type Deed = typeof deedArbitrary extends fc.Arbitrary<infer D> ? D : never;

const signalsOf = (name: string, deeds: readonly Deed[]): Signal[] =>
  deeds.map(({ who, minutesAgo, fact }, index) =>
    signal({
      id: `${name}-${index}`,
      who: {
        ...(who === 'mail' ? {} : { userId: name }),
        ...(who === 'user' ? {} : { email: `${name}@mail` }),
      },
      consent: ALL,
      occurredAt: NOW - minutesAgo * 60_000,
      facts: [fact],
    }),
  );

/** A signal that says nothing, and names two customers: how they are glued. */
const glue = (name: string, a: string, b: string, at = NOW - DAY_MS): Signal =>
  signal({
    id: name,
    who: { userId: a, email: `${b}@mail` },
    name: 'Identity Linked',
    consent: ALL,
    occurredAt: at,
    facts: [],
  });
const unglue = (a: string, b: string, at = NOW): IdentityOrder => ({
  orderId: `order ${a} ${b}`,
  decisions: [],
  severed: [[...orderedPair(tokenOf('userId', a), tokenOf('email', `${b}@mail`)), at]],
  receivedAt: at,
});
const apart = (a: IdentifierToken, b: IdentifierToken, at = NOW): IdentityOrder => {
  const [x, y] = orderedPair(a, b);
  return {
    orderId: `apart ${x} ${y}`,
    decisions: [{ a: x, b: y, verdict: 'different', at, cause: 'review' }],
    severed: [],
    receivedAt: at,
  };
};

async function regionAfter(
  steps: readonly (readonly (Signal | IdentityOrder)[])[],
  now = NOW,
): Promise<MemoryRegion> {
  const region = new MemoryRegion();
  for (const step of steps) if (step.length > 0) await region.deliverUntilDone([region.record(step)], now);
  return region;
}

/** Open alerts, by the subject that they lead to now. */
function openAlerts(region: MemoryRegion): string[] {
  const open = [...region.effects.opened.values()].filter(({ state }) => state === 'open');
  return [...new Set(open.map(({ subjectId, rule }) => `${region.subjectOf(subjectId)} ${rule}`))].sort();
}

const NAMES = ['ada', 'bob', 'cy'];
const GLUES: readonly (readonly [string, string])[] = [
  ['ada', 'bob'],
  ['bob', 'cy'],
  ['cy', 'ada'],
];
const gluedBy = (at: number): readonly [string, string] => GLUES[at] ?? ['ada', 'bob'];
const together = (region: MemoryRegion) => region.partition().filter((group) => group.includes(' '));

describe('law 4: merges can be undone', () => {
  it('leaves states, segments and open alerts as if the customers had never been merged', async () => {
    const cases = fc
      .record({
        customers: fc.tuple(customerArbitrary, customerArbitrary, customerArbitrary),
        glued: fc.subarray([0, 1, 2], { minLength: 1 }),
      })
      .chain(({ customers, glued }) => {
        const signals = NAMES.flatMap((name, index) => signalsOf(name, customers[index] ?? []));
        const all = [...signals, ...glued.map((at) => glue(`glue-${at}`, ...gluedBy(at)))];
        return fc.record({
          customers: fc.constant(customers),
          glued: fc.constant(glued),
          merged: permutationArbitrary(all.length).map((order) => order.map((at) => all[at] as Signal)),
          undone: fc.shuffledSubarray([...glued], { minLength: glued.length, maxLength: glued.length }),
        });
      });
    await fc.assert(
      fc.asyncProperty(cases, async ({ customers, merged, glued, undone }) => {
        const region = await regionAfter([
          ...merged.map((each) => [each]),
          ...undone.map((at) => [unglue(...gluedBy(at))]),
        ]);
        // The same signals without what glues: the messages are still counted, as nobody's links.
        const never = await regionAfter(
          NAMES.map((name, index) => [
            ...signalsOf(name, customers[index] ?? []),
            ...glued
              .filter((at) => GLUES[at]?.[0] === name)
              .map((at) => ({
                ...glue(`glue-${at}`, name, name),
                identifiers: [glue('x', name, name).identifiers[0]] as const,
              })),
          ]),
        );
        expect(region.inconsistencies()).toEqual([]);
        expect(region.states()).toEqual(never.states());
        expect(together(region)).toEqual(together(never));
        expect(region.segments()).toEqual(never.segments());
        expect(openAlerts(region)).toEqual(openAlerts(never));
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it('closes the alert that held for the merged customer alone, and says why', async () => {
    const contact = (id: string, who: string, hoursAgo: number): Signal =>
      signal({
        id,
        who: { userId: who },
        occurredAt: NOW - hoursAgo * HOUR_MS,
        facts: [{ kind: 'contact', channel: 'phone', escalated: false }],
      });
    const region = await regionAfter([
      [contact('1', 'ada', 5), contact('2', 'ada', 4)],
      [signal({ id: '3', who: { userId: 'bob', email: 'bob@mail' }, facts: [] }), contact('4', 'bob', 3)],
      [glue('glue', 'ada', 'bob')],
    ]);
    expect(openAlerts(region)).toHaveLength(1);
    await region.deliverUntilDone([region.record([unglue('ada', 'bob')])]);
    expect(openAlerts(region)).toEqual([]);
    const effects = region.archived().filter((row) => row.table === 'effects');
    const told = (kind: string) =>
      effects.filter((row) => row.kind === kind).map(({ name, reasons }) => [name, reasons]);
    expect(told('alert-closed')).toEqual([['repeat-contact', 'subject-split']]);
    expect(told('subject-split')).toEqual(Array(2).fill(['operator', 'link-undone:operator']));
    expect(told('link-severed')).toHaveLength(2);
    expect(region.effects.published.filter(({ type }) => type === 'Subject Split')).toHaveLength(2);
  });

  it('keeps evidence of each of several links that one order takes away', async () => {
    const seen = (id: string, who: Parameters<typeof signal>[0]['who']) => signal({ id, who, facts: [] });
    const mail = tokenOf('email', 'shared@mail');
    const order: IdentityOrder = {
      orderId: 'cut the mail off',
      decisions: [],
      severed: ['ada', 'bob'].map((name) => [...orderedPair(tokenOf('userId', name), mail), NOW]),
      receivedAt: NOW,
    };
    const region = await regionAfter([
      ['ada', 'bob'].flatMap((name) => [
        seen(`${name}-mail`, { userId: name, email: 'shared@mail' }),
        seen(`${name}-card`, { userId: name, loyaltyId: 'card' }),
      ]),
      [order],
    ]);
    expect(region.partition()).toContain(mail);
    const rows = region.archived().filter((row) => row.table === 'effects' && row.kind === 'link-severed');
    // Each of the two links is told of both sides; the archive keeps rows of one id once.
    expect(new Set(rows.map(({ rowId }) => rowId)).size).toBe(4);
  });

  it('gives each side the alert that holds for it, under its own id', async () => {
    const contacts = (who: string): Signal[] =>
      [1, 2, 3].map((index) =>
        signal({
          id: `${who}-${index}`,
          who: { userId: who },
          occurredAt: NOW - index * HOUR_MS,
          facts: [{ kind: 'contact', channel: 'phone', escalated: false }],
        }),
      );
    const mail = signal({ id: 'mail', who: { userId: 'bob', email: 'bob@mail' }, facts: [] });
    const region = await regionAfter([
      [glue('glue', 'ada', 'bob'), mail],
      [...contacts('ada'), ...contacts('bob')],
    ]);
    expect(openAlerts(region)).toHaveLength(1);
    await region.deliverUntilDone([region.record([unglue('ada', 'bob')])]);
    expect(openAlerts(region)).toHaveLength(2);
    expect(new Set(openAlerts(region).map((each) => each.split(' ')[0])).size).toBe(2);
  });

  it('remembers a decision whatever signals and orders come, in whatever order, and however they crash', async () => {
    const [ada, bob] = [tokenOf('userId', 'ada'), tokenOf('userId', 'bob')];
    const story: readonly (Signal | IdentityOrder)[] = [
      glue('g1', 'ada', 'bob'),
      signal({ id: 'b', who: { userId: 'bob', email: 'bob@mail' }, facts: [] }),
      glue('g2', 'bob', 'ada'),
      apart(ada, bob),
      signal({ id: 'd', who: { userId: 'ada', deviceId: 'd1' }, facts: [] }),
      signal({ id: 'e', who: { userId: 'bob', deviceId: 'd1' }, facts: [] }),
    ];
    const expected = (await regionAfter([story])).partition();
    const cases = fc.record({
      order: permutationArbitrary(story.length),
      crash: fc.record({
        step: fc.nat({ max: 5 }),
        call: fc.integer({ min: 1, max: 9 }),
        after: fc.boolean(),
      }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ order, crash }) => {
        const region = new MemoryRegion();
        for (const [step, at] of order.entries()) {
          if (step === crash.step) region.crashAt(crash.call, crash.after);
          await region.deliverUntilDone([region.record([story[at] as Signal])]);
        }
        expect(region.partition()).toEqual(expected);
        expect(region.inconsistencies()).toEqual([]);
        const decided = region
          .archived()
          .filter((row) => row.table === 'effects' && row.kind === 'identity-decided');
        // In the evidence of either side, once.
        expect(new Set(decided.map(({ rowId }) => rowId)).size).toBe(2);
        expect(decided).toHaveLength(2);
      }),
      { numRuns: 300 },
    );
  });
});
