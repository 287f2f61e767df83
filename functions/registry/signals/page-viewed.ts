import * as z from 'zod';
import { defineSignal } from '../signal-definition.ts';
import { BROWSING } from './purposes.ts';

/** What `page` and `screen` calls become. Address and title are not read: they may hold anything. */
export const pageViewed = defineSignal({
  name: 'Page Viewed',
  version: 1,
  description: 'The customer looked at a page or a screen.',
  eventClass: 'behaviour',
  purposes: BROWSING,
  sources: ['web'],
  properties: z.object({}),
  facts: () => [{ kind: 'visit', depth: 1 }],
  examples: {
    good: [{ properties: { url: 'https://shop/', title: 'Home' }, facts: [{ kind: 'visit', depth: 1 }] }],
    bad: [],
  },
});
