import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import type { AlertRuleDefinition } from '../alert-rule-definition.ts';

const REFUNDS = 3;
const WINDOW_DAYS = 14;

const AT = Date.UTC(2026, 5, 1, 12);
const minutesAgo = (...days: number[]): number[] => days.map((ago) => (AT - ago * DAY_MS) / MINUTE_MS);

export const refundSurge: AlertRuleDefinition = {
  name: 'refund-surge',
  version: 1,
  description:
    'Three refunds within fourteen days: a product, a delivery or an expectation went wrong repeatedly.',
  severity: 'warning',
  purposes: ['service'],
  cue({ state }) {
    const newest = state.recentRefunds[0];
    if (newest === undefined) return null;
    const since = newest - (WINDOW_DAYS * DAY_MS) / MINUTE_MS;
    const within = state.recentRefunds.filter((minute) => minute > since).length;
    if (within < REFUNDS) return null;
    return {
      occurredAt: newest * MINUTE_MS,
      reasons: [{ code: 'refunds-within-14-days', value: within, threshold: REFUNDS }],
    };
  },
  freshMs: 24 * HOUR_MS,
  cooldownMs: 7 * DAY_MS,
  examples: {
    fires: [
      {
        why: 'refunds today, three and nine days ago',
        state: { recentRefunds: minutesAgo(0, 3, 9) },
        now: AT,
      },
    ],
    quiet: [
      { why: 'two refunds', state: { recentRefunds: minutesAgo(0, 3) }, now: AT },
      { why: 'three refunds over two months', state: { recentRefunds: minutesAgo(0, 30, 60) }, now: AT },
    ],
  },
};
