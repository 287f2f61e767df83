import { DAYS, type QueryDefinition, WITHIN_DAYS } from '../query-definition.ts';
import { EXAMPLE_DAYS, effectRow } from '../query-examples.ts';

/** Who asked to be forgotten cannot be told any more; that it was done, and where the proof is, can. */
export const erasures: QueryDefinition = {
  name: 'erasures',
  question: 'Which erasures were carried out, how far is each, and which certificate proves it?',
  parameters: DAYS,
  sql: () => `
SELECT name AS request_state, reasons AS certificate, dt, hh, policy_version, count(DISTINCT row_id) AS steps
FROM effects
WHERE kind = 'subject-erased'
  AND ${WITHIN_DAYS}
GROUP BY name, reasons, dt, hh, policy_version
ORDER BY dt, hh, reasons, name`,
  examples: [
    {
      why: 'an erasure has its key deleted, and is complete when no backup holds the key',
      rows: [
        effectRow({
          rowId: 'a',
          rowRef: null,
          eventClass: 'consent',
          kind: 'subject-erased',
          name: 'key-deleted',
          reasons: 'certificate:c1',
        }),
        effectRow({ rowId: 'b', rowRef: 'anna', kind: 'segment-left', name: 'value-top' }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [
        {
          request_state: 'key-deleted',
          certificate: 'certificate:c1',
          dt: '2026-03-05',
          hh: 14,
          policy_version: 'pipeline@1',
          steps: 1,
        },
      ],
    },
  ],
};
