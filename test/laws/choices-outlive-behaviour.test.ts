import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Purpose } from '../../functions/contracts/purposes.ts';
import type { IdentifierType, Signal } from '../../functions/contracts/signal.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { stateFor, wholeState } from '../../functions/pipeline/3-profile/revocable.ts';
import { EMPTY_STATE } from '../../functions/pipeline/3-profile/state.ts';
import { decodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { au } from '../../functions/registry/jurisdictions/au.ts';
import { NOW, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const BROWSING: readonly Purpose[] = ['analytics', 'personalisation', 'profiling'];
const USER = tokenOf('userId', 'u1');
type Who = Partial<Record<IdentifierType, string>>;

const visit = (id: string, at: number, who: Who = { userId: 'u1' }): Signal =>
  signal({
    id,
    who,
    name: 'Page Viewed',
    eventClass: 'behaviour',
    purposes: BROWSING,
    occurredAt: at,
    facts: [{ kind: 'visit', depth: 2 }],
  });
const refusal = (at: number, who: Who = { userId: 'u1' }): Signal =>
  signal({
    id: 'refusal',
    who,
    name: 'Consent Changed',
    eventClass: 'consent',
    purposes: ['service'],
    occurredAt: at,
    facts: [{ kind: 'consent', choices: { profiling: false } }],
  });

/** What may be seen of an atom now. */
async function seenOf(region: MemoryRegion, id = USER) {
  const { state } = (await region.store.read([id], [])).nodes.get(id) ?? { state: null };
  return state === null ? null : decodeState(state);
}

async function deliver(region: MemoryRegion, signals: readonly Signal[], now: number): Promise<void> {
  region.time = now;
  await region.deliverUntilDone([region.record(signals)], now);
}

const story = fc.record({
  visits: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 6 }),
  refusedAgo: fc.integer({ min: 0, max: 300 }),
  silentDays: fc.integer({
    min: au.retention.behaviour.value.maxDays,
    max: au.retention.consent.value.maxDays - 340,
  }),
});

// Australia lets a customer be profiled until they refuse, so that nothing but the refusal can forbid it.
describe('a refusal', () => {
  it('holds when its customer returns after all that they did was forgotten, and covers what they do then', async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ visits, refusedAgo, silentDays }) => {
        const region = new MemoryRegion('au');
        const told = visits.map((ago, index) => visit(`v${index}`, NOW - ago * DAY_MS));
        await deliver(region, [...told, refusal(NOW - refusedAgo * DAY_MS)], NOW);
        expect(wholeState((await seenOf(region)) ?? EMPTY_STATE).visits).toBe(visits.length);

        const later = NOW + silentDays * DAY_MS;
        region.time = later;
        const { consent, ...rest } = (await seenOf(region)) ?? EMPTY_STATE;
        expect({ ...rest, consent: EMPTY_STATE.consent }).toEqual(EMPTY_STATE);
        expect(consent.purposes.profiling?.explicit[0]?.depth).toBe('none');

        await deliver(region, [visit('return', later)], later);
        const returned = (await seenOf(region)) ?? EMPTY_STATE;
        expect(stateFor(returned)(['profiling']).visits).toBe(0);
        expect(stateFor(returned)(['personalisation']).visits).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  it('of an identifier that fell silent holds for a customer who lives on under another', async () => {
    const region = new MemoryRegion('au');
    const both = { userId: 'u1', anonymousId: 'a1' };
    await deliver(region, [refusal(NOW, { anonymousId: 'a1' }), visit('together', NOW, both)], NOW);
    const years = (count: number): number => NOW + count * 360 * DAY_MS;
    for (let year = 1; year <= 7; year += 1)
      await deliver(region, [visit(`year ${year}`, years(year))], years(year));
    const seen = (await seenOf(region)) ?? EMPTY_STATE;
    expect(stateFor(seen)(['personalisation']).visits).toBe(1);
    expect(stateFor(seen)(['profiling']).visits).toBe(0);
  });

  it('is forgotten with the last of its customer, who is new then', async () => {
    const region = new MemoryRegion('au');
    await deliver(region, [visit('v', NOW), refusal(NOW)], NOW);
    const later = NOW + au.retention.consent.value.maxDays * DAY_MS;
    region.time = later;
    expect(await seenOf(region)).toBeNull();
    await deliver(region, [visit('return', later)], later);
    expect(stateFor((await seenOf(region)) ?? EMPTY_STATE)(['profiling']).visits).toBe(1);
  });
});
