import { DAY_MS } from '../../kernel/time.ts';
import type { AlertRuleDefinition, CueView } from '../alert-rule-definition.ts';
import { LAPSE_ENTER_AT } from '../segments/lapse-risk.ts';

const ORDERS_MIN = 3;

const AT = Date.UTC(2026, 5, 1, 12);
const buyer = (lastDaysAgo: number) => ({
  orders: 6,
  firstOrderAt: AT - (lastDaysAgo + 50) * DAY_MS,
  lastOrderAt: AT - lastDaysAgo * DAY_MS,
});

/** When the customer's silence reaches the threshold of `lapse-risk`; null without a rhythm. */
function lapsesAt({ state }: CueView): number | null {
  if (state.orders < ORDERS_MIN || state.firstOrderAt === null || state.lastOrderAt === null) return null;
  const rhythmMs = Math.max(DAY_MS, (state.lastOrderAt - state.firstOrderAt) / (state.orders - 1));
  return state.lastOrderAt + LAPSE_ENTER_AT * rhythmMs;
}

export const lapsingHighValue: AlertRuleDefinition = {
  name: 'lapsing-high-value',
  version: 1,
  description: 'A customer of the top or middle value tier has gone silent, by their own rhythm.',
  severity: 'urgent',
  purposes: ['profiling'],
  depth: 'full',
  cue(view) {
    const at = lapsesAt(view);
    if (at === null || at > view.now || !view.segments.has('value-core')) return null;
    const silentDays = Math.floor((view.now - (view.state.lastOrderAt ?? view.now)) / DAY_MS);
    const rhythmDays = Math.round((at - (view.state.lastOrderAt ?? at)) / DAY_MS);
    return { occurredAt: at, reasons: [{ code: 'silent-days', value: silentDays, threshold: rhythmDays }] };
  },
  dueAt: lapsesAt,
  freshMs: 14 * DAY_MS,
  cooldownMs: 60 * DAY_MS,
  examples: {
    fires: [
      {
        why: 'valuable, bought every ten days, silent for 35',
        state: buyer(35),
        segments: ['value-core'],
        now: AT,
      },
    ],
    quiet: [
      { why: 'silent, but of no great value', state: buyer(35), segments: [], now: AT },
      { why: 'valuable, and bought last week', state: buyer(7), segments: ['value-core'], now: AT },
      { why: 'silent for a year: history, not news', state: buyer(365), segments: ['value-core'], now: AT },
    ],
  },
};
