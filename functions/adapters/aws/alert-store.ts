import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Alert } from '../../contracts/alerts.ts';
import type { AlertId } from '../../contracts/ids.ts';
import { ALERT_DAYS } from '../../contracts/retention.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { execute, insertNew, UNMET } from './statements.ts';

/** Attributes of an alert's item; `details` holds what no query needs. */
export const alertValues = (alert: Alert): Readonly<Record<string, AttributeValue>> => ({
  alertId: { S: alert.alertId },
  state: { S: alert.state },
  openedAt: { N: String(alert.openedAt) },
  subjectId: { S: alert.subjectId },
  rule: { S: alert.rule },
  ruleVersion: { N: String(alert.ruleVersion) },
  severity: { S: alert.severity },
  occurredAt: { N: String(alert.occurredAt) },
  reasons: { S: JSON.stringify(alert.reasons) },
  expiresAt: { N: String(Math.ceil((alert.openedAt + ALERT_DAYS * DAY_MS) / 1_000)) },
});

/** Where alerts are opened. */
export function alertStore(table = required('ALERTS_TABLE')) {
  return {
    /** Opens alerts. One that exists, acknowledged or not, stays as it is. @throws ThrottledError, TransientError */
    open: async (alerts: readonly Alert[]): Promise<void> => {
      await insertNew(table, alerts.map(alertValues));
    },
    /** Resolves alerts whose cue does not hold any more. One that somebody resolved, or that expired, stays as it is.
     * @throws ThrottledError, TransientError */
    close: async (alertIds: readonly AlertId[], at: EpochMs): Promise<void> => {
      await execute(
        alertIds.map((alertId) => ({
          Statement: `UPDATE "${table}" SET "state"='resolved' SET "resolvedAt"=? WHERE "alertId"=? AND "state" IN ('open','acknowledged')`,
          Parameters: [{ N: String(at) }, { S: alertId }],
        })),
        UNMET,
      );
    },
  };
}
