import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { time } from './fields.ts';
import { SERVICE } from './purposes.ts';

/** A delay counts when the shipment arrives late, so that it counts once. */
export const shipmentDelayed = defineSignal({
  name: 'Shipment Delayed',
  version: 1,
  description: 'A shipment will arrive later than promised.',
  eventClass: 'delivery',
  purposes: SERVICE,
  sources: ['delivery'],
  properties: z.object({ expected_at: time.optional() }),
  facts: () => [],
  examples: {
    good: [{ properties: { shipment_id: 'S-1', expected_at: '2026-03-04T12:00:00Z' }, facts: [] }],
    bad: [{ properties: { expected_at: 12 }, reason: 'impossible-time' }],
  },
});
