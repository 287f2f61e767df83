import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type IdentityReview, reviewIdOf } from '../../contracts/identity-review.ts';
import type { AtomId } from '../../contracts/ids.ts';
import { type MatchLink, VERDICTS, type Verdict } from '../../contracts/subject.ts';
import { InvariantError, ThrottledError, TransientError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { ReviewBook, ReviewsQuery } from '../../pipeline/6-serve/ports.ts';
import type { ReviewQueue } from '../../pipeline/understand/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';

/** How long a pair waits for a steward. What was decided is kept with the subjects, for as long as they are. */
const REVIEW_DAYS = 180;
const STATEMENTS_PER_CALL_MAX = 25;
/** Key of the sparse index: only what waits for a steward carries it. */
const PENDING = { S: 'pending' };

type Row = Record<string, AttributeValue>;

const rowOf = (match: MatchLink, openedAt: EpochMs): Row => ({
  reviewId: { S: reviewIdOf(match.a, match.b) },
  listed: PENDING,
  openedAt: { N: String(openedAt) },
  a: { S: match.a },
  b: { S: match.b },
  bits: { N: String(match.bits) },
  contributions: { S: JSON.stringify(match.contributions) },
  model: { S: match.model },
  expiresAt: { N: String(Math.ceil((openedAt + REVIEW_DAYS * DAY_MS) / 1_000)) },
});

function toReview(row: Row): IdentityReview {
  const verdict = VERDICTS.find((known) => known === row.verdict?.S);
  const [reviewId, contributions] = [row.reviewId?.S, row.contributions?.S];
  if (reviewId === undefined || contributions === undefined)
    throw new InvariantError('identity review of unknown shape');
  return {
    reviewId,
    openedAt: Number(row.openedAt?.N),
    a: row.a?.S as AtomId,
    b: row.b?.S as AtomId,
    bits: Number(row.bits?.N),
    contributions: JSON.parse(contributions) as Record<string, number>,
    model: row.model?.S ?? '',
    decision: verdict === undefined ? null : { verdict, at: Number(row.decidedAt?.N) },
  };
}

/** Pairs that may be one person, in DynamoDB: `understand` puts them, stewards work them off. */
export function identityReviews(table = required('IDENTITY_REVIEWS_TABLE')): ReviewQueue & ReviewBook {
  return {
    find: (reviewId) => find(table, reviewId),
    put: (matches, openedAt) => put(table, matches, openedAt),
    list: (query) => list(table, query),
    decide: (reviewId, verdict, at) => decide(table, reviewId, verdict, at),
  };
}

async function find(table: string, reviewId: string): Promise<IdentityReview | null> {
  const { Item, ConsumedCapacity } = await translated('dynamodb', () =>
    dynamodb().send(
      new GetItemCommand({
        TableName: table,
        Key: { reviewId: { S: reviewId } },
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  count('readUnits', ConsumedCapacity?.CapacityUnits ?? 0);
  return Item === undefined ? null : toReview(Item);
}

async function put(table: string, matches: readonly MatchLink[], openedAt: EpochMs): Promise<void> {
  const rows = new Map(matches.map((match) => [reviewIdOf(match.a, match.b), rowOf(match, openedAt)]));
  await inTurns(chunks([...rows.values()], STATEMENTS_PER_CALL_MAX), async (chunk) => {
    const Statements = chunk.map((row) => ({
      Statement: `INSERT INTO "${table}" VALUE {${Object.keys(row)
        .map((name) => `'${name}':?`)
        .join()}}`,
      Parameters: Object.values(row),
    }));
    const answer = await translated('dynamodb', () =>
      dynamodb().send(new BatchExecuteStatementCommand({ Statements })),
    );
    count('writeUnits', chunk.length);
    for (const { Error: failure } of answer.Responses ?? []) {
      if (failure?.Code === undefined || failure.Code === 'DuplicateItem') continue;
      if (/Throttl|ProvisionedThroughputExceeded/.test(failure.Code))
        throw new ThrottledError('dynamodb asks to slow down');
      throw new TransientError(`dynamodb: ${failure.Code}`);
    }
  });
}

async function list(
  table: string,
  { limit, cursor }: ReviewsQuery,
): Promise<{ readonly reviews: readonly IdentityReview[]; readonly cursor?: string }> {
  const [openedAt = '', reviewId = ''] = cursor?.split('.', 2) ?? [];
  const answer = await translated('dynamodb', () =>
    dynamodb().send(
      new QueryCommand({
        TableName: table,
        IndexName: 'listed',
        KeyConditionExpression: 'listed = :pending',
        ExpressionAttributeValues: { ':pending': PENDING },
        ScanIndexForward: false,
        // One more than asked for, so that a last page which is full needs no empty one after it.
        Limit: limit + 1,
        ...(cursor === undefined
          ? {}
          : {
              ExclusiveStartKey: { listed: PENDING, openedAt: { N: openedAt }, reviewId: { S: reviewId } },
            }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
  const found = (answer.Items ?? []).map(toReview);
  const last = found[limit - 1];
  return {
    reviews: found.slice(0, limit),
    ...(found.length > limit && last !== undefined ? { cursor: `${last.openedAt}.${last.reviewId}` } : {}),
  };
}

async function decide(
  table: string,
  reviewId: string,
  verdict: Verdict,
  at: EpochMs,
): Promise<IdentityReview | null> {
  try {
    const answer = await dynamodb().send(
      new UpdateItemCommand({
        TableName: table,
        Key: { reviewId: { S: reviewId } },
        UpdateExpression: 'SET verdict = :verdict, decidedAt = :at REMOVE listed',
        ConditionExpression:
          'attribute_exists(reviewId) AND (attribute_not_exists(verdict) OR (verdict <> :verdict AND decidedAt < :at))',
        ExpressionAttributeValues: { ':verdict': { S: verdict }, ':at': { N: String(at) } },
        ReturnValues: 'ALL_NEW',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    count('writeUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    return toReview(answer.Attributes ?? {});
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw translate('dynamodb', error);
    return error.Item === undefined ? null : toReview(error.Item);
  }
}
