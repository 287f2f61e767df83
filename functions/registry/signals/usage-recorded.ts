import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { BROWSING } from './purposes.ts';

/** Use of what was bought: a connected product, a subscription, an app's function. Counts as engagement. */
export const usageRecorded = defineSignal({
  name: 'Usage Recorded',
  version: 1,
  description: 'The customer used a product or service.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  sources: ['web', 'crm'],
  properties: z.object({}),
  facts: () => [{ kind: 'visit', depth: 2 }],
  examples: {
    good: [{ properties: { feature: 'export', units: 3 }, facts: [{ kind: 'visit', depth: 2 }] }],
    bad: [],
  },
});
