import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { amount, currency, plausible, products, valueMinorOf } from './fields.ts';
import { BROWSING } from './purposes.ts';

const properties = plausible(
  z.object({
    total: amount.optional(),
    value: amount.optional(),
    currency: currency.optional(),
    products: products.optional(),
  }),
);

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#cart-viewed. A cart with an empty list of
 * products is an emptied one. */
export const cartViewed = defineSignal({
  name: 'Cart Viewed',
  version: 1,
  description: 'The customer looked into the cart.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  sources: ['web'],
  properties,
  facts: (cart, context) => [
    { kind: 'visit', depth: 4 },
    { kind: 'cart', open: cart.products?.length !== 0, valueMinor: valueMinorOf(cart, context) },
  ],
  examples: {
    good: [
      {
        properties: { cart_id: 'k-1', products: [{ price: 2.55, quantity: 6 }, { price: 1 }] },
        facts: [
          { kind: 'visit', depth: 4 },
          { kind: 'cart', open: true, valueMinor: 1_630 },
        ],
      },
      {
        properties: { products: [] },
        facts: [
          { kind: 'visit', depth: 4 },
          { kind: 'cart', open: false, valueMinor: 0 },
        ],
      },
    ],
    bad: [
      { properties: { products: [{ price: 1e30 }] }, reason: 'impossible-price' },
      { properties: { products: 'three' }, reason: 'schema-mismatch' },
    ],
  },
});
