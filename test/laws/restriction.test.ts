import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../functions/contracts/signal.ts';
import { subjectIdOf } from '../../functions/contracts/subject.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { decodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { contextOf } from '../../functions/pipeline/understand/context.ts';
import { sweep } from '../../functions/pipeline/understand/sweep.ts';
import { NOW, permutationArbitrary, SECRETS, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const who = { userId: 'ada', email: 'ada@mail.example.org' };
const ATOM = tokenOf('userId', 'ada');
const ALLOWED = { analytics: true, personalisation: true, profiling: true };

const visits = ['v1', 'v2', 'v3'].map((id, at) =>
  signal({
    id,
    who,
    purposes: ['profiling'],
    consent: ALLOWED,
    facts: [{ kind: 'visit', depth: 5 }],
    occurredAt: NOW - (3 - at) * DAY_MS,
  }),
);

/** A region that knows Ada, and may only store what it knows. */
async function restricted(until = NOW + DAY_MS): Promise<MemoryRegion> {
  const region = new MemoryRegion();
  await region.deliverUntilDone([region.record(visits)]);
  for (const [id, node] of region.store.nodes)
    region.store.nodes.set(id, { ...node, restrictedUntil: until });
  return region;
}
const send = (region: MemoryRegion, signals: readonly Signal[], now = NOW): Promise<void> =>
  region.deliverUntilDone([region.record(signals)], now);
const consentIn = (region: MemoryRegion) => decodeState(region.store.nodes.get(ATOM)?.state ?? '').consent;
const withdrawal = signal({
  id: 'w',
  who,
  occurredAt: NOW - 1,
  receivedAt: NOW,
  facts: [{ kind: 'consent', choices: { profiling: false } }],
});

describe('while processing is restricted', () => {
  it('nothing is folded or linked, and afterwards it is again', async () => {
    const region = await restricted();
    const [states, partition] = [region.states(), region.partition()];
    const plain = signal({ id: '2', who: { ...who, anonymousId: 'browser' }, receivedAt: NOW });
    await send(region, [plain]);
    expect(region.archived().at(-1)).toMatchObject({ outcome: 'withheld', reason: 'processing-restricted' });
    expect(region.archived().at(-1)?.payload).toBeUndefined();
    expect([region.states(), region.partition()]).toEqual([states, partition]);
    await send(region, [signal({ id: '3', who, occurredAt: NOW })], NOW + 2 * DAY_MS);
    expect(region.states()).not.toEqual(states);
  });

  it('a withdrawal is recorded and applied: what rested on the purpose goes, and those who listen are told', async () => {
    const region = await restricted();
    expect(JSON.stringify(region.segments())).toContain('engagement');
    await send(region, [withdrawal]);
    expect(consentIn(region).purposes.profiling?.explicit[0]?.depth).toBe('none');
    expect(decodeState(region.store.nodes.get(ATOM)?.state ?? '').weeks.size).toBe(0);
    expect(region.effects.published.map(({ type }) => type)).toContain('Consent Withdrawn');
    expect(region.segments()).toEqual({});
    const row = region.archived().find((each) => each.table === 'refusals');
    // Sealed evidence of it, so that a rebuilding from the archive knows it too.
    expect(row).toMatchObject({ reason: 'processing-restricted', payload: expect.any(String) });
    await send(
      region,
      [{ ...visits[0], messageToken: signal({ id: 'x', who }).messageToken } as Signal],
      NOW + 2 * DAY_MS,
    );
    expect(region.archived().at(-1)).toMatchObject({ outcome: 'withheld', reason: 'customer-refused' });
  });

  it('choices count as they do otherwise, in any order and once, and make no links', async () => {
    const choices = [true, false, true].map((profiling, at) =>
      signal({
        id: `c${at}`,
        who: { ...who, anonymousId: `browser-${at}` },
        occurredAt: NOW - 10 + at,
        facts: [{ kind: 'consent', choices: { profiling } }],
      }),
    );
    const free = new MemoryRegion();
    await send(free, [...visits, ...choices]);
    await fc.assert(
      fc.asyncProperty(permutationArbitrary(3), async (order) => {
        const region = await restricted();
        const partition = region.partition();
        const record = region.record(order.map((at) => choices[at] as Signal));
        await region.deliverUntilDone([record]);
        await region.deliverUntilDone([record]);
        expect(consentIn(region)).toEqual(consentIn(free));
        expect(region.partition()).toEqual(partition);
      }),
      { numRuns: 6 },
    );
  });

  it('nothing is concluded: no segment is entered and no alert opens, by signals or by silence', async () => {
    const region = new MemoryRegion();
    const cart = signal({
      id: 'cart',
      who,
      purposes: ['personalisation'],
      consent: ALLOWED,
      facts: [{ kind: 'cart', open: true, valueMinor: 50_000 }],
      occurredAt: NOW,
    });
    await send(region, [cart]);
    for (const [id, node] of region.store.nodes)
      region.store.nodes.set(id, { ...node, restrictedUntil: NOW + 9 * DAY_MS });
    const subjectId = region.subjectOf(subjectIdOf([ATOM]));
    const cues = {
      async *due() {
        yield [{ subjectId, dueAt: NOW + DAY_MS / 12, slot: 'due' }];
      },
      forget: async () => undefined,
    };
    const ports = {
      ...region.effects,
      profiles: region.store,
      keyring: region.keyring,
      cues,
      clock: () => NOW,
      isInTime: () => true,
    };
    expect(await sweep(contextOf('eu', SECRETS), ports, NOW + DAY_MS / 6)).toEqual({ cues: 1, alerts: 0 });
    expect(region.effects.opened.size).toBe(0);
    for (const [id, node] of region.store.nodes)
      region.store.nodes.set(id, { ...node, restrictedUntil: null });
    expect(await sweep(contextOf('eu', SECRETS), ports, NOW + DAY_MS / 6)).toEqual({ cues: 1, alerts: 1 });
  });
});
