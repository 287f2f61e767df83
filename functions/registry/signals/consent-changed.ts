import * as z from 'zod';
import { consentChoicesSchema, consentCodeSchema, languageSchema } from '../../contracts/purpose-schemas.ts';
import { defineSignal } from '../signal-definition.ts';
import { SERVICE } from './purposes.ts';

const choices = consentChoicesSchema.refine((chosen) => Object.keys(chosen).length > 0);

/** The customer's choices by purpose, each a yes or no, or a depth. A purpose that is not named keeps its earlier choice; a name that is not a
 * purpose is a fault, since a choice nobody understands must not be lost. */
export const consentChanged = defineSignal({
  name: 'Consent Changed',
  version: 2,
  description: 'The customer allowed or refused purposes.',
  eventClass: 'consent',
  purposes: SERVICE,
  sources: ['web', 'crm', 'pos', 'support', 'survey'],
  properties: z.object({
    choices,
    /** Version of the notice that was shown. */
    notice: consentCodeSchema.optional(),
    language: languageSchema.optional(),
    /** The system or role that recorded it, not a person. */
    recorder: consentCodeSchema.optional(),
    /** A parent or guardian chose for a minor. */
    guardian: z.boolean().optional(),
  }),
  facts: ({ choices: chosen, notice, language, recorder, guardian }) => [
    {
      kind: 'consent',
      choices: chosen,
      ...(guardian === true ? { guardian } : {}),
      ...(notice === undefined ? {} : { notice }),
      ...(language === undefined ? {} : { language }),
      ...(recorder === undefined ? {} : { recorder }),
    },
  ],
  examples: {
    good: [
      {
        properties: { choices: { personalisation: true, profiling: false } },
        facts: [{ kind: 'consent', choices: { personalisation: true, profiling: false } }],
      },
      {
        properties: { choices: { profiling: 'basic' }, notice: '2026-03', language: 'de', guardian: true },
        facts: [
          {
            kind: 'consent',
            choices: { profiling: 'basic' },
            guardian: true,
            notice: '2026-03',
            language: 'de',
          },
        ],
      },
    ],
    bad: [
      { properties: {}, reason: 'schema-mismatch' },
      { properties: { choices: {} }, reason: 'schema-mismatch' },
      { properties: { choices: { personalisation: 'yes' } }, reason: 'schema-mismatch' },
      { properties: { choices: { profiling: true }, notice: 'read it aloud' }, reason: 'schema-mismatch' },
      { properties: { choices: { advertising: false } }, reason: 'schema-mismatch' },
    ],
  },
});
