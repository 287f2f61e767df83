import type { SourceDefinition } from '../source-definition.ts';

/** The survey tool. */
export const survey: SourceDefinition = {
  id: 'survey',
  kind: 'survey',
  steward: 'customer-insight',
  keyVersion: 1,
  signals: ['Survey Answered', 'Consent Changed'],
  strict: true,
  eventsPerSecondMax: 1_000,
};
