import { DAYS, type QueryDefinition, WITHIN_DAYS } from '../query-definition.ts';
import { EXAMPLE_DAYS, effectRow } from '../query-examples.ts';

/** What each version of the rules did: the first question when a version turns out to be wrong. */
export const decisionsByPolicy: QueryDefinition = {
  name: 'decisions-by-policy',
  question: 'What did each version of the rules decide, how often, and when first and last?',
  parameters: DAYS,
  sql: () => `
SELECT policy_version, kind, name, count(DISTINCT row_id) AS decisions, count(DISTINCT row_ref) AS row_refs,
  min(dt) AS first_day, max(dt) AS last_day
FROM effects
WHERE ${WITHIN_DAYS}
GROUP BY policy_version, kind, name
ORDER BY policy_version, kind, name`,
  examples: [
    {
      why: 'two versions of a rule are told apart, and a row that is there twice counts once',
      rows: [
        ...['a', 'b'].map((rowId) =>
          effectRow({ rowId, rowRef: rowId, kind: 'alert-opened', name: 'surge', policyVersion: 'surge@1' }),
        ),
        effectRow({ rowId: 'c', rowRef: 'a', kind: 'alert-opened', name: 'surge', policyVersion: 'surge@2' }),
        effectRow({ rowId: 'c', rowRef: 'a', kind: 'alert-opened', name: 'surge', policyVersion: 'surge@2' }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [['surge@1', 2] as const, ['surge@2', 1] as const].map(([policy_version, times]) => ({
        policy_version,
        kind: 'alert-opened',
        name: 'surge',
        decisions: times,
        row_refs: times,
        first_day: '2026-03-05',
        last_day: '2026-03-05',
      })),
    },
  ],
};
