import { ARCHIVE_TABLES } from '../../contracts/lineage.ts';
import { HOUR_MS } from '../../kernel/time.ts';
import { DAYS, type QueryDefinition, WITHIN_DAYS } from '../query-definition.ts';
import { appliedRow, EXAMPLE_DAYS, EXAMPLE_HOUR, effectRow } from '../query-examples.ts';

const HOUR_NUMBER = "date_diff('day', DATE '1970-01-01', dt) * 24 + hh";

/**
 * Where evidence may be missing.
 * - `silent`: the archive has nothing for hours on end, although it has something before and after.
 * - `unexplained`: something followed from an event within the hour, and no event of that hour or the one before is there.
 * - `underivable`: a signal without its sealed payload, from which nothing can be derived again.
 */
export const lineageGaps: QueryDefinition = {
  name: 'lineage-gaps',
  question: 'Where does the archive have effects without the signals behind them, or hours without any row?',
  parameters: {
    ...DAYS,
    silent_hours: {
      meaning: 'hours without a row that make a gap; 24 if not said',
      form: /^[1-9]\d{0,5}$/,
      otherwise: () => '24',
    },
  },
  sql: () => `
WITH hours AS (
${ARCHIVE_TABLES.map((table) => `  SELECT DISTINCT dt, hh, ${HOUR_NUMBER} AS hour_number FROM ${table} WHERE ${WITHIN_DAYS}`).join('\n  UNION\n')}
), steps AS (
  SELECT dt, hh, hour_number - lag(hour_number) OVER (ORDER BY hour_number) - 1 AS hours_silent FROM hours
), event_hours AS (
  SELECT ${HOUR_NUMBER} AS hour_number FROM signals WHERE ${WITHIN_DAYS}
  UNION
  SELECT ${HOUR_NUMBER} AS hour_number FROM refusals WHERE ${WITHIN_DAYS}
)
SELECT 'silent' AS gap, dt, hh, 'before this hour' AS detail, hours_silent AS how_many
FROM steps
WHERE hours_silent >= CAST(:silent_hours AS INTEGER)
UNION ALL
SELECT 'unexplained' AS gap, dt, hh, kind AS detail, count(DISTINCT row_id) AS how_many
FROM effects
WHERE latency_ms < ${HOUR_MS}
  AND ${HOUR_NUMBER} NOT IN (SELECT hour_number FROM event_hours)
  AND ${HOUR_NUMBER} NOT IN (SELECT hour_number + 1 FROM event_hours)
  AND NOT (dt = CAST(:from AS DATE) AND hh = 0)
  AND ${WITHIN_DAYS}
GROUP BY dt, hh, kind
UNION ALL
SELECT 'underivable' AS gap, dt, hh, signal_name AS detail, count(DISTINCT row_id) AS how_many
FROM signals
WHERE payload IS NULL
  AND ${WITHIN_DAYS}
GROUP BY dt, hh, signal_name
ORDER BY gap, dt, hh, detail`,
  examples: [
    {
      why: 'nothing came for a day and a half, an alert has no event near it, and a signal lost its payload',
      rows: [
        appliedRow({ rowId: 'a', rowRef: 'anna' }),
        effectRow({ rowId: 'b', rowRef: 'anna', kind: 'segment-entered', name: 'value-top' }),
        effectRow({
          rowId: 'c',
          rowRef: 'anna',
          kind: 'segment-left',
          name: 'value-core',
          receivedAt: EXAMPLE_HOUR + HOUR_MS,
        }),
        effectRow({
          rowId: 'd',
          rowRef: 'bert',
          kind: 'alert-opened',
          name: 'refund-surge',
          receivedAt: EXAMPLE_HOUR + 38 * HOUR_MS,
        }),
        appliedRow({ rowId: 'e', rowRef: null, receivedAt: EXAMPLE_HOUR + 39 * HOUR_MS, payload: null }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [
        { gap: 'silent', dt: '2026-03-07', hh: 4, detail: 'before this hour', how_many: 36 },
        { gap: 'underivable', dt: '2026-03-07', hh: 5, detail: 'Order Completed', how_many: 1 },
        { gap: 'unexplained', dt: '2026-03-07', hh: 4, detail: 'alert-opened', how_many: 1 },
      ],
    },
    {
      why: 'silence made the alert, and no signal did',
      rows: [
        effectRow({
          rowId: 'a',
          rowRef: 'anna',
          kind: 'alert-opened',
          name: 'cart-abandoned',
          latencyMs: null,
        }),
      ],
      parameters: EXAMPLE_DAYS,
      answer: [],
    },
  ],
};
