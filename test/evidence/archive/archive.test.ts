import { describe, expect, it } from 'vitest';
import { memoryEvidenceStore } from '../../../functions/adapters/memory/evidence-store.ts';
import { archiveWindow } from '../../../functions/evidence/archive/archive.ts';
import { unpack } from '../../../functions/kernel/codec.ts';
import { DAY_MS, HOUR_MS } from '../../../functions/kernel/time.ts';
import { archivedRows, delivery, HOUR_14, lineageRow, sequenceNumber } from './rows.ts';

describe('archive', () => {
  it('puts rows in one object per table, event class and hour of receipt', async () => {
    const store = memoryEvidenceStore();
    const summary = await archiveWindow({ store }, [
      delivery(1, [lineageRow('a'), lineageRow('b', { eventClass: 'service' })]),
      delivery(2, [
        lineageRow('c', { receivedAt: HOUR_14 + HOUR_MS }),
        lineageRow('d', { table: 'refusals' }),
      ]),
      delivery(3, [lineageRow('e', { receivedAt: HOUR_14 + HOUR_MS - 1 })]),
    ]);
    expect(summary).toMatchObject({ rows: 5, objects: 4, unreadable: 0, lookedFor: 0 });
    expect(await archivedRows(store)).toEqual([
      'refusals/event_class=transaction/dt=2026-03-05/hh=14 d',
      'signals/event_class=service/dt=2026-03-05/hh=14 b',
      'signals/event_class=transaction/dt=2026-03-05/hh=14 a',
      'signals/event_class=transaction/dt=2026-03-05/hh=14 e',
      'signals/event_class=transaction/dt=2026-03-05/hh=15 c',
    ]);
  });

  it('names an object by its shard and its first and last sequence number', async () => {
    const store = memoryEvidenceStore();
    await archiveWindow({ store }, [delivery(7, [lineageRow('a')]), delivery(9, [lineageRow('b')])]);
    const [key = ''] = await store.keys('v1/signals/');
    expect(key.slice(key.lastIndexOf('/') + 1)).toBe(
      `shardId-000000000000_00000000${sequenceNumber(7)}_00000000${sequenceNumber(9)}.parquet`,
    );
  });

  it('adds nothing when the same window comes again', async () => {
    const store = memoryEvidenceStore();
    const window = [delivery(1, [lineageRow('a')]), delivery(2, [lineageRow('b', { redelivered: true })])];
    await archiveWindow({ store }, window);
    const before = new Map(store.objects);
    await archiveWindow({ store }, window);
    expect(store.objects).toEqual(before);
  });

  it('keeps a row once that comes again in a later window, flagged', async () => {
    const store = memoryEvidenceStore();
    await archiveWindow({ store }, [delivery(1, [lineageRow('a')])]);
    const summary = await archiveWindow({ store }, [
      delivery(2, [lineageRow('a', { redelivered: true }), lineageRow('b')]),
    ]);
    expect(summary).toMatchObject({ rows: 1, lookedFor: 1, alreadyArchived: 1 });
    expect(await archivedRows(store)).toHaveLength(2);
  });

  it('archives a flagged row whose first attempt never reached the stream', async () => {
    const store = memoryEvidenceStore();
    const summary = await archiveWindow({ store }, [delivery(1, [lineageRow('a', { redelivered: true })])]);
    expect(summary).toMatchObject({ rows: 1, lookedFor: 1, alreadyArchived: 0 });
  });

  it('looks at no archived object unless a row is flagged', async () => {
    const store = memoryEvidenceStore();
    const reads: string[] = [];
    const watched = {
      ...store,
      read: (key: string) => {
        reads.push(key);
        return store.read(key);
      },
    };
    await archiveWindow({ store: watched }, [delivery(1, [lineageRow('a')])]);
    await archiveWindow({ store: watched }, [delivery(2, [lineageRow('b')])]);
    expect(reads).toEqual([]);
    await archiveWindow({ store: watched }, [delivery(3, [lineageRow('a', { redelivered: true })])]);
    expect(reads).toHaveLength(2);
  });

  it('tells rows of different tables apart that share an id', async () => {
    const store = memoryEvidenceStore();
    await archiveWindow({ store }, [delivery(1, [lineageRow('a'), lineageRow('a', { table: 'effects' })])]);
    expect(await archivedRows(store)).toHaveLength(2);
  });

  it('loses nothing when a window comes back longer, and nothing twice when it comes back shorter', async () => {
    const records = [1, 2, 3, 4].map((at) => delivery(at, [lineageRow(`row-${at}`)]));
    const longer = memoryEvidenceStore();
    await archiveWindow({ store: longer }, records.slice(0, 2));
    await archiveWindow({ store: longer }, records);
    const shorter = memoryEvidenceStore();
    await archiveWindow({ store: shorter }, records);
    await archiveWindow({ store: shorter }, records.slice(0, 2));
    await archiveWindow({ store: shorter }, records.slice(2));
    for (const store of [longer, shorter]) {
      expect((await archivedRows(store)).map((row) => row.split(' ')[1])).toEqual([
        'row-1',
        'row-2',
        'row-3',
        'row-4',
      ]);
    }
  });

  it('keeps what is no row, as it came, beside the rows', async () => {
    const store = memoryEvidenceStore();
    const raw = new Uint8Array([9, 9, 9]);
    const future = { ...lineageRow('b'), table: 'decisions' };
    const summary = await archiveWindow({ store }, [
      { shardId: 'shardId-000000000000', sequenceNumber: sequenceNumber(1), values: null, raw },
      delivery(2, [lineageRow('a'), future]),
    ]);
    expect(summary).toMatchObject({ rows: 1, unreadable: 2 });
    const [first = '', second = ''] = await store.keys('v1/unreadable/');
    expect(store.objects.get(first)).toEqual(raw);
    expect(unpack(store.objects.get(second) ?? raw)).toEqual([future]);
  });

  it.each([
    ['no time', { receivedAt: undefined }],
    ['a time beyond the calendar', { receivedAt: 30_000 * 366 * DAY_MS }],
    ['a fraction as latency', { latencyMs: 0.5 }],
    ['an impossible date', { occurredDate: '2026-02-31T' }],
    ['an unknown class', { eventClass: '../../other' }],
    ['a number as id', { rowId: 7 }],
  ])('does not take a row with %s for a row', async (_, fields) => {
    const store = memoryEvidenceStore();
    const summary = await archiveWindow({ store }, [delivery(1, [{ ...lineageRow('a'), ...fields }])]);
    expect(summary).toMatchObject({ rows: 0, unreadable: 1 });
  });

  it('refuses a batch of two shards, which no event source sends', async () => {
    const other = { ...delivery(2, [lineageRow('b')]), shardId: 'shardId-000000000001' };
    await expect(
      archiveWindow({ store: memoryEvidenceStore() }, [delivery(1, [lineageRow('a')]), other]),
    ).rejects.toMatchObject({ name: 'InvariantError' });
  });
});
