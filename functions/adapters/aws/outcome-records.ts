import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { asMessageToken, type IdentifierToken, type MessageToken } from '../../contracts/ids.ts';
import { OUTCOMES } from '../../contracts/outcomes.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import { RECORD_DAYS } from '../../contracts/retention.ts';
import { InvariantError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, unitsOf, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import { insertNew } from './statements.ts';

/** Limits of the DynamoDB API. */
const GETS_PER_CALL_MAX = 100;
const PUTS_PER_CALL_MAX = 25;
/** Pages a filtered listing reads before it answers with what it has and a cursor. */
const PAGES_MAX = 10;

type Row = Record<string, AttributeValue>;

/** A record with what happened to it afterwards. */
export interface StoredRecord extends OutcomeRecord {
  readonly replayedAt?: EpochMs;
  /** How many identifiers it can be found by. */
  readonly names?: number;
}

/** The table of outcomes: how every event ended that was not applied. */
export function outcomeRecords(table = required('RECORDS_TABLE')) {
  return {
    find: (tokens: readonly MessageToken[], consistent = false) => find(table, tokens, consistent),
    putNew: (records: readonly OutcomeRecord[]) => putNew(table, records),
    put: (records: readonly OutcomeRecord[]) => put(table, records),
    listQuarantined: (query: ListQuery) => listQuarantined(table, query),
    markReplayed: (token: MessageToken, at: EpochMs) => markReplayed(table, token, at),
    about: (tokens: readonly IdentifierToken[]) => about(table, tokens),
    forget: (records: readonly OutcomeRecord[]) => forget(table, records),
  };
}

interface ListQuery {
  readonly limit: number;
  readonly sourceId?: string;
  readonly reason?: string;
  readonly cursor?: string;
}

/** Marks what a steward has to look at, until it is replayed: the key of the sparse index. */
const LISTED = { S: 'quarantined' };

/** Rows of a record: its own, and one more for each further identifier that a quarantined event names, to be found by. */
function rowsOf(record: OutcomeRecord): readonly Row[] {
  const [first, ...others] = record.about ?? [];
  const row = toRow(record);
  if (first === undefined) return [row];
  const names = { N: String(others.length + 1) };
  const { listed: _listed, ...unlisted } = row;
  return [
    { ...row, about: { S: first }, names },
    ...others.map((token, at) => ({
      ...unlisted,
      messageToken: { S: pointerKey(record.messageToken, at + 1) },
      of: { S: record.messageToken },
      about: { S: token },
      names,
    })),
  ];
}

/** Key of the row for a further identifier. No message token has a tilde. */
const pointerKey = (token: MessageToken, at: number): string => `${token}~${at}`;

const toRow = (record: OutcomeRecord): Row => ({
  messageToken: { S: record.messageToken },
  outcome: { S: record.outcome },
  reason: { S: record.reason },
  sourceId: { S: record.sourceId },
  receivedAt: { N: String(record.receivedAt) },
  expiresAt: { N: String(Math.ceil((record.receivedAt + RECORD_DAYS * DAY_MS) / 1_000)) },
  ...(record.outcome === 'quarantined' ? { listed: LISTED } : {}),
  ...(record.quarantine === undefined
    ? {}
    : { quarantineKey: { S: record.quarantine.key }, quarantineLine: { N: String(record.quarantine.line) } }),
});

const text = (row: Row, name: string): string => {
  const value = row[name]?.S;
  if (value === undefined) throw new InvariantError(`outcome record without ${name}`);
  return value;
};

/** A row of the table as a record; also for other readers of the table.
 * @throws InvariantError when the row is not one of ours */
export function toRecord(row: Row): StoredRecord {
  const outcome = OUTCOMES.find((known) => known === row.outcome?.S);
  if (outcome === undefined || outcome === 'applied')
    throw new InvariantError('outcome record of unknown outcome');
  const key = row.quarantineKey?.S;
  const replayedAt = row.replayedAt?.N;
  return {
    messageToken: asMessageToken(row.of?.S ?? text(row, 'messageToken')),
    outcome,
    reason: text(row, 'reason'),
    sourceId: text(row, 'sourceId'),
    receivedAt: Number(row.receivedAt?.N),
    ...(key === undefined ? {} : { quarantine: { key, line: Number(row.quarantineLine?.N) } }),
    ...(row.names?.N === undefined ? {} : { names: Number(row.names.N) }),
    ...(replayedAt === undefined ? {} : { replayedAt: Number(replayedAt) }),
  };
}

async function find(
  table: string,
  tokens: readonly MessageToken[],
  consistent: boolean,
): Promise<ReadonlyMap<MessageToken, StoredRecord>> {
  const found = new Map<MessageToken, StoredRecord>();
  await inTurns(chunks([...new Set(tokens)], GETS_PER_CALL_MAX), async (chunk) => {
    await untilDone(
      'dynamodb',
      chunk.map((token): Row => ({ messageToken: { S: token } })),
      async (Keys) => {
        const answer = await dynamodb().send(
          new BatchGetItemCommand({
            RequestItems: { [table]: { Keys, ConsistentRead: consistent } },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        );
        count('readUnits', unitsOf(answer.ConsumedCapacity));
        for (const row of answer.Responses?.[table] ?? []) {
          const record = toRecord(row);
          // Expiry is lazy: DynamoDB may still show what has expired.
          if (Number(row.expiresAt?.N) * 1_000 > Date.now()) found.set(record.messageToken, record);
        }
        return answer.UnprocessedKeys?.[table]?.Keys ?? [];
      },
    );
  });
  return found;
}

/** The record's own row decides, and comes last: a retry that finds it takes the others for written. */
async function putNew(table: string, records: readonly OutcomeRecord[]): Promise<ReadonlySet<MessageToken>> {
  const rows = records.map(rowsOf);
  await putRows(
    table,
    rows.flatMap(([, ...others]) => others),
  );
  const taken = await insertNew(
    table,
    rows.flatMap(([own]) => (own === undefined ? [] : [own])),
  );
  return new Set(records.filter((_, at) => taken.has(at)).map(({ messageToken }) => messageToken));
}

async function put(table: string, records: readonly OutcomeRecord[]): Promise<void> {
  // One call must not name a key twice; the last record of a token holds.
  const once = [...new Map(records.map((record) => [record.messageToken, record])).values()];
  await putRows(table, once.flatMap(rowsOf));
}

async function putRows(table: string, rows: readonly Row[]): Promise<void> {
  await inTurns(chunks(rows, PUTS_PER_CALL_MAX), async (chunk) => {
    await untilDone(
      'dynamodb',
      chunk.map((Item) => ({ PutRequest: { Item } })),
      async (requests) => {
        const answer = await dynamodb().send(
          new BatchWriteItemCommand({ RequestItems: { [table]: requests }, ReturnConsumedCapacity: 'TOTAL' }),
        );
        count('writeUnits', unitsOf(answer.ConsumedCapacity));
        return (answer.UnprocessedItems?.[table] ?? []).map(({ PutRequest }) => ({
          PutRequest: { Item: PutRequest?.Item ?? {} },
        }));
      },
    );
  });
}

async function listQuarantined(
  table: string,
  query: ListQuery,
): Promise<{ readonly records: readonly StoredRecord[]; readonly cursor?: string }> {
  const filters = ['expiresAt > :now'];
  const values: Row = {
    ':listed': LISTED,
    ':now': { N: String(Math.floor(Date.now() / 1_000)) },
  };
  const names: Record<string, string> = {};
  for (const name of ['sourceId', 'reason'] as const) {
    const wanted = query[name];
    if (wanted === undefined) continue;
    filters.push(`#${name} = :${name}`);
    names[`#${name}`] = name;
    values[`:${name}`] = { S: wanted };
  }
  const records: StoredRecord[] = [];
  let from: Row | undefined = query.cursor === undefined ? undefined : keyOfCursor(query.cursor);
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new QueryCommand({
          TableName: table,
          IndexName: 'listed',
          KeyConditionExpression: 'listed = :listed',
          FilterExpression: filters.join(' AND '),
          ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
          ExpressionAttributeValues: values,
          ScanIndexForward: false,
          Limit: Math.max(query.limit, 100),
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    records.push(...(answer.Items ?? []).map(toRecord));
    const last = records[query.limit - 1];
    if (last !== undefined && (records.length > query.limit || answer.LastEvaluatedKey !== undefined))
      return { records: records.slice(0, query.limit), cursor: `${last.receivedAt}.${last.messageToken}` };
    from = answer.LastEvaluatedKey;
    if (from === undefined) return { records };
  }
  return { records, cursor: `${from?.receivedAt?.N}.${from?.messageToken?.S}` };
}

/** Key of the last record of the page before: `<receivedAt>.<messageToken>`. */
function keyOfCursor(cursor: string): Row {
  const [receivedAt = '', token = ''] = cursor.split('.', 2);
  return { listed: LISTED, receivedAt: { N: receivedAt }, messageToken: { S: token } };
}

async function markReplayed(table: string, token: MessageToken, at: EpochMs): Promise<void> {
  try {
    await dynamodb().send(
      new UpdateItemCommand({
        TableName: table,
        Key: { messageToken: { S: token } },
        UpdateExpression: 'SET replayedAt = :at REMOVE listed',
        ConditionExpression: '#outcome = :quarantined',
        ExpressionAttributeNames: { '#outcome': 'outcome' },
        ExpressionAttributeValues: { ':at': { N: String(at) }, ':quarantined': { S: 'quarantined' } },
      }),
    );
  } catch (error) {
    // `understand` has been quicker and said how the replayed event ended: that is the newer truth.
    if (error instanceof ConditionalCheckFailedException) return;
    throw translate('dynamodb', error);
  }
}

/** Quarantined events that name any of the identifiers, each once. */
async function about(table: string, tokens: readonly IdentifierToken[]): Promise<readonly StoredRecord[]> {
  const found = new Map<MessageToken, StoredRecord>();
  await inTurns([...new Set(tokens)], async (token) => {
    let from: Row | undefined;
    do {
      const answer = await translated('dynamodb', () =>
        dynamodb().send(
          new QueryCommand({
            TableName: table,
            IndexName: 'byIdentifier',
            KeyConditionExpression: 'about = :token',
            FilterExpression: 'expiresAt > :now',
            ExpressionAttributeValues: {
              ':token': { S: token },
              ':now': { N: String(Math.floor(Date.now() / 1_000)) },
            },
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
            ReturnConsumedCapacity: 'TOTAL',
          }),
        ),
      );
      count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
      for (const record of (answer.Items ?? []).map(toRecord)) found.set(record.messageToken, record);
      from = answer.LastEvaluatedKey;
    } while (from !== undefined);
  });
  return [...found.values()];
}

/** Removes records with all that leads to them. */
async function forget(table: string, records: readonly StoredRecord[]): Promise<void> {
  const keys = records.flatMap(({ messageToken, names = 1 }) => [
    messageToken as string,
    ...Array.from({ length: names - 1 }, (_, at) => pointerKey(messageToken, at + 1)),
  ]);
  const requests = [...new Set(keys)].map((key) => ({
    DeleteRequest: { Key: { messageToken: { S: key } } },
  }));
  await inTurns(chunks(requests, PUTS_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (deletes) => {
      const answer = await dynamodb().send(new BatchWriteItemCommand({ RequestItems: { [table]: deletes } }));
      const left = new Set(
        (answer.UnprocessedItems?.[table] ?? []).map((each) => each.DeleteRequest?.Key?.messageToken?.S),
      );
      return deletes.filter(({ DeleteRequest }) => left.has(DeleteRequest.Key.messageToken.S));
    }),
  );
}
