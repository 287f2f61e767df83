import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { CONNECTED_NODES_MAX } from '../../../functions/pipeline/2-identify/valve.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';

const BROWSERS = CONNECTED_NODES_MAX + 12;

/** A visit from a new browser every day, and one address. */
const visits: readonly Signal[] = Array.from({ length: BROWSERS }, (_, at) =>
  signal({
    id: `visit ${at}`,
    who: { userId: 'ada', anonymousId: `browser ${at}`, ...(at % 20 === 0 ? { email: 'home' } : {}) },
    occurredAt: NOW - (BROWSERS - at) * DAY_MS,
  }),
);

async function delivered(order: readonly number[], perBatch: number): Promise<[MemoryRegion, number]> {
  const region = new MemoryRegion();
  let refused = 0;
  for (let from = 0; from < order.length; from += perBatch) {
    const batch = order.slice(from, from + perBatch).flatMap((at) => visits[at] ?? []);
    const { failed, refusedByValve } = await region.deliver([region.record(batch)]);
    expect(failed).toEqual([]);
    refused += refusedByValve;
  }
  expect(region.inconsistencies()).toEqual([]);
  return [region, refused];
}

/** Who belongs together. Of a browser that was left out there is a row only if it ever counted. */
const joined = (region: MemoryRegion): readonly string[] =>
  region.partition().filter((group) => group.includes(' '));

describe('a customer with a new browser for every visit', () => {
  it('is the same subject in whatever order the visits come, and the count and the evidence say what is left out', async () => {
    const [inOrder, refusedInOrder] = await delivered([...visits.keys()], 1);
    expect(refusedInOrder).toBe(BROWSERS + 2 - CONNECTED_NODES_MAX);
    await fc.assert(
      fc.asyncProperty(
        permutationArbitrary(BROWSERS),
        fc.integer({ min: 1, max: 20 }),
        async (order, perBatch) => {
          const [region, refused] = await delivered(order, perBatch);
          expect(joined(region)).toEqual(joined(inOrder));
          expect(region.states()).toEqual(inOrder.states());
          expect(refused).toBeGreaterThan(0);
          const told = region.effects.rows
            .filter((row) => row.table === 'effects' && row.kind === 'link-refused')
            .map((row) => (row.table === 'effects' ? row.reasons : []));
          expect(new Set(told.flat())).toEqual(new Set(['subject-full']));
        },
      ),
      { numRuns: 15 },
    );
    const home = inOrder.store.nodes.get(tokenOf('userId', 'ada'))?.subjectId;
    expect(
      home === null || home === undefined ? 0 : inOrder.store.subjects.get(home)?.graph.nodes.length,
    ).toBe(CONNECTED_NODES_MAX);
  });
});
