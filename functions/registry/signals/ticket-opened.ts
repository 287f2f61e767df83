import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { channel } from './contact-channel.ts';
import { SERVICE } from './purposes.ts';

/** Subject and text of the ticket are not read. */
export const ticketOpened = defineSignal({
  name: 'Ticket Opened',
  version: 1,
  description: 'The customer asked the support desk for help.',
  eventClass: 'service',
  purposes: SERVICE,
  sources: ['support'],
  properties: z.object({ channel: channel.default('web') }),
  facts: (ticket) => [{ kind: 'contact', channel: ticket.channel, escalated: false }],
  examples: {
    good: [
      {
        properties: { ticket_id: 'T-1', channel: 'Call', subject: 'Where is it' },
        facts: [{ kind: 'contact', channel: 'phone', escalated: false }],
      },
      { properties: {}, facts: [{ kind: 'contact', channel: 'web', escalated: false }] },
    ],
    bad: [{ properties: { channel: 'telepathy' }, reason: 'schema-mismatch' }],
  },
});
