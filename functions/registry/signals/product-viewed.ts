import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { currency, plausible, price } from './fields.ts';
import { BROWSING } from './purposes.ts';

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#product-viewed */
export const productViewed = defineSignal({
  name: 'Product Viewed',
  version: 1,
  description: 'The customer looked at a product.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  depth: 'full',
  sources: ['web'],
  properties: plausible(z.object({ price: price.optional(), currency: currency.optional() })),
  facts: () => [{ kind: 'visit', depth: 2 }],
  examples: {
    good: [{ properties: { product_id: '85123A', price: 2.55 }, facts: [{ kind: 'visit', depth: 2 }] }],
    bad: [{ properties: { price: -1 }, reason: 'impossible-price' }],
  },
});
