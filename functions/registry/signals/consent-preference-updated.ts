import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { SERVICE } from './purposes.ts';

/** What Segment's consent wrappers send when somebody changes their mind, with the choices in `context.consent`. With
 * other events that object only repeats what holds; with this one it is the act.
 * https://segment.com/docs/privacy/consent-management/consent-in-segment-connections/ */
export const consentPreferenceUpdated = defineSignal({
  name: 'Segment Consent Preference Updated',
  version: 1,
  description: 'The customer changed their choices in the consent manager.',
  eventClass: 'consent',
  purposes: SERVICE,
  sources: ['web'],
  properties: z.object({}),
  facts: () => [],
  choiceInContext: true,
  examples: { good: [{ properties: {}, facts: [] }], bad: [] },
});
