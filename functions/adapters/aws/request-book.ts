import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { ANSWERED_STATES, CLOSED_STATES, type PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { TransientError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { RequestBook, RequestQueue } from '../../rights/privacy-request/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import { readItem } from './read-item.ts';

type Item = Record<string, AttributeValue>;

const PAGE_MAX = 100;
const keyOf = (id: string): Item => ({ id: { S: id } });
/** The item that stands for "one of these is open". */
const lockId = (openKey: string): string => `open.${openKey}`;

/** Queues by state: what is open is looked at every day, and what was erased is erased again after a restore. */
function queueOf(request: PrivacyRequest): Item {
  if (request.deletedAt !== null && ANSWERED_STATES.has(request.state))
    // Until the keys' backups are gone it is open too: the machine still has to say so. The tick finds it as erased.
    return { queue: { S: 'erased' }, queuedAt: { N: String(request.deletedAt) } };
  return CLOSED_STATES.has(request.state)
    ? {}
    : { queue: { S: 'open' }, queuedAt: { N: String(openSince(request)) } };
}

/** What asks for something of its own long after it was received is open since then. */
const openSince = ({ lift, receivedAt }: PrivacyRequest): EpochMs => lift?.at ?? receivedAt;

/** A request is not over while processing is restricted for it: without it nobody could lift that. */
function expiryOf({ closedAt, restrictedUntil, lift }: PrivacyRequest, keepDays: number): Item {
  const overAt = lift?.doneAt ?? (lift === undefined ? closedAt : null);
  if (overAt === null || (restrictedUntil ?? 0) > overAt) return {};
  return { expiresAt: { N: String(Math.ceil((overAt + keepDays * DAY_MS) / 1_000)) } };
}

/**
 * Privacy requests in DynamoDB.
 * @param keepDays how long the law wants the record of a closed request kept
 */
export function requestBook(
  keepDays: number,
  table = required('PRIVACY_REQUESTS_TABLE'),
  clock: () => EpochMs = Date.now,
): RequestBook {
  const itemOf = (request: PrivacyRequest): Item => ({
    ...keyOf(request.requestId),
    version: { N: String(request.version) },
    request: { S: JSON.stringify(request) },
    ...queueOf(request),
    ...expiryOf(request, keepDays),
  });
  const find: RequestBook['find'] = async (requestId) => {
    const item = await readItem(table, keyOf(requestId));
    return item === undefined ? null : requestIn(item, clock());
  };
  return {
    find,
    open: (request) => open(table, request, itemOf, find),
    save: (next) => save(table, next, itemOf),
    queue: (name, since) => queue(table, name, since, clock),
  };
}

/** Null for a lock, and for what has expired: expiry is lazy. */
function requestIn(item: Item, now: EpochMs): PrivacyRequest | null {
  if (item.request?.S === undefined) return null;
  if (item.expiresAt?.N !== undefined && Number(item.expiresAt.N) * 1_000 <= now) return null;
  return JSON.parse(item.request.S) as PrivacyRequest;
}

const codesOf = (error: TransactionCanceledException): readonly string[] =>
  (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None').filter((code) => code !== 'None');

const isConflict = (error: TransactionCanceledException): boolean =>
  codesOf(error).every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict');

/** Puts a request and the lock of its kind, both or none. @returns false when somebody else was first */
async function opened(table: string, request: Item, lock: Item, takenOver: string | null): Promise<boolean> {
  const isNew = { ConditionExpression: 'attribute_not_exists(id)' };
  const isStale = {
    ConditionExpression: 'requestId = :stale',
    ExpressionAttributeValues: { ':stale': { S: takenOver ?? '' } },
  };
  try {
    await dynamodb().send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName: table, Item: request, ...isNew } },
          { Put: { TableName: table, Item: lock, ...(takenOver === null ? isNew : isStale) } },
        ],
      }),
    );
    count('writeUnits', 4);
    return true;
  } catch (error) {
    if (error instanceof TransactionCanceledException && isConflict(error)) return false;
    throw translate('dynamodb', error);
  }
}

async function open(
  table: string,
  request: PrivacyRequest,
  itemOf: (request: PrivacyRequest) => Item,
  find: RequestBook['find'],
): Promise<PrivacyRequest> {
  const first = { ...request, version: 1 };
  const lock: Item = { ...keyOf(lockId(request.openKey)), requestId: { S: request.requestId } };
  if (await opened(table, itemOf(first), lock, null)) return first;
  const same = await find(request.requestId);
  if (same !== null) return same;
  const held = await readItem(table, keyOf(lockId(request.openKey)));
  const holder = held?.requestId?.S ?? null;
  const standing = holder === null ? null : await find(holder);
  if (standing !== null && !ANSWERED_STATES.has(standing.state)) return standing;
  // Whoever closed it crashed before it let go.
  if (await opened(table, itemOf(first), lock, holder)) return first;
  throw new TransientError('the open request was closed just now');
}

async function save(
  table: string,
  next: PrivacyRequest,
  itemOf: (request: PrivacyRequest) => Item,
): Promise<PrivacyRequest | null> {
  const written = { ...next, version: next.version + 1 };
  const put = new PutItemCommand({
    TableName: table,
    Item: itemOf(written),
    ConditionExpression: 'version = :version',
    ExpressionAttributeValues: { ':version': { N: String(next.version) } },
  });
  const release = new DeleteItemCommand({
    TableName: table,
    Key: keyOf(lockId(next.openKey)),
    ConditionExpression: 'requestId = :own',
    ExpressionAttributeValues: { ':own': { S: next.requestId } },
  });
  count('writeUnits', 2);
  if (!(await unlessRefused(() => dynamodb().send(put)))) return null;
  if (ANSWERED_STATES.has(next.state)) await unlessRefused(() => dynamodb().send(release));
  return written;
}

/** @returns false when the condition did not hold */
async function unlessRefused(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw translate('dynamodb', error);
  }
}

async function* queue(
  table: string,
  name: RequestQueue,
  since: EpochMs,
  clock: () => EpochMs,
): AsyncGenerator<readonly PrivacyRequest[]> {
  let from: Item | undefined;
  do {
    const start = from;
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new QueryCommand({
          TableName: table,
          IndexName: 'byQueue',
          KeyConditionExpression: 'queue = :queue AND queuedAt >= :since',
          ExpressionAttributeValues: { ':queue': { S: name }, ':since': { N: String(Math.floor(since)) } },
          Limit: PAGE_MAX,
          ReturnConsumedCapacity: 'TOTAL',
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    yield (answer.Items ?? []).map((item) => requestIn(item, clock())).filter((request) => request !== null);
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
}
