import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { SERVICE } from './purposes.ts';

/** What `alias` calls become: two ids of one person, which become an edge and nothing else. */
export const identityLinked = defineSignal({
  name: 'Identity Linked',
  version: 1,
  description: 'A system knows that two identifiers belong to the same customer.',
  eventClass: 'account',
  purposes: SERVICE,
  sources: ['web', 'crm', 'pos', 'support', 'delivery'],
  properties: z.object({}),
  facts: () => [],
  examples: { good: [{ properties: {}, facts: [] }], bad: [] },
});
