import type { SourceDefinition } from '../source-definition.ts';

/** Warehouse and carriers. */
export const delivery: SourceDefinition = {
  id: 'delivery',
  kind: 'delivery',
  steward: 'logistics',
  keyVersion: 1,
  signals: [
    'Shipment Dispatched',
    'Shipment Delivered',
    'Shipment Delayed',
    'Account Updated',
    'Identity Linked',
  ],
  strict: true,
  eventsPerSecondMax: 5_000,
};
