import type { AttributeValue, BatchStatementRequest } from '@aws-sdk/client-dynamodb';
import { BatchExecuteStatementCommand } from '@aws-sdk/client-dynamodb';
import type { Alert } from '../../contracts/alerts.ts';
import type { AlertId } from '../../contracts/ids.ts';
import { ALERT_DAYS } from '../../contracts/retention.ts';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';

const STATEMENTS_PER_CALL_MAX = 25;

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
      await inTurns(chunks(alerts, STATEMENTS_PER_CALL_MAX), async (chunk) => {
        const Statements = chunk.map((alert) => {
          const values = alertValues(alert);
          const members = Object.keys(values).map((name) => `'${name}':?`);
          return {
            Statement: `INSERT INTO "${table}" VALUE {${members.join()}}`,
            Parameters: Object.values(values),
          };
        });
        await execute(Statements, 'DuplicateItem');
      });
    },
    /** Resolves alerts whose cue does not hold any more. One that somebody resolved, or that expired, stays as it is.
     * @throws ThrottledError, TransientError */
    close: async (alertIds: readonly AlertId[], at: EpochMs): Promise<void> => {
      await inTurns(chunks(alertIds, STATEMENTS_PER_CALL_MAX), (chunk) =>
        execute(
          chunk.map((alertId) => ({
            Statement: `UPDATE "${table}" SET "state"='resolved' SET "resolvedAt"=? WHERE "alertId"=? AND "state" IN ('open','acknowledged')`,
            Parameters: [{ N: String(at) }, { S: alertId }],
          })),
          'ConditionalCheckFailed',
        ),
      );
    },
  };
}

/** @param expected the answer of a statement that found nothing to do */
async function execute(Statements: BatchStatementRequest[], expected: string): Promise<void> {
  const answer = await translated('dynamodb', () =>
    dynamodb().send(new BatchExecuteStatementCommand({ Statements })),
  );
  count('writeUnits', Statements.length);
  for (const { Error: failure } of answer.Responses ?? []) {
    if (failure?.Code === undefined || failure.Code === expected) continue;
    if (/Throttl|ProvisionedThroughputExceeded/.test(failure.Code))
      throw new ThrottledError('dynamodb asks to slow down');
    throw new TransientError(`dynamodb: ${failure.Code}`);
  }
}
