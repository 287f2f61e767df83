import * as z from 'zod';
import type { Fact } from '../../contracts/signal.ts';
import { defineSignal } from '../signal-definition.ts';
import { amount, currency, plausible } from './fields.ts';
import { BROWSING } from './purposes.ts';

/** Worth of the whole cart afterwards, when the shop knows it; 0 is an emptied cart. */
const properties = plausible(z.object({ value: amount.optional(), currency: currency.optional() }));

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#product-removed. Without the cart's worth nobody
 * can tell whether anything is left in it, so only the visit counts. */
export const productRemoved = defineSignal({
  name: 'Product Removed',
  version: 1,
  description: 'The customer took a product out of the cart.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  sources: ['web'],
  properties,
  facts: (removed, context): readonly Fact[] => {
    const visit: Fact = { kind: 'visit', depth: 4 };
    if (removed.value === undefined) return [visit];
    const valueMinor = context.toMinor(removed.value, removed.currency);
    return [visit, { kind: 'cart', open: valueMinor > 0, valueMinor }];
  },
  examples: {
    good: [
      { properties: { product_id: '85123A' }, facts: [{ kind: 'visit', depth: 4 }] },
      {
        properties: { value: 0 },
        facts: [
          { kind: 'visit', depth: 4 },
          { kind: 'cart', open: false, valueMinor: 0 },
        ],
      },
    ],
    bad: [{ properties: { value: -5 }, reason: 'impossible-price' }],
  },
});
