import { WEEK_MS, weekOf } from '../../kernel/time.ts';
import type { SegmentDefinition } from '../segment-definition.ts';
import { engagementScore } from './engagement.ts';

const AT = Date.UTC(2026, 5, 1);
const week = (visitDepth: number, orders = 0) => ({
  orders,
  orderValueMinor: 0,
  refunds: 0,
  visitDepth,
  contacts: 0,
  feedback: 0,
});

export const engagementActive: SegmentDefinition = {
  name: 'engagement-active',
  version: 1,
  description: 'Seen more than in passing during the last weeks.',
  purposes: ['profiling'],
  score: engagementScore,
  enterAt: 6,
  leaveBelow: 3,
  examples: {
    in: [
      {
        why: 'ten pages this week',
        state: { visits: 10, lastSeenAt: AT, weeks: new Map([[weekOf(AT), week(10)]]) },
        at: AT,
      },
    ],
    out: [
      {
        why: 'ten pages, twenty weeks ago',
        state: { visits: 10, lastSeenAt: AT - 20 * WEEK_MS, weeks: new Map([[weekOf(AT) - 20, week(10)]]) },
        at: AT,
      },
      { why: 'never seen', state: {}, at: AT },
    ],
  },
};
