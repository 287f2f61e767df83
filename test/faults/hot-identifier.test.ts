import { describe, expect, it } from 'vitest';
import type { IdentityOrder } from '../../functions/contracts/identity-order.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import { orderedPair } from '../../functions/contracts/subject.ts';
import type { ProfileStore } from '../../functions/pipeline/understand/ports.ts';
import { NOW, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const SIGNALS = 10_000;
const USERS = 500;
const BATCH = 500;
/** Two tokens. */
const EDGE_BYTES = 64;

interface Work {
  reads: number;
  writes: number;
  /** Calls of the store. */
  calls: number;
  /** Bytes that links take in the largest item written. */
  largest: number;
}

/** Counts what is asked of the store: whole items, as DynamoDB bills them. */
function counted(region: MemoryRegion): Work {
  const work: Work = { reads: 0, writes: 0, calls: 0, largest: 0 };
  const store: ProfileStore = region.store;
  const { read, write } = { read: store.read.bind(store), write: store.write.bind(store) };
  store.read = (nodes, subjects, consistent) => {
    work.calls += 1;
    work.reads += nodes.length + subjects.length;
    return read(nodes, subjects, consistent);
  };
  store.write = (units) => {
    work.calls += 1;
    for (const { nodes, subjects } of units) {
      work.writes += nodes.length + subjects.length;
      for (const node of nodes) work.largest = Math.max(work.largest, node.links.length);
      for (const { next } of subjects)
        work.largest = Math.max(work.largest, EDGE_BYTES * (next?.graph.edges.length ?? 0));
    }
    return write(units);
  };
  return work;
}

/** Orders of 500 customers, by turns, from the devices that `deviceOf` says. */
const orders = (deviceOf: (user: number) => string): Signal[] =>
  Array.from({ length: SIGNALS }, (_, at) => {
    const user = at % USERS;
    return signal({
      id: `m${at}`,
      who: { userId: `u${user}`, deviceId: deviceOf(user) },
      occurredAt: NOW - (SIGNALS - at) * 60_000,
    });
  });

async function apply(signals: readonly Signal[]): Promise<{ region: MemoryRegion; perBatch: Work[] }> {
  const region = new MemoryRegion();
  const work = counted(region);
  const perBatch: Work[] = [];
  for (let from = 0; from < signals.length; from += BATCH) {
    Object.assign(work, { reads: 0, writes: 0, calls: 0, largest: 0 });
    await region.deliverUntilDone([region.record(signals.slice(from, from + BATCH))]);
    perBatch.push({ ...work });
  }
  return { region, perBatch };
}

describe('a device that hundreds of customers use', () => {
  const device = tokenOf('deviceId', 'till');

  it('merges none of them, and no batch costs more than twice as much as with a device each', async () => {
    const shared = await apply(orders(() => 'till'));
    const own = await apply(orders((user) => `d${user}`));
    expect(shared.region.inconsistencies()).toEqual([]);
    expect(shared.region.partition()).toHaveLength(USERS + 1);
    expect(shared.region.store.nodes.get(device)).toMatchObject({ saturated: true, subjectId: null });
    for (const [batch, work] of shared.perBatch.entries()) {
      const usual = own.perBatch[batch] ?? { reads: 0, writes: 0, calls: 0, largest: 0 };
      expect([batch, work.reads <= 2 * usual.reads]).toEqual([batch, true]);
      expect([batch, work.writes <= 2 * usual.writes]).toEqual([batch, true]);
      expect([batch, work.calls <= 2 * usual.calls]).toEqual([batch, true]);
      expect([batch, work.largest <= 2 * usual.largest]).toEqual([batch, true]);
    }
  });

  it('parts again the first few, whom it had linked before it was known to be shared', async () => {
    const region = new MemoryRegion();
    const order = (user: number) =>
      signal({ id: `first-${user}`, who: { userId: `u${user}`, deviceId: 'till' } });
    for (let user = 0; user < 5; user += 1) await region.deliverUntilDone([region.record([order(user)])]);
    expect(region.partition()).toHaveLength(1);
    for (let user = 5; user < 30; user += 1) await region.deliverUntilDone([region.record([order(user)])]);
    expect(region.partition()).toHaveLength(31);
    expect(region.inconsistencies()).toEqual([]);
    const counts = [...region.store.nodes.values()].filter((node) => node.state !== null);
    expect(counts).toHaveLength(30);
  });
});

describe('a known customer', () => {
  const order = (id: string) => signal({ id, who: { userId: 'ada', email: 'home' } });
  /** @returns the work of one more order */
  async function workOf(before: readonly (Signal | IdentityOrder)[]): Promise<Work> {
    const region = new MemoryRegion();
    for (const each of before) await region.deliverUntilDone([region.record([each])]);
    const work = counted(region);
    await region.deliverUntilDone([region.record([order('again')])]);
    return work;
  }

  it('costs the same reads and writes, whatever was decided about them and whoever is kept apart from them', async () => {
    const [a, b] = orderedPair(tokenOf('userId', 'ada'), tokenOf('userId', 'bob'));
    const apart: IdentityOrder = {
      orderId: 'apart',
      decisions: [{ a, b, verdict: 'different', at: NOW, cause: 'review' }],
      severed: [],
      receivedAt: NOW,
    };
    const bob = signal({ id: 'bob', who: { userId: 'bob', email: 'home' } });
    const plain = await workOf([order('first')]);
    const kept = await workOf([order('first'), apart, bob]);
    expect({ ...kept, largest: 0 }).toEqual({ ...plain, largest: 0 });
    expect([plain.calls, plain.reads, plain.writes]).toEqual([3, 2, 1]);
  });
});
