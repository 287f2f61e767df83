import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { amount, currency, plausible, price, quantity } from './fields.ts';
import { BROWSING } from './purposes.ts';

const properties = plausible(
  z.object({
    price: price.optional(),
    quantity: quantity.optional(),
    /** Worth of the whole cart afterwards, when the shop knows it. */
    value: amount.optional(),
    currency: currency.optional(),
  }),
);

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#product-added */
export const productAdded = defineSignal({
  name: 'Product Added',
  version: 1,
  description: 'The customer put a product into the cart.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  sources: ['web'],
  properties,
  facts: (added, context) => {
    const worth = added.value ?? (added.price ?? 0) * (added.quantity ?? 1);
    return [
      { kind: 'visit', depth: 4 },
      { kind: 'cart', open: true, valueMinor: context.toMinor(worth, added.currency) },
    ];
  },
  examples: {
    good: [
      {
        properties: { product_id: '85123A', price: 2.55, quantity: 6 },
        facts: [
          { kind: 'visit', depth: 4 },
          { kind: 'cart', open: true, valueMinor: 1_530 },
        ],
      },
    ],
    bad: [
      { properties: { price: 2.55, quantity: 0 }, reason: 'impossible-quantity' },
      { properties: { price: 'cheap' }, reason: 'schema-mismatch' },
    ],
  },
});
