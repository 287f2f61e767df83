import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../functions/contracts/signal.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { decodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import type { StreamRecord } from '../../functions/pipeline/understand/delivery.ts';
import { crowdArbitrary, NOW, permutationArbitrary, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

/** Signals packed into records of one to four, and those into batches of one to three. */
function batches(
  region: MemoryRegion,
  signals: readonly Signal[],
  sizes: readonly number[],
): StreamRecord[][] {
  const result: StreamRecord[][] = [];
  let at = 0;
  for (let index = 0; at < signals.length; index += 1) {
    const records: StreamRecord[] = [];
    for (let count = 0; count < (sizes[index % sizes.length] ?? 1) && at < signals.length; count += 1) {
      const size = sizes[(index + count) % sizes.length] ?? 1;
      records.push(region.record(signals.slice(at, at + size)));
      at += size;
    }
    result.push(records);
  }
  return result;
}

async function plain(signals: readonly Signal[], jurisdiction?: string): Promise<MemoryRegion> {
  const region = new MemoryRegion(jurisdiction);
  for (const each of signals) await region.deliverUntilDone([region.record([each])]);
  return region;
}

const sizesArbitrary = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
const crashesArbitrary = fc.array(fc.record({ call: fc.integer({ min: 1, max: 9 }), after: fc.boolean() }), {
  maxLength: 12,
});

describe('law 2: effects happen once', () => {
  it('a choice that is sent again does not undo the one made in between', async () => {
    for (const purposes of [['service'], ['profiling']] as const) {
      const choice = (id: string, granted: boolean, occurredAt: number) =>
        signal({ id, who: { userId: 'ada' }, purposes, consent: { sharing: granted }, occurredAt });
      const region = new MemoryRegion();
      // The client's clock is corrected by when a request came, so the same event comes with a later time.
      for (const each of [
        choice('1', true, NOW - 3 * DAY_MS),
        choice('2', false, NOW - 2 * DAY_MS),
        choice('1', true, NOW - DAY_MS),
      ])
        await region.deliverUntilDone([region.record([each])]);
      const state = decodeState(region.states()[tokenOf('userId', 'ada')] ?? '');
      expect(state.consent.purposes.sharing?.stated).toEqual([{ depth: 'none', at: NOW - 2 * DAY_MS }]);
    }
  });

  it('counts each signal once, in profile and evidence, though every batch crashes and comes again', async () => {
    await fc.assert(
      fc.asyncProperty(
        crowdArbitrary(),
        sizesArbitrary,
        crashesArbitrary,
        async (signals, sizes, crashes) => {
          const expected = await plain(signals);
          const region = new MemoryRegion();
          for (const [index, records] of batches(region, signals, sizes).entries()) {
            const crash = crashes[index];
            if (crash !== undefined) region.crashAt(crash.call, crash.after);
            await region.deliverUntilDone(records);
          }
          expect(region.states()).toEqual(expected.states());
          expect(await region.persons()).toEqual(await expected.persons());
          expect(region.partition()).toEqual(expected.partition());
          expect(region.inconsistencies()).toEqual([]);
          const applied = region.archived().filter((row) => row.table === 'signals');
          expect(applied.map((row) => row.rowId).sort()).toEqual(
            [...new Set(applied.map((row) => row.rowId))].sort(),
          );
          expect(applied).toHaveLength(signals.length);
          expect(region.archived().filter((row) => row.table === 'refusals')).toHaveLength(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('leaves the same subjects, profiles and segments for any order and any split of the signals', async () => {
    const cases = crowdArbitrary().chain((signals) =>
      permutationArbitrary(signals.length).map((order) => ({
        signals,
        permuted: order.map((index) => signals[index] as Signal),
      })),
    );
    await fc.assert(
      fc.asyncProperty(cases, sizesArbitrary, async ({ signals, permuted }, sizes) => {
        // Where profiling needs no opt-in, so that there are segments to compare; and evidence alone joins nobody, since
        // what it joins may depend (a little) on the order of arrival.
        const expected = await plain(signals, 'ch');
        const region = new MemoryRegion('ch');
        for (const records of batches(region, permuted, sizes)) await region.deliverUntilDone(records);
        expect(region.states()).toEqual(expected.states());
        expect(await region.persons()).toEqual(await expected.persons());
        expect(region.partition()).toEqual(expected.partition());
        expect(region.segments()).toEqual(expected.segments());
        expect(region.inconsistencies()).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('names a message that the client sends again a duplicate, however late, and changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(crowdArbitrary(), fc.array(fc.nat(), { maxLength: 10 }), async (signals, picks) => {
        const region = await plain(signals);
        const before = region.states();
        const again =
          signals.length === 0 ? [] : picks.map((pick) => signals[pick % signals.length] as Signal);
        for (const each of again) await region.deliverUntilDone([region.record([each])]);
        expect(region.states()).toEqual(before);
        const refusals = region.archived().filter((row) => row.table === 'refusals');
        expect(refusals.map((row) => row.outcome)).toEqual(again.map(() => 'duplicate'));
      }),
      { numRuns: 300 },
    );
  });

  it('remembers every message of a busy customer, in and out of order', async () => {
    const region = new MemoryRegion();
    const busy = Array.from({ length: 400 }, (_, index) =>
      signal({
        id: `busy${index}`,
        who: { userId: 'u1' },
        occurredAt: Date.UTC(2026, 0, 1) + ((index * 7) % 400) * 3_600_000,
      }),
    );
    for (let at = 0; at < busy.length; at += 10)
      await region.deliverUntilDone([region.record(busy.slice(at, at + 10))]);
    for (const each of busy) await region.deliverUntilDone([region.record([each])]);
    const state = decodeState(region.store.nodes.get(tokenOf('userId', 'u1'))?.state ?? '');
    expect(state.orders).toBe(400);
    expect(region.archived().filter((row) => row.table === 'signals')).toHaveLength(400);
    expect(region.archived().filter((row) => row.table === 'refusals')).toHaveLength(400);
    expect(region.store.nodes.get(tokenOf('userId', 'u1'))?.seen?.length).toBeLessThan(1_024);
  });

  it('crashes before and after every external call of a batch, and is none the worse', async () => {
    const story = [
      signal({ id: 'visit', who: { anonymousId: 'a1' }, facts: [{ kind: 'visit', depth: 3 }] }),
      signal({
        id: 'order',
        who: { userId: 'u1', email: 'e1', anonymousId: 'a1' },
        consent: { profiling: true, personalisation: true },
        facts: [{ kind: 'order', valueMinor: 500_000, items: 3 }],
      }),
      ...['c1', 'c2', 'c3'].map((id, index) =>
        signal({
          id,
          who: { userId: 'u1' },
          occurredAt: Date.UTC(2026, 5, 1, 9) + index * 60_000,
          facts: [{ kind: 'contact', channel: 'phone', escalated: false }],
        }),
      ),
    ];
    const expected = new MemoryRegion();
    await expected.deliverUntilDone([expected.record(story)]);
    expect(expected.effects.opened.size).toBe(1);
    for (let call = 1; call <= expected.calls; call += 1) {
      for (const after of [false, true]) {
        const region = new MemoryRegion();
        region.crashAt(call, after);
        await region.deliverUntilDone([region.record(story)]);
        expect(region.states()).toEqual(expected.states());
        expect(region.segments()).toEqual(expected.segments());
        expect([...region.effects.opened.keys()]).toEqual([...expected.effects.opened.keys()]);
        const ids = (each: MemoryRegion) =>
          each
            .archived()
            .map((row) => `${row.table} ${row.rowId}`)
            .sort();
        expect(ids(region)).toEqual(ids(expected));
      }
    }
  });

  it('keeps a record that cannot be read, tells so, and applies what stands beside it, whatever crashes', async () => {
    const poison: StreamRecord = {
      shardId: 'shard-0',
      sequenceNumber: '0000000000',
      partitionKey: 'b00',
      values: null,
      raw: new Uint8Array([9, 8, 7]),
    };
    for (let call = 1; call <= 6; call += 1) {
      for (const after of [false, true]) {
        const region = new MemoryRegion();
        region.crashAt(call, after);
        await region.deliverUntilDone([
          poison,
          region.record([signal({ id: 'beside', who: { userId: 'u1' } })]),
        ]);
        expect([...region.quarantined]).toEqual([['v1/unreadable/shard-0/0000000000.bin.gz', poison.raw]]);
        const rows = region.archived();
        expect(rows.filter((row) => row.table === 'signals')).toHaveLength(1);
        // A refusal may be told again after a crash, under the same id: readers of the archive count ids.
        const refusals = new Set(
          rows
            .filter((row) => row.table === 'refusals')
            .map((row) => `${row.outcome} ${row.reason} ${row.rowId}`),
        );
        expect(refusals.size).toBe(1);
        expect([...refusals][0]).toMatch(/^quarantined unreadable-record /);
      }
    }
  });
});
