import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { SERVICE } from './purposes.ts';

/** What `identify` calls become: its worth is in the identifiers seen together, and in what the traits state of the person
 * (`1-collect/person.ts`); they make no facts. */
export const accountUpdated = defineSignal({
  name: 'Account Updated',
  version: 1,
  description: 'The customer signed in or up, or the account changed.',
  eventClass: 'account',
  purposes: SERVICE,
  sources: ['web', 'crm', 'pos'],
  properties: z.object({}),
  facts: () => [],
  examples: { good: [{ properties: { plan: 'gold' }, facts: [] }], bad: [] },
});
