import { DAYS, type QueryDefinition, WITHIN_DAYS } from '../query-definition.ts';
import { EXAMPLE_DAYS, effectRow } from '../query-examples.ts';

/** GDPR art. 15(1)(h), 11 CCR 7222 and their like: what was decided about a person, with the reasons. */
export const decisionsAboutSubject: QueryDefinition = {
  name: 'decisions-about-subject',
  question: 'What was decided about this subject, when, why, and by which rules?',
  parameters: {
    row_refs: {
      meaning: "the subject's row references, comma-separated: one per atom and month",
      form: /^[\w-]+(?:,[\w-]+)*$/,
    },
    ...DAYS,
  },
  sql: () => `
SELECT dt, hh, kind, name, reasons, policy_version, count(DISTINCT row_id) AS times
FROM effects
WHERE contains(split(:row_refs, ','), row_ref)
  AND ${WITHIN_DAYS}
GROUP BY dt, hh, kind, name, reasons, policy_version
ORDER BY dt, hh, kind, name`,
  examples: [
    {
      why: 'a person is known by two references, and another person is not asked about',
      rows: [
        effectRow({
          rowId: 'a',
          rowRef: 'anna-1',
          kind: 'segment-entered',
          name: 'value-top',
          reasons: 'score',
        }),
        effectRow({
          rowId: 'b',
          rowRef: 'anna-2',
          kind: 'alert-opened',
          name: 'refund-surge',
          reasons: 'refunds',
          policyVersion: 'refund-surge@1',
        }),
        effectRow({ rowId: 'c', rowRef: 'bert-1', kind: 'segment-entered', name: 'value-top' }),
      ],
      parameters: { row_refs: 'anna-1,anna-2', ...EXAMPLE_DAYS },
      answer: [
        {
          dt: '2026-03-05',
          hh: 14,
          kind: 'alert-opened',
          name: 'refund-surge',
          reasons: 'refunds',
          policy_version: 'refund-surge@1',
          times: 1,
        },
        {
          dt: '2026-03-05',
          hh: 14,
          kind: 'segment-entered',
          name: 'value-top',
          reasons: 'score',
          policy_version: 'pipeline@1',
          times: 1,
        },
      ],
    },
  ],
};
