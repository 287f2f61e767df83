import {
  type AttributeValue,
  ConditionalCheckFailedException,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ALERT_STATES, type Alert, type AlertReason } from '../../contracts/alerts.ts';
import { type AlertId, asAlertId, asSubjectId } from '../../contracts/ids.ts';
import { InvariantError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertBook, AlertMove, AlertsQuery } from '../../pipeline/6-serve/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import { readItem } from './read-item.ts';

/** Alerts read per call, and calls before a filtered listing answers with what it has and a cursor. */
const PAGE_MIN = 100;
const PAGES_MAX = 10;

type Row = Record<string, AttributeValue>;

/** Alerts in DynamoDB, for those who work them off; `alert-store.ts` opens them. */
export function alertBook(table = required('ALERTS_TABLE')): AlertBook {
  return {
    find: (alertId, now) => find(table, alertId, now),
    list: (query) => list(table, query),
    move: (alertId, step) => move(table, alertId, step),
  };
}

const SEVERITIES = ['info', 'warning', 'urgent'] as const;

/** A row of the table as an alert; also for other readers of it. @throws InvariantError */
export function toAlert(row: Row): Alert {
  const state = ALERT_STATES.find((known) => known === row.state?.S);
  const severity = SEVERITIES.find((known) => known === row.severity?.S);
  if (state === undefined || severity === undefined) throw new InvariantError('alert of unknown state');
  const [acknowledgedAt, resolvedAt] = [row.acknowledgedAt?.N, row.resolvedAt?.N];
  return {
    alertId: asAlertId(row.alertId?.S ?? ''),
    subjectId: asSubjectId(row.subjectId?.S ?? ''),
    rule: row.rule?.S ?? '',
    ruleVersion: Number(row.ruleVersion?.N),
    severity,
    state,
    reasons: JSON.parse(row.reasons?.S ?? '[]') as AlertReason[],
    occurredAt: Number(row.occurredAt?.N),
    openedAt: Number(row.openedAt?.N),
    ...(acknowledgedAt === undefined ? {} : { acknowledgedAt: Number(acknowledgedAt) }),
    ...(resolvedAt === undefined ? {} : { resolvedAt: Number(resolvedAt) }),
  };
}

/** An alert past its time may still lie there: DynamoDB deletes late. */
const isGone = (row: Row | undefined, now: EpochMs): row is undefined =>
  row === undefined || Number(row.expiresAt?.N) * 1_000 <= now;

async function find(table: string, alertId: AlertId, now: EpochMs): Promise<Alert | null> {
  const item = await readItem(table, { alertId: { S: alertId } });
  return isGone(item, now) ? null : toAlert(item);
}

function filterOf({ rule, subjectIds }: AlertsQuery): { expression: string; values: Row } {
  const filters = ['expiresAt > :now'];
  const values: Row = { ':now': { N: String(Math.floor(Date.now() / 1_000)) } };
  if (rule !== undefined) {
    filters.push('#rule = :rule');
    values[':rule'] = { S: rule };
  }
  if (subjectIds !== undefined) {
    filters.push(`subjectId IN (${subjectIds.map((_, index) => `:subject${index}`).join()})`);
    for (const [index, id] of subjectIds.entries()) values[`:subject${index}`] = { S: id };
  }
  return { expression: filters.join(' AND '), values };
}

async function list(
  table: string,
  query: AlertsQuery,
): Promise<{ readonly alerts: readonly Alert[]; readonly cursor?: string }> {
  const { expression, values } = filterOf(query);
  const alerts: Alert[] = [];
  let from = query.cursor === undefined ? undefined : keyOfCursor(query.state, query.cursor);
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new QueryCommand({
          TableName: table,
          IndexName: 'byState',
          KeyConditionExpression: '#state = :state',
          FilterExpression: expression,
          ExpressionAttributeNames: {
            '#state': 'state',
            ...(query.rule === undefined ? {} : { '#rule': 'rule' }),
          },
          ExpressionAttributeValues: { ...values, ':state': { S: query.state } },
          ScanIndexForward: false,
          // One more than asked for, so that a last page which is full needs no empty one after it.
          Limit: Math.max(query.limit + 1, PAGE_MIN),
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    alerts.push(...(answer.Items ?? []).map(toAlert));
    const last = alerts[query.limit - 1];
    if (last !== undefined && (alerts.length > query.limit || answer.LastEvaluatedKey !== undefined))
      return { alerts: alerts.slice(0, query.limit), cursor: `${last.openedAt}.${last.alertId}` };
    from = answer.LastEvaluatedKey;
    if (from === undefined) return { alerts };
  }
  return { alerts, cursor: `${from?.openedAt?.N}.${from?.alertId?.S}` };
}

/** Key of the last alert of the page before: `<openedAt>.<alertId>`. */
function keyOfCursor(state: string, cursor: string): Row {
  const [openedAt = '', alertId = ''] = cursor.split('.', 2);
  return { state: { S: state }, openedAt: { N: openedAt }, alertId: { S: alertId } };
}

async function move(
  table: string,
  alertId: AlertId,
  { to, from, at }: AlertMove,
): Promise<{ readonly alert: Alert; readonly moved: boolean } | null> {
  const sources = from.map((state, index) => [`:from${index}`, { S: state }] as const);
  try {
    const answer = await dynamodb().send(
      new UpdateItemCommand({
        TableName: table,
        Key: { alertId: { S: alertId } },
        UpdateExpression: 'SET #state = :to, #at = :at',
        ConditionExpression: `#state IN (${sources.map(([name]) => name).join()}) AND expiresAt > :now`,
        ExpressionAttributeNames: { '#state': 'state', '#at': `${to}At` },
        ExpressionAttributeValues: {
          ':to': { S: to },
          ':at': { N: String(at) },
          ':now': { N: String(Math.floor(at / 1_000)) },
          ...Object.fromEntries(sources),
        },
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    count('writeUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    return { alert: toAlert(answer.Attributes ?? {}), moved: true };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw translate('dynamodb', error);
    return isGone(error.Item, at) ? null : { alert: toAlert(error.Item), moved: false };
  }
}
