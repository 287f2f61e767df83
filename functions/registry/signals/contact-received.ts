import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { channel } from './contact-channel.ts';
import { SERVICE } from './purposes.ts';

export const contactReceived = defineSignal({
  name: 'Contact Received',
  version: 1,
  description: 'The customer called, wrote or came by, with or without a ticket.',
  eventClass: 'service',
  purposes: SERVICE,
  sources: ['support', 'crm', 'pos'],
  properties: z.object({ channel }),
  facts: (contact) => [{ kind: 'contact', channel: contact.channel, escalated: false }],
  examples: {
    good: [
      { properties: { channel: 'chat' }, facts: [{ kind: 'contact', channel: 'chat', escalated: false }] },
    ],
    bad: [{ properties: {}, reason: 'schema-mismatch' }],
  },
});
