import { DAYS, type QueryDefinition, sqlText, WITHIN_DAYS } from '../query-definition.ts';
import { EXAMPLE_DAYS, refusedRow } from '../query-examples.ts';

/** Accuracy (GDPR art. 5(1)(d)) is somebody's duty: which team sends what cannot be used. */
export const quarantineBySource: QueryDefinition = {
  name: 'quarantine-by-source',
  question: 'Which sources send events that end in quarantine, for which reason, and who answers for them?',
  parameters: DAYS,
  sql: ({ sources }) => `
WITH stewards (source_id, steward) AS (VALUES
${sources.map(({ id, steward }) => `  (${sqlText(id)}, ${sqlText(steward)})`).join(',\n')}
)
SELECT source_id, coalesce(steward, 'unknown') AS steward, reason, signal_name, count(DISTINCT row_id) AS events,
  max(dt) AS last_day
FROM refusals LEFT JOIN stewards USING (source_id)
WHERE outcome = 'quarantined'
  AND ${WITHIN_DAYS}
GROUP BY source_id, steward, reason, signal_name
ORDER BY events DESC, source_id, reason, signal_name`,
  examples: [
    {
      why: 'a source of the registry has a steward, and one that is gone has none',
      rows: [
        ...['a', 'b'].map((rowId) =>
          refusedRow({ rowId, sourceId: 'pos', outcome: 'quarantined', reason: 'impossible-price' }),
        ),
        refusedRow({
          rowId: 'c',
          sourceId: 'former-shop',
          outcome: 'quarantined',
          reason: 'schema-mismatch',
        }),
        refusedRow({ rowId: 'd', sourceId: 'pos', outcome: 'withheld', reason: 'no-consent' }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [
        ['pos', 'store-operations', 'impossible-price', 2] as const,
        ['former-shop', 'unknown', 'schema-mismatch', 1] as const,
      ].map(([source_id, steward, reason, events]) => ({
        source_id,
        steward,
        reason,
        signal_name: 'Product Viewed',
        events,
        last_day: '2026-03-05',
      })),
    },
  ],
};
