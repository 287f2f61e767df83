import { defineSignal } from '../signal-definition.ts';
import { orderProperties, piecesOf, valueMinorOf } from './fields.ts';
import { SERVICE } from './purposes.ts';

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#order-completed */
export const orderCompleted = defineSignal({
  name: 'Order Completed',
  version: 1,
  description: 'The customer bought something.',
  eventClass: 'transaction',
  purposes: SERVICE,
  sources: ['web', 'pos', 'crm'],
  properties: orderProperties,
  facts: (order, context) => [
    { kind: 'order', valueMinor: valueMinorOf(order, context), items: piecesOf(order.products) },
  ],
  examples: {
    good: [
      {
        properties: { order_id: 'A-1', total: 27.5, currency: 'EUR' },
        facts: [{ kind: 'order', valueMinor: 2_750, items: 1 }],
      },
      {
        properties: {
          products: [
            { product_id: '85123A', price: 2.55, quantity: 6 },
            { price: 3.39, quantity: 2 },
          ],
        },
        facts: [{ kind: 'order', valueMinor: 2_208, items: 8 }],
      },
      {
        properties: { products: [{ price: 0, quantity: 1 }] },
        facts: [{ kind: 'order', valueMinor: 0, items: 1 }],
      },
    ],
    bad: [
      { properties: { products: [{ price: -2.55, quantity: 6 }] }, reason: 'impossible-price' },
      { properties: { total: Number.POSITIVE_INFINITY }, reason: 'impossible-price' },
      { properties: { products: [{ price: 2_000_000, quantity: 1 }] }, reason: 'impossible-price' },
      { properties: { products: [{ price: 2.55, quantity: -6 }] }, reason: 'impossible-quantity' },
      { properties: { products: [{ price: 2.55, quantity: 1.5 }] }, reason: 'impossible-quantity' },
      { properties: { total: '27.50' }, reason: 'schema-mismatch' },
      { properties: { total: 27.5, currency: 'ducats' }, reason: 'schema-mismatch' },
      { properties: {}, reason: 'schema-mismatch' },
    ],
  },
});
