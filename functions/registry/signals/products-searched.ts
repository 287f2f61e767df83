import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { BROWSING } from './purposes.ts';

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#products-searched. The query is not read: people
 * type their names and addresses into search boxes. */
export const productsSearched = defineSignal({
  name: 'Products Searched',
  version: 1,
  description: 'The customer searched the catalogue.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  depth: 'full',
  sources: ['web'],
  properties: z.object({}),
  facts: () => [{ kind: 'visit', depth: 3 }],
  examples: { good: [{ properties: { query: 'blue lamp' }, facts: [{ kind: 'visit', depth: 3 }] }], bad: [] },
});
