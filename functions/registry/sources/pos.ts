import type { SourceDefinition } from '../source-definition.ts';

/** Tills in the stores. Strict: a till speaks a fixed language, and a new word is a fault. */
export const pos: SourceDefinition = {
  id: 'pos',
  kind: 'pos',
  steward: 'store-operations',
  keyVersion: 1,
  signals: [
    'Order Completed',
    'Order Refunded',
    'Account Updated',
    'Identity Linked',
    'Consent Changed',
    'Contact Received',
  ],
  strict: true,
  eventsPerSecondMax: 10_000,
};
