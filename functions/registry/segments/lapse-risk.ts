import { DAY_MS } from '../../kernel/time.ts';
import type { ProfileView, SegmentDefinition } from '../segment-definition.ts';

/** Fewer orders than this say nothing about a rhythm. */
const ORDERS_MIN = 3;
/** A rhythm shorter than this is a burst, not a habit. */
const RHYTHM_MIN_MS = DAY_MS;

/**
 * Time since the last order in units of the customer's own mean gap between orders. If orders came at random at that
 * rate (a Poisson process), the chance of a gap of k units is e^-k: 5 % at k = 3. Null below three orders.
 */
export function lapseRatio(view: ProfileView): number | null {
  if (view.orders < ORDERS_MIN || view.firstOrderAt === null || view.lastOrderAt === null) return null;
  const rhythmMs = Math.max(RHYTHM_MIN_MS, (view.lastOrderAt - view.firstOrderAt) / (view.orders - 1));
  return Math.max(0, view.at - view.lastOrderAt) / rhythmMs;
}

export const LAPSE_ENTER_AT = 3;

const AT = Date.UTC(2026, 5, 1);
const buyer = (lastDaysAgo: number) => ({
  orders: 6,
  firstOrderAt: AT - (lastDaysAgo + 50) * DAY_MS,
  lastOrderAt: AT - lastDaysAgo * DAY_MS,
});

export const lapseRisk: SegmentDefinition = {
  name: 'lapse-risk',
  version: 1,
  description: "Has stopped buying, judged by the customer's own rhythm.",
  purposes: ['profiling'],
  depth: 'full',
  score: lapseRatio,
  enterAt: LAPSE_ENTER_AT,
  leaveBelow: 2,
  examples: {
    in: [{ why: 'bought every ten days, and nothing for forty', state: buyer(40), at: AT }],
    out: [
      { why: 'bought every ten days, the last one twelve days ago', state: buyer(12), at: AT },
      {
        why: 'two orders are no rhythm',
        state: { orders: 2, firstOrderAt: AT - 400 * DAY_MS, lastOrderAt: AT - 390 * DAY_MS },
        at: AT,
      },
    ],
  },
};
