import type { SourceDefinition } from '../source-definition.ts';

/** The customer relationship system: accounts, choices, orders by telephone, what agents note. */
export const crm: SourceDefinition = {
  id: 'crm',
  kind: 'crm',
  steward: 'customer-care',
  keyVersion: 1,
  signals: 'any',
  strict: true,
  eventsPerSecondMax: 10_000,
};
