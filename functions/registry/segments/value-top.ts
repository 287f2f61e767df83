import { DAY_MS } from '../../kernel/time.ts';
import type { SegmentDefinition } from '../segment-definition.ts';
import { valueScore } from './value.ts';

const AT = Date.UTC(2026, 5, 1);
const order = (count: number, valueMinor: number, lastDaysAgo: number) => ({
  orders: count,
  orderValueMinor: valueMinor,
  firstOrderAt: AT - 300 * DAY_MS,
  lastOrderAt: AT - lastDaysAgo * DAY_MS,
  firstSeenAt: AT - 300 * DAY_MS,
  lastSeenAt: AT - lastDaysAgo * DAY_MS,
});

/** The customers that matter most for revenue: recent, frequent and high spending. */
export const valueTop: SegmentDefinition = {
  name: 'value-top',
  version: 1,
  description: 'Recent, frequent and high spending: the top value tier.',
  purposes: ['profiling'],
  score: valueScore,
  enterAt: 75,
  leaveBelow: 65,
  examples: {
    in: [
      {
        why: 'twelve orders for 2,000 in total, the last one last week',
        state: order(12, 200_000, 7),
        at: AT,
      },
    ],
    out: [
      { why: 'one order for 20', state: order(1, 2_000, 7), at: AT },
      { why: 'never ordered', state: {}, at: AT },
    ],
  },
};
