import * as z from 'zod';
import { localDayFrom } from '../../kernel/local-day.ts';
import { defineSignal } from '../signal-definition.ts';
import { readTime, time } from './fields.ts';
import { SERVICE } from './purposes.ts';

/** What was promised: a moment, or a day without an hour, which is kept until it is over where the customer is. */
const deadline = z.unknown().transform((value, context) => {
  const day = typeof value === 'string' ? localDayFrom(value) : null;
  if (day !== null) return { day };
  const at = readTime(value);
  if (at !== null) return { at };
  context.addIssue({ code: 'custom', message: 'impossible-time', params: { reason: 'impossible-time' } });
  return z.NEVER;
});

const properties = z.object({
  delivered_at: time.optional(),
  on_time: z.boolean().optional(),
  promised_by: deadline.optional(),
});

/** The carrier's own word (`on_time`) goes before the promise; without both it counts as on time. */
export const shipmentDelivered = defineSignal({
  name: 'Shipment Delivered',
  version: 1,
  description: 'A shipment reached the customer.',
  eventClass: 'delivery',
  purposes: SERVICE,
  sources: ['delivery'],
  properties,
  facts: (shipment, context) => {
    const deliveredAt = shipment.delivered_at ?? context.occurredAt;
    const promised = shipment.promised_by ?? { at: deliveredAt };
    const promisedBy = 'day' in promised ? context.endOfDay(promised.day) : promised.at;
    const onTime = shipment.on_time ?? deliveredAt <= promisedBy;
    return [{ kind: 'delivery', onTime, hour: context.localHour(deliveredAt) }];
  },
  examples: {
    good: [
      {
        properties: { delivered_at: '2026-03-02T16:40:00Z', promised_by: '2026-03-02' },
        facts: [{ kind: 'delivery', onTime: true, hour: 16 }],
      },
      {
        properties: { delivered_at: '2026-03-02T09:00:00Z', promised_by: '2026-03-01T18:00:00Z' },
        facts: [{ kind: 'delivery', onTime: false, hour: 9 }],
      },
      {
        properties: { delivered_at: '2026-03-02T09:00:00Z', on_time: false },
        facts: [{ kind: 'delivery', onTime: false, hour: 9 }],
      },
    ],
    bad: [
      { properties: { delivered_at: 'noon' }, reason: 'impossible-time' },
      { properties: { on_time: 'yes' }, reason: 'schema-mismatch' },
    ],
  },
});
