import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { BROWSING } from './purposes.ts';

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#product-list-viewed */
export const productListViewed = defineSignal({
  name: 'Product List Viewed',
  version: 1,
  description: 'The customer looked at a category or another list of products.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  depth: 'full',
  sources: ['web'],
  properties: z.object({}),
  facts: () => [{ kind: 'visit', depth: 3 }],
  examples: { good: [{ properties: { category: 'Lamps' }, facts: [{ kind: 'visit', depth: 3 }] }], bad: [] },
});
