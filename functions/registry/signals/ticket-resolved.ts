import * as z from 'zod';
import { MINUTE_MS } from '../../kernel/time.ts';
import { defineSignal } from '../signal-definition.ts';
import { time } from './fields.ts';
import { SERVICE } from './purposes.ts';

/** Ten years: beyond it a duration is a unit mistaken. */
const MINUTES_MAX = 10 * 366 * 24 * 60;

const properties = z
  .object({
    first_contact: z.boolean().default(false),
    /** Minutes from opening to resolution; `opened_at` serves as well. */
    minutes: z.number().nonnegative().max(MINUTES_MAX).optional(),
    opened_at: time.optional(),
  })
  .refine((ticket) => ticket.minutes !== undefined || ticket.opened_at !== undefined);

export const ticketResolved = defineSignal({
  name: 'Ticket Resolved',
  version: 1,
  description: 'The support desk solved what the customer asked for.',
  eventClass: 'service',
  purposes: SERVICE,
  sources: ['support'],
  properties,
  facts: (ticket, context) => {
    const elapsed = (context.occurredAt - (ticket.opened_at ?? context.occurredAt)) / MINUTE_MS;
    const minutes = Math.round(ticket.minutes ?? Math.max(0, elapsed));
    return [{ kind: 'resolution', firstContact: ticket.first_contact, minutes }];
  },
  examples: {
    good: [
      {
        properties: { ticket_id: 'T-1', first_contact: true, minutes: 12.4 },
        facts: [{ kind: 'resolution', firstContact: true, minutes: 12 }],
      },
    ],
    bad: [
      { properties: { ticket_id: 'T-1' }, reason: 'schema-mismatch' },
      { properties: { minutes: -3 }, reason: 'schema-mismatch' },
      { properties: { opened_at: 'yesterday' }, reason: 'impossible-time' },
    ],
  },
});
