import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { SERVICE } from './purposes.ts';

const codes = ['praise', 'complaint', 'vulnerable', 'churn-threat', 'fraud-suspected', 'other'] as const;

/** A note in the agent's own words is not read; the code is. */
export const interactionFlagged = defineSignal({
  name: 'Interaction Flagged',
  version: 1,
  description: 'An agent flagged something about the relationship.',
  eventClass: 'service',
  purposes: SERVICE,
  sources: ['crm', 'support'],
  properties: z.object({ code: z.enum(codes) }),
  facts: (flag) => [{ kind: 'flag', code: flag.code }],
  examples: {
    good: [
      { properties: { code: 'complaint', note: 'was rude' }, facts: [{ kind: 'flag', code: 'complaint' }] },
    ],
    bad: [{ properties: { code: 'rude' }, reason: 'schema-mismatch' }],
  },
});
