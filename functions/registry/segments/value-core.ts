import { DAY_MS } from '../../kernel/time.ts';
import type { SegmentDefinition } from '../segment-definition.ts';
import { valueScore } from './value.ts';

const AT = Date.UTC(2026, 5, 1);

/** The middle value tier and above: a customer in `value-top` is in this one too. */
export const valueCore: SegmentDefinition = {
  name: 'value-core',
  version: 1,
  description: 'Established customers: the middle value tier and above.',
  purposes: ['profiling'],
  score: valueScore,
  enterAt: 50,
  leaveBelow: 42,
  examples: {
    in: [
      {
        why: 'four orders for 450 in total, the last a month ago',
        state: {
          orders: 4,
          orderValueMinor: 45_000,
          firstOrderAt: AT - 200 * DAY_MS,
          lastOrderAt: AT - 30 * DAY_MS,
        },
        at: AT,
      },
    ],
    out: [
      {
        why: 'one order for 30 two years ago',
        state: {
          orders: 1,
          orderValueMinor: 3_000,
          firstOrderAt: AT - 730 * DAY_MS,
          lastOrderAt: AT - 730 * DAY_MS,
        },
        at: AT,
      },
    ],
  },
};
