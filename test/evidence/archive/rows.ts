import type { ArchiveTable, LineageRow } from '../../../functions/contracts/lineage.ts';
import type { EventClass } from '../../../functions/contracts/signal.ts';
import { readRowIds } from '../../../functions/evidence/archive/parquet.ts';
import type { EvidenceStore, LineageDelivery } from '../../../functions/evidence/archive/ports.ts';

/** 2026-03-05T14:00:00Z */
export const HOUR_14 = Date.UTC(2026, 2, 5, 14);

export interface RowOptions {
  readonly table?: ArchiveTable;
  readonly eventClass?: EventClass;
  readonly receivedAt?: number;
  readonly redelivered?: true;
}

/** A row of the given table with every column filled. */
export function lineageRow(rowId: string, options: RowOptions = {}): LineageRow {
  const { table = 'signals', eventClass = 'transaction', receivedAt = HOUR_14, redelivered } = options;
  const base = {
    rowId,
    eventClass,
    receivedAt,
    policyVersion: 'pipeline@1',
    rowRef: `ref-${rowId}`,
    ...(redelivered === undefined ? {} : { redelivered }),
  };
  switch (table) {
    case 'signals':
      return {
        ...base,
        table,
        sourceId: 'shop',
        signalName: 'Order Completed',
        purposes: 'service,profiling',
        occurredDate: '2026-03-05',
        latencyMs: 412,
      };
    case 'refusals':
      return {
        ...base,
        table,
        sourceId: 'shop',
        signalName: 'Order Completed',
        outcome: 'quarantined',
        reason: 'impossible-price',
      };
    case 'effects':
      return {
        ...base,
        table,
        kind: 'segment-entered',
        name: 'value-high',
        reasons: 'recency,frequency',
        latencyMs: 12,
      };
  }
}

/** A record of shard 0; sequence numbers as long as real ones. */
export const delivery = (position: number, values: readonly unknown[]): LineageDelivery => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: sequenceNumber(position),
  values,
});

export const sequenceNumber = (position: number): string =>
  (49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n + BigInt(position)).toString();

/** `<folder> <row id>` of every archived row, sorted: a row that is there twice is listed twice. */
export async function archivedRows(store: EvidenceStore): Promise<string[]> {
  const rows: string[] = [];
  for (const key of await store.keys('v1/')) {
    if (!key.endsWith('.parquet')) continue;
    const folder = key.slice('v1/'.length, key.lastIndexOf('/'));
    for (const rowId of await readRowIds(await store.read(key))) rows.push(`${folder} ${rowId}`);
  }
  return rows.sort();
}

export class Crash extends Error {
  override readonly name = 'Crash';
}

/** The store as a function sees it that dies at its n-th call (from 0), before the call took effect or after. */
export function dyingAt(store: EvidenceStore, call: number, when: 'before' | 'after'): EvidenceStore {
  let calls = 0;
  const guarded = async <T>(effect: () => Promise<T>): Promise<T> => {
    const now = calls;
    calls += 1;
    if (now > call || (now === call && when === 'before')) throw new Crash('died');
    const result = await effect();
    if (now === call) throw new Crash('died');
    return result;
  };
  return {
    putOnce: (key, bytes) => guarded(() => store.putOnce(key, bytes)),
    keys: (prefix, after) => guarded(() => store.keys(prefix, after)),
    read: (key) => guarded(() => store.read(key)),
  };
}
