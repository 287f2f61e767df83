import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import type { AlertRuleDefinition } from '../alert-rule-definition.ts';

const CONTACTS = 3;
const WINDOW_DAYS = 7;

const AT = Date.UTC(2026, 5, 1, 12);
const minutesAgo = (...days: number[]): number[] => days.map((ago) => (AT - ago * DAY_MS) / MINUTE_MS);

/** Repeat contact is the strongest single driver of effort and disloyalty: M. Dixon, K. Freeman and N. Toman, "Stop Trying
 * to Delight Your Customers", Harvard Business Review, 2010. */
export const repeatContact: AlertRuleDefinition = {
  name: 'repeat-contact',
  version: 1,
  description: 'Three contacts or escalations within seven days: something is not being solved.',
  severity: 'warning',
  purposes: ['service'],
  cue({ state }) {
    const newest = state.recentContacts[0];
    if (newest === undefined) return null;
    const since = newest - (WINDOW_DAYS * DAY_MS) / MINUTE_MS;
    const within = state.recentContacts.filter((minute) => minute > since).length;
    if (within < CONTACTS) return null;
    return {
      occurredAt: newest * MINUTE_MS,
      reasons: [{ code: 'contacts-within-7-days', value: within, threshold: CONTACTS }],
    };
  },
  freshMs: 24 * HOUR_MS,
  cooldownMs: 3 * DAY_MS,
  examples: {
    fires: [
      {
        why: 'contacts today, yesterday and five days ago',
        state: { recentContacts: minutesAgo(0, 1, 5) },
        now: AT,
      },
    ],
    quiet: [
      { why: 'two contacts', state: { recentContacts: minutesAgo(0, 1) }, now: AT },
      { why: 'three contacts over a month', state: { recentContacts: minutesAgo(0, 10, 30) }, now: AT },
      { why: 'three contacts, but last month', state: { recentContacts: minutesAgo(30, 31, 32) }, now: AT },
    ],
  },
};
