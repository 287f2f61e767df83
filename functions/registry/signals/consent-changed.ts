import * as z from 'zod';
import { consentChoicesSchema } from '../../contracts/purpose-schemas.ts';
import { defineSignal } from '../signal-definition.ts';
import { SERVICE } from './purposes.ts';

const choices = consentChoicesSchema.refine((chosen) => Object.keys(chosen).length > 0);

/** The customer's choices by purpose. A purpose that is not named keeps its earlier choice; a name that is not a
 * purpose is a fault, since a choice nobody understands must not be lost. */
export const consentChanged = defineSignal({
  name: 'Consent Changed',
  version: 1,
  description: 'The customer allowed or refused purposes.',
  eventClass: 'consent',
  purposes: SERVICE,
  sources: ['web', 'crm', 'pos', 'support', 'survey'],
  properties: z.object({ choices }),
  facts: (changed) => [{ kind: 'consent', choices: changed.choices }],
  examples: {
    good: [
      {
        properties: { choices: { personalisation: true, profiling: false } },
        facts: [{ kind: 'consent', choices: { personalisation: true, profiling: false } }],
      },
    ],
    bad: [
      { properties: {}, reason: 'schema-mismatch' },
      { properties: { choices: {} }, reason: 'schema-mismatch' },
      { properties: { choices: { personalisation: 'yes' } }, reason: 'schema-mismatch' },
      { properties: { choices: { advertising: false } }, reason: 'schema-mismatch' },
    ],
  },
});
