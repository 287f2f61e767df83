import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type MemoryEvidenceStore,
  memoryEvidenceStore,
} from '../../../functions/adapters/memory/evidence-store.ts';
import type { LineageRow } from '../../../functions/contracts/lineage.ts';
import { archiveWindow } from '../../../functions/evidence/archive/archive.ts';
import type { EvidenceStore, LineageDelivery } from '../../../functions/evidence/archive/ports.ts';
import { readPending } from '../../../functions/evidence/log/pending.ts';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import { archivedRows, Crash, delivery, dyingAt, HOUR_14, lineageRow } from './rows.ts';

/** Archives a window; false when the function died on the way. */
async function survives(store: EvidenceStore, records: readonly LineageDelivery[]): Promise<boolean> {
  try {
    await archiveWindow({ store }, records);
    return true;
  } catch (error) {
    if (error instanceof Crash) return false;
    throw error;
  }
}

describe('archive, when it crashes', () => {
  const earlier = [delivery(1, [lineageRow('a'), lineageRow('b', { table: 'effects' })])];
  const window = [
    delivery(2, [
      lineageRow('a', { redelivered: true }),
      lineageRow('c'),
      lineageRow('d', { table: 'refusals' }),
    ]),
    delivery(3, [
      lineageRow('e', { table: 'effects', redelivered: true }),
      lineageRow('c', { redelivered: true }),
    ]),
    delivery(4, [lineageRow('b', { table: 'effects', redelivered: true }), { not: 'a row' }]),
  ];
  const once = [
    'effects/event_class=transaction/dt=2026-03-05/hh=14 b',
    'effects/event_class=transaction/dt=2026-03-05/hh=14 e',
    'refusals/event_class=transaction/dt=2026-03-05/hh=14 d',
    'signals/event_class=transaction/dt=2026-03-05/hh=14 a',
    'signals/event_class=transaction/dt=2026-03-05/hh=14 c',
  ];

  it.each(['before', 'after'] as const)(
    'has each row once after a retry, dying %s any of its calls',
    async (when) => {
      let deaths = 0;
      for (let call = 0; ; call += 1) {
        const store = memoryEvidenceStore();
        await archiveWindow({ store }, earlier);
        const done = await survives(dyingAt(store, call, when), window);
        if (!done) await archiveWindow({ store }, window);
        expect(await archivedRows(store)).toEqual(once);
        if (done) break;
        deaths += 1;
      }
      // marks, mark, look and read in two partitions, announce, put three objects and what is no row
      expect(deaths).toBe(11);
    },
  );

  it('writes the same objects in a retry as it would have at once', async () => {
    const calm = memoryEvidenceStore();
    await archiveWindow({ store: calm }, window);
    const troubled = memoryEvidenceStore();
    for (let call = 0; !(await survives(dyingAt(troubled, call, 'after'), window)); call += 1);
    expect(evidenceOf(troubled)).toEqual(evidenceOf(calm));
    expect(await announced(troubled)).toEqual(await announced(calm));
  });
});

const evidenceOf = ({ objects }: MemoryEvidenceStore): ReadonlyMap<string, Uint8Array> =>
  new Map([...objects].filter(([key]) => !key.startsWith('log/')));

/** What the evidence log was told of, each object once. */
async function announced(store: MemoryEvidenceStore): Promise<readonly string[]> {
  const { files } = await readPending(store);
  return [...new Set(files.flatMap(({ drafts }) => drafts.map((draft) => JSON.stringify(draft))))].sort();
}

interface Attempt {
  /** Records in the window. */
  readonly size: number;
  readonly death: { readonly call: number; readonly when: 'before' | 'after' } | null;
  /** How many records the reader goes back before this attempt, as after a reset of the event source. */
  readonly back: number;
}

const attempt: fc.Arbitrary<Attempt> = fc.record({
  size: fc.integer({ min: 1, max: 6 }),
  death: fc.option(
    fc.record({ call: fc.nat(9), when: fc.constantFrom('before' as const, 'after' as const) }),
    {
      freq: 2,
    },
  ),
  back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
});

const rowKind = fc.record({
  table: fc.constantFrom('signals' as const, 'refusals' as const, 'effects' as const),
  eventClass: fc.constantFrom('transaction' as const, 'service' as const),
  receivedAt: fc.constantFrom(HOUR_14, HOUR_14 + HOUR_MS),
});

/** What a producer that crashes and repeats itself leaves on a shard: the first copy of a row may be flagged (when its
 * first attempt got nowhere), later copies always are. */
const shard = fc
  .record({
    kinds: fc.array(rowKind, { minLength: 1, maxLength: 10 }),
    emissions: fc.array(fc.record({ row: fc.nat(9), flagged: fc.boolean() }), {
      minLength: 1,
      maxLength: 30,
    }),
    recordSize: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ kinds, emissions, recordSize }) => {
    const seen = new Set<number>();
    const rows = emissions.map(({ row, flagged }): LineageRow => {
      const at = row % kinds.length;
      const again = seen.has(at) || flagged;
      seen.add(at);
      return lineageRow(`row-${at}`, { ...kinds[at], ...(again ? { redelivered: true } : {}) });
    });
    const records: LineageDelivery[] = [];
    for (let from = 0; from < rows.length; from += recordSize)
      records.push(delivery(records.length, rows.slice(from, from + recordSize)));
    return { records, rowIds: [...seen].map((at) => `row-${at}`) };
  });

describe('archive, law 2', () => {
  it('has each row exactly once, whatever the windows, crashes, repeats and rewinds', async () => {
    await fc.assert(
      fc.asyncProperty(shard, fc.array(attempt, { maxLength: 12 }), async ({ records, rowIds }, attempts) => {
        const store = memoryEvidenceStore();
        let checkpoint = 0;
        for (const { size, death, back } of attempts) {
          checkpoint = Math.max(0, checkpoint - back);
          const window = records.slice(checkpoint, checkpoint + size);
          if (window.length === 0) continue;
          const worn = death === null ? store : dyingAt(store, death.call, death.when);
          if (await survives(worn, window)) checkpoint += window.length;
        }
        const rest = records.slice(checkpoint);
        if (rest.length > 0) await archiveWindow({ store }, rest);

        const archived = await archivedRows(store);
        expect(archived.map((row) => row.slice(row.lastIndexOf(' ') + 1)).sort()).toEqual(rowIds.sort());
      }),
      { numRuns: 1_000 },
    );
  });
});
