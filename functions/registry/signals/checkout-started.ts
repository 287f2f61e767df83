import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { amount, currency, plausible, products, valueMinorOf } from './fields.ts';
import { BROWSING } from './purposes.ts';

const properties = plausible(
  z.object({
    total: amount.optional(),
    revenue: amount.optional(),
    value: amount.optional(),
    currency: currency.optional(),
    products: products.optional(),
  }),
);

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#checkout-started */
export const checkoutStarted = defineSignal({
  name: 'Checkout Started',
  version: 1,
  description: 'The customer went to pay.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  sources: ['web'],
  properties,
  facts: (checkout, context) => [
    { kind: 'visit', depth: 5 },
    { kind: 'cart', open: true, valueMinor: valueMinorOf(checkout, context) },
  ],
  examples: {
    good: [
      {
        properties: { order_id: 'A-1', value: 80 },
        facts: [
          { kind: 'visit', depth: 5 },
          { kind: 'cart', open: true, valueMinor: 8_000 },
        ],
      },
    ],
    bad: [{ properties: { revenue: -1 }, reason: 'impossible-price' }],
  },
});
