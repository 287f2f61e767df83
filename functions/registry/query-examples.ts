import type { EffectRow, RefusalRow, SignalRow } from '../contracts/lineage.ts';

/** 2026-03-05T14:00:00Z: when the rows of examples were received unless they say otherwise. */
export const EXAMPLE_HOUR = Date.UTC(2026, 2, 5, 14);
/** The days that hold {@link EXAMPLE_HOUR}. */
export const EXAMPLE_DAYS = { from: '2026-03-01', to: '2026-03-31' } as const;

const common = { receivedAt: EXAMPLE_HOUR, policyVersion: 'pipeline@1' } as const;

/** An applied signal of somebody. `payload: null` for one that has lost it. */
export const appliedRow = ({
  payload = 'c2VhbGVk',
  ...row
}: Pick<SignalRow, 'rowId' | 'rowRef'> &
  Partial<Omit<SignalRow, 'table' | 'payload'>> & { readonly payload?: string | null }): SignalRow => ({
  ...common,
  table: 'signals',
  eventClass: 'transaction',
  sourceId: 'pos',
  signalName: 'Order Completed',
  purposes: 'service',
  occurredDate: '2026-03-05',
  latencyMs: 120,
  ...(payload === null ? {} : { payload }),
  ...row,
});

/** An event that was not applied. */
export const refusedRow = (
  row: Pick<RefusalRow, 'rowId' | 'outcome' | 'reason'> & Partial<Omit<RefusalRow, 'table'>>,
): RefusalRow => ({
  ...common,
  table: 'refusals',
  eventClass: 'behaviour',
  rowRef: null,
  sourceId: 'web',
  signalName: 'Product Viewed',
  ...row,
});

/** Something that followed for somebody. */
export const effectRow = (
  row: Pick<EffectRow, 'rowId' | 'rowRef' | 'kind' | 'name'> & Partial<Omit<EffectRow, 'table'>>,
): EffectRow => ({
  ...common,
  table: 'effects',
  eventClass: 'behaviour',
  reasons: '',
  latencyMs: 150,
  ...row,
});
