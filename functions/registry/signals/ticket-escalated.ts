import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { channel } from './contact-channel.ts';
import { SERVICE } from './purposes.ts';

export const ticketEscalated = defineSignal({
  name: 'Ticket Escalated',
  version: 1,
  description: 'A ticket went to somebody more senior.',
  eventClass: 'service',
  purposes: SERVICE,
  sources: ['support'],
  properties: z.object({ channel: channel.default('agent') }),
  facts: (ticket) => [{ kind: 'contact', channel: ticket.channel, escalated: true }],
  examples: {
    good: [
      { properties: { ticket_id: 'T-1' }, facts: [{ kind: 'contact', channel: 'agent', escalated: true }] },
    ],
    bad: [{ properties: { channel: 7 }, reason: 'schema-mismatch' }],
  },
});
