import { defineSignal } from '../signal-definition.ts';
import { orderProperties, valueMinorOf } from './fields.ts';
import { SERVICE } from './purposes.ts';

/** Segment: https://segment.com/docs/connections/spec/ecommerce/v2/#order-refunded. Amounts are positive. */
export const orderRefunded = defineSignal({
  name: 'Order Refunded',
  version: 1,
  description: 'The customer got money back, for all or part of an order.',
  eventClass: 'transaction',
  purposes: SERVICE,
  sources: ['web', 'pos', 'crm'],
  properties: orderProperties,
  facts: (refund, context) => [{ kind: 'refund', valueMinor: valueMinorOf(refund, context) }],
  examples: {
    good: [
      { properties: { order_id: 'A-1', total: 12 }, facts: [{ kind: 'refund', valueMinor: 1_200 }] },
      {
        properties: { products: [{ price: 4.25, quantity: 2 }] },
        facts: [{ kind: 'refund', valueMinor: 850 }],
      },
    ],
    bad: [
      { properties: { total: -12 }, reason: 'impossible-price' },
      { properties: { order_id: 'A-1' }, reason: 'schema-mismatch' },
    ],
  },
});
