import type { SourceDefinition } from '../source-definition.ts';

/** The support desk: tickets, calls and chats. */
export const support: SourceDefinition = {
  id: 'support',
  kind: 'support',
  steward: 'customer-care',
  keyVersion: 1,
  signals: [
    'Ticket Opened',
    'Ticket Escalated',
    'Ticket Resolved',
    'Contact Received',
    'Interaction Flagged',
    'Survey Answered',
    'Account Updated',
    'Identity Linked',
    'Consent Changed',
  ],
  strict: true,
  eventsPerSecondMax: 5_000,
};
