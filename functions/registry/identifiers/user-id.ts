import { ever, type IdentifierDefinition } from '../identifier-definition.ts';
import { opaqueId, PLACEHOLDERS } from './text.ts';

/** The customer's id in the company's own systems. */
export const userId: IdentifierDefinition = {
  type: 'userId',
  version: 1,
  normalise: opaqueId,
  blocked: PLACEHOLDERS,
  // One account is used from many browsers over the years, and people change address, number and card.
  linksMax: {},
  // Accounts that a person opens over the years, and those that an address shared at home brings together.
  perSubjectMax: ever(5),
  examples: {
    same: [[' C-1042 ', 'C-1042']],
    blocked: ['0000', '-1', 'null', 'Anonymous', '00000000-0000-0000-0000-000000000000', ''],
  },
};
