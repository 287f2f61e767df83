import { ARCHIVE_TABLES } from '../../contracts/lineage.ts';
import { EVENT_CLASSES } from '../../contracts/signal.ts';
import { DAY_MS } from '../../kernel/time.ts';
import { DAY_FORM, type QueryDefinition, type QuerySetting, sqlText } from '../query-definition.ts';
import { appliedRow, EXAMPLE_HOUR, refusedRow } from '../query-examples.ts';

const maxDaysOf = ({ jurisdiction }: QuerySetting) =>
  EVENT_CLASSES.map((eventClass) => ({ eventClass, ...jurisdiction.retention[eventClass].value }));

/** The storage limitation (GDPR art. 5(1)(e) and its like) as a question; the right answer has no row. */
export const pastRetention: QueryDefinition = {
  name: 'past-retention',
  question: 'Which archived rows are older than the retention of their class allows?',
  parameters: {
    as_of: {
      meaning: 'UTC day on which to look (YYYY-MM-DD); today if not said',
      form: DAY_FORM,
      otherwise: (today) => today,
    },
  },
  sql: (setting) => {
    const classes = maxDaysOf(setting);
    const shortest = Math.min(...classes.map(({ maxDays }) => maxDays));
    const archived = ARCHIVE_TABLES.map(
      (table) => `  SELECT '${table}' AS archive_table, event_class, dt, row_id FROM ${table}
  WHERE dt < CAST(:as_of AS DATE) - INTERVAL '${shortest}' DAY`,
    );
    return `
WITH retention (event_class, max_days, basis) AS (VALUES
${classes.map(({ eventClass, maxDays, basis }) => `  ('${eventClass}', ${maxDays}, ${sqlText(basis)})`).join(',\n')}
), archived AS (
${archived.join('\n  UNION ALL\n')}
)
SELECT archive_table, event_class, max_days, basis, count(DISTINCT row_id) AS rows_past, min(dt) AS oldest_day
FROM archived JOIN retention USING (event_class)
WHERE date_diff('day', dt, CAST(:as_of AS DATE)) > max_days
GROUP BY archive_table, event_class, max_days, basis
ORDER BY archive_table, event_class`;
  },
  examples: [
    {
      why: 'behaviour is kept for 395 days and transactions for 1,095 in the EU',
      rows: [
        appliedRow({ rowId: 'kept', rowRef: null, eventClass: 'transaction' }),
        refusedRow({ rowId: 'on-the-day', outcome: 'withheld', reason: 'no-consent' }),
        refusedRow({
          rowId: 'a-day-over',
          outcome: 'withheld',
          reason: 'no-consent',
          receivedAt: EXAMPLE_HOUR - DAY_MS,
        }),
      ],
      parameters: { as_of: '2027-04-04' },
      answer: [
        {
          archive_table: 'refusals',
          event_class: 'behaviour',
          max_days: 395,
          basis:
            "purpose-bound art 5(1)(e); the maximum is the product's default for behaviour, for counsel to confirm",
          rows_past: 1,
          oldest_day: '2026-03-04',
        },
      ],
    },
    {
      why: 'nothing is over age',
      rows: [appliedRow({ rowId: 'young', rowRef: null })],
      parameters: { as_of: '2026-04-01' },
      answer: [],
    },
  ],
};
