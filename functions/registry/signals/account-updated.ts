import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { ageFacts, ageTraits } from './age.ts';
import { SERVICE } from './purposes.ts';

/** What `identify` calls become: its worth is in the identifiers seen together, and in what the traits state of the person
 * (`1-collect/person.ts`). Of the traits only whether somebody is a minor makes a fact, since the law asks for it. */
export const accountUpdated = defineSignal({
  name: 'Account Updated',
  version: 1,
  description: 'The customer signed in or up, or the account changed.',
  eventClass: 'account',
  purposes: SERVICE,
  sources: ['web', 'crm', 'pos'],
  properties: z.object(ageTraits),
  facts: ageFacts,
  examples: {
    good: [
      { properties: { plan: 'gold' }, facts: [] },
      { properties: { age: 15 }, facts: [{ kind: 'age', years: 15 }] },
      { properties: { age: 44 }, facts: [{ kind: 'age', years: 18 }] },
      { properties: { minor: true }, facts: [{ kind: 'age', years: 0 }] },
      { properties: { birthday: 'some day', age: 'grown up' }, facts: [] },
    ],
    bad: [],
  },
});
