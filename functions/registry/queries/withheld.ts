import { DAYS, type QueryDefinition, WITHIN_DAYS } from '../query-definition.ts';
import { EXAMPLE_DAYS, refusedRow } from '../query-examples.ts';

/** Proof that consent was asked first: whose events were not processed, and for which reason. */
export const withheld: QueryDefinition = {
  name: 'withheld',
  question: 'Whose events were withheld or suppressed, and why?',
  parameters: DAYS,
  sql: () => `
SELECT row_ref, outcome, reason, source_id, signal_name, count(DISTINCT row_id) AS events,
  min(dt) AS first_day, max(dt) AS last_day
FROM refusals
WHERE outcome IN ('withheld', 'suppressed')
  AND ${WITHIN_DAYS}
GROUP BY row_ref, outcome, reason, source_id, signal_name
ORDER BY events DESC, row_ref, reason, source_id, signal_name`,
  examples: [
    {
      why: 'one person refused twice, and a duplicate is no refusal',
      rows: [
        refusedRow({ rowId: 'a', rowRef: 'anna', outcome: 'withheld', reason: 'customer-refused' }),
        refusedRow({ rowId: 'b', rowRef: 'anna', outcome: 'withheld', reason: 'customer-refused' }),
        refusedRow({ rowId: 'c', rowRef: 'bert', outcome: 'withheld', reason: 'no-consent' }),
        refusedRow({ rowId: 'd', rowRef: 'bert', outcome: 'duplicate', reason: 'seen' }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [['anna', 'customer-refused', 2] as const, ['bert', 'no-consent', 1] as const].map(
        ([row_ref, reason, events]) => ({
          row_ref,
          outcome: 'withheld',
          reason,
          source_id: 'web',
          signal_name: 'Product Viewed',
          events,
          first_day: '2026-03-05',
          last_day: '2026-03-05',
        }),
      ),
    },
  ],
};
