import { weekOf } from '../../kernel/time.ts';
import type { SegmentDefinition } from '../segment-definition.ts';
import { engagementScore } from './engagement.ts';

const AT = Date.UTC(2026, 5, 1);
const week = (visitDepth: number, orders: number) => ({
  orders,
  orderValueMinor: 0,
  refunds: 0,
  visitDepth,
  contacts: 0,
  feedback: 0,
});

export const engagementDeep: SegmentDefinition = {
  name: 'engagement-deep',
  version: 1,
  description: 'Browses, buys and talks to us week after week. Whoever is in it is in engagement-active too.',
  purposes: ['profiling'],
  score: engagementScore,
  enterAt: 25,
  leaveBelow: 15,
  examples: {
    in: [
      {
        why: 'three busy weeks with an order each',
        state: {
          lastSeenAt: AT,
          weeks: new Map([0, 1, 2].map((ago) => [weekOf(AT) - ago, week(12, 1)])),
        },
        at: AT,
      },
    ],
    out: [
      {
        why: 'one order and little else',
        state: { lastSeenAt: AT, weeks: new Map([[weekOf(AT), week(3, 1)]]) },
        at: AT,
      },
    ],
  },
};
