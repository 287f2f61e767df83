import { HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import type { AlertRuleDefinition, CueView } from '../alert-rule-definition.ts';

const ABANDONED_AFTER_MS = 60 * MINUTE_MS;

const AT = Date.UTC(2026, 5, 1, 12);

const openCartAt = ({ state }: CueView): number | null =>
  state.cartOpenedAt !== null && (state.cartClosedAt === null || state.cartClosedAt < state.cartOpenedAt)
    ? state.cartOpenedAt
    : null;

/** An absence cue: nobody polls carts; each open cart has a moment at which it is looked at once. */
export const cartAbandoned: AlertRuleDefinition = {
  name: 'cart-abandoned',
  version: 1,
  description: 'A cart was filled and neither ordered nor emptied within an hour.',
  severity: 'info',
  purposes: ['personalisation'],
  cue(view) {
    const openedAt = openCartAt(view);
    if (openedAt === null || view.now < openedAt + ABANDONED_AFTER_MS) return null;
    return {
      occurredAt: openedAt + ABANDONED_AFTER_MS,
      reasons: [
        { code: 'cart-open-minutes', value: Math.floor((view.now - openedAt) / MINUTE_MS), threshold: 60 },
      ],
    };
  },
  dueAt(view) {
    const openedAt = openCartAt(view);
    return openedAt === null ? null : openedAt + ABANDONED_AFTER_MS;
  },
  freshMs: 24 * HOUR_MS,
  cooldownMs: 24 * HOUR_MS,
  examples: {
    fires: [
      {
        why: 'filled two hours ago, and silence since',
        state: { cartOpenedAt: AT - 2 * HOUR_MS, cartValueMinor: 4_000 },
        now: AT,
      },
    ],
    quiet: [
      { why: 'filled ten minutes ago', state: { cartOpenedAt: AT - 10 * MINUTE_MS }, now: AT },
      {
        why: 'ordered afterwards',
        state: { cartOpenedAt: AT - 2 * HOUR_MS, cartClosedAt: AT - HOUR_MS },
        now: AT,
      },
      { why: 'filled last week: history, not news', state: { cartOpenedAt: AT - 168 * HOUR_MS }, now: AT },
    ],
  },
};
