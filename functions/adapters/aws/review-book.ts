import {
  type AttributeValue,
  ConditionalCheckFailedException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { IdentityReview } from '../../contracts/identity-review.ts';
import type { AtomId } from '../../contracts/ids.ts';
import { VERDICTS, type Verdict } from '../../contracts/subject.ts';
import { InvariantError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { ReviewBook } from '../../pipeline/6-serve/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { dynamodb } from './clients.ts';
import { translate } from './errors.ts';
import { listedPage } from './listed-pages.ts';
import { readItem } from './read-item.ts';
import { LISTED } from './stewards-lists.ts';

type Row = Record<string, AttributeValue>;

/** Pairs that may be one person, as stewards work them off. */
export function reviewBook(
  table = required('IDENTITY_REVIEWS_TABLE'),
  clock: () => EpochMs = Date.now,
): ReviewBook {
  return {
    list: async (query) => {
      const { rows, ...rest } = await listedPage(table, LISTED.reviews, query);
      return { reviews: rows.filter((row) => !isPast(row, clock())).map(toReview), ...rest };
    },
    find: (reviewId) => find(table, reviewId),
    decide: (reviewId, verdict, at) => decide(table, reviewId, verdict, at),
  };
}

/** Expiry is lazy: DynamoDB may still show what has expired. */
const isPast = ({ expiresAt }: Row, now: EpochMs): boolean =>
  expiresAt?.N !== undefined && Number(expiresAt.N) * 1_000 <= now;

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

async function find(table: string, reviewId: string): Promise<IdentityReview | null> {
  const item = await readItem(table, { reviewId: { S: reviewId } });
  return item === undefined ? null : toReview(item);
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
