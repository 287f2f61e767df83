import { DAYS, type QueryDefinition, sqlText, WITHIN_DAYS } from '../query-definition.ts';
import { EXAMPLE_DAYS, effectRow } from '../query-examples.ts';

/** From the restriction that an early request becomes to the day on which no backup holds the secret any more. */
const STEPS = [
  'subject-restricted',
  'subject-suppressed',
  'subject-purged',
  'subject-keys-deleted',
  'subject-erased',
] as const;

/** Who asked to be forgotten cannot be told any more; that it was done, and which request's certificate proves it, can. */
export const erasures: QueryDefinition = {
  name: 'erasures',
  question: 'Which erasures were carried out, how far is each, and which certificate proves it?',
  parameters: DAYS,
  sql: () => `
SELECT reasons AS certificate_of, kind AS step, name AS request_type, dt, hh, policy_version,
  count(DISTINCT row_id) AS times
FROM effects
WHERE kind IN (${STEPS.map(sqlText).join(', ')})
  AND ${WITHIN_DAYS}
GROUP BY reasons, kind, name, dt, hh, policy_version
ORDER BY dt, hh, reasons, kind`,
  examples: [
    {
      why: 'an erasure is complete, and somebody left a segment, which is none',
      rows: [
        effectRow({
          rowId: 'a',
          rowRef: null,
          eventClass: 'account',
          kind: 'subject-erased',
          name: 'erase',
          reasons: 'request:r1',
        }),
        effectRow({ rowId: 'b', rowRef: 'anna', kind: 'segment-left', name: 'value-top' }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [
        {
          certificate_of: 'request:r1',
          step: 'subject-erased',
          request_type: 'erase',
          dt: '2026-03-05',
          hh: 14,
          policy_version: 'pipeline@1',
          times: 1,
        },
      ],
    },
  ],
};
