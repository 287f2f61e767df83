import {
  type AttributeValue,
  BatchWriteItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Alert } from '../../contracts/alerts.ts';
import type { IdentifierToken } from '../../contracts/ids.ts';
import type { HotStores } from '../../rights/privacy-request/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { toAlert } from './alert-book.ts';
import { chunks, inTurns, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { dueCues } from './due-cues.ts';
import { translated } from './errors.ts';
import { outcomeRecords } from './outcome-records.ts';
import { NODE_PART, subjectKey } from './profile-items.ts';

type Item = Record<string, AttributeValue>;

const DELETES_PER_CALL_MAX = 25;

/** Reads a query to its end. */
async function all(input: QueryCommandInput): Promise<readonly Item[]> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const start = from;
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new QueryCommand({
          ...input,
          ReturnConsumedCapacity: 'TOTAL',
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    items.push(...(answer.Items ?? []));
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

async function deleteAll(table: string, keys: readonly Item[]): Promise<void> {
  const requests = keys.map((Key) => ({ DeleteRequest: { Key } }));
  count('writeUnits', requests.length);
  await inTurns(chunks(requests, DELETES_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (deletes) => {
      const answer = await dynamodb().send(new BatchWriteItemCommand({ RequestItems: { [table]: deletes } }));
      return (answer.UnprocessedItems?.[table] ?? []).flatMap(({ DeleteRequest }) =>
        DeleteRequest?.Key === undefined ? [] : [{ DeleteRequest: { Key: DeleteRequest.Key } }],
      );
    }),
  );
}

/** Keys of all items that lie under the tokens. */
async function partsOf(table: string, tokens: readonly IdentifierToken[]): Promise<readonly Item[]> {
  const keys: Item[] = [];
  await inTurns(tokens, async (token) => {
    const items = await all({
      TableName: table,
      KeyConditionExpression: 'id = :id',
      ProjectionExpression: 'id, part',
      ExpressionAttributeValues: { ':id': { S: token } },
      ConsistentRead: true,
    });
    keys.push(...items);
  });
  return keys;
}

/** What the hot stores have about a person, for reading. */
export function hotReader(
  alerts = required('ALERTS_TABLE'),
  records = outcomeRecords(),
): Pick<HotStores, 'alertsOf' | 'quarantinedAbout'> {
  return {
    alertsOf: async (subjectIds) => {
      const found = new Map<string, Alert>();
      await inTurns(subjectIds, async (subjectId) => {
        const items = await all({
          TableName: alerts,
          IndexName: 'bySubject',
          KeyConditionExpression: 'subjectId = :subject',
          ExpressionAttributeValues: { ':subject': { S: subjectId } },
        });
        for (const alert of items.map(toAlert)) found.set(alert.alertId, alert);
      });
      return [...found.values()];
    },
    quarantinedAbout: (tokens) => records.about(tokens),
  };
}

/** What the hot stores have about a person, found by key and by index: no call grows with what others have. */
export function hotStores(
  tables = {
    profiles: required('PROFILES_TABLE'),
    rebuiltProfiles: required('REBUILT_PROFILES_TABLE'),
    rebuiltSubjects: required('REBUILT_SUBJECTS_TABLE'),
    alerts: required('ALERTS_TABLE'),
  },
  records = outcomeRecords(),
  cues = dueCues(),
): HotStores {
  return {
    ...hotReader(tables.alerts, records),
    forgetPages: async (tokens) =>
      deleteAll(
        tables.profiles,
        (await partsOf(tables.profiles, tokens)).filter(({ part }) => part?.S !== NODE_PART),
      ),
    forgetRebuilt: async (tokens, subjectIds) => {
      await deleteAll(tables.rebuiltProfiles, await partsOf(tables.rebuiltProfiles, tokens));
      await deleteAll(tables.rebuiltSubjects, subjectIds.map(subjectKey));
    },
    forgetAlerts: (alerts) =>
      deleteAll(
        tables.alerts,
        alerts.map(({ alertId }) => ({ alertId: { S: alertId } })),
      ),
    forgetCues: (armed) => cues.disarm(armed),
    forgetRecords: (found) => records.forget(found),
  };
}
