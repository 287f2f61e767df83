import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { time } from './fields.ts';
import { SERVICE } from './purposes.ts';

export const shipmentDispatched = defineSignal({
  name: 'Shipment Dispatched',
  version: 1,
  description: 'A shipment left for the customer.',
  eventClass: 'delivery',
  purposes: SERVICE,
  sources: ['delivery'],
  properties: z.object({ promised_by: time.optional() }),
  facts: () => [],
  examples: {
    good: [{ properties: { shipment_id: 'S-1', promised_by: '2026-03-02' }, facts: [] }],
    bad: [{ properties: { promised_by: 'soon' }, reason: 'impossible-time' }],
  },
});
