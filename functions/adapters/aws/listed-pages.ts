import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import type { ReviewsQuery } from '../../pipeline/6-serve/ports.ts';
import { count } from '../../runtime/meter.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';

type Row = Readonly<Record<string, AttributeValue>>;

/** A page of what waits for stewards, from the sparse index: the newest first.
 * @param listed which of the lists @throws ThrottledError, TransientError */
export async function listedPage(
  table: string,
  listed: AttributeValue,
  { limit, cursor }: ReviewsQuery,
): Promise<{ readonly rows: readonly Row[]; readonly cursor?: string }> {
  const [openedAt = '', reviewId = ''] = cursor?.split('.', 2) ?? [];
  const answer = await translated('dynamodb', () =>
    dynamodb().send(
      new QueryCommand({
        TableName: table,
        IndexName: 'listed',
        KeyConditionExpression: 'listed = :listed',
        ExpressionAttributeValues: { ':listed': listed },
        ScanIndexForward: false,
        // One more than asked for, so that a last page which is full needs no empty one after it.
        Limit: limit + 1,
        ...(cursor === undefined
          ? {}
          : { ExclusiveStartKey: { listed, openedAt: { N: openedAt }, reviewId: { S: reviewId } } }),
        ReturnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
  const found = answer.Items ?? [];
  const last = found[limit - 1];
  return {
    rows: found.slice(0, limit),
    ...(found.length > limit && last !== undefined
      ? { cursor: `${last.openedAt?.N}.${last.reviewId?.S}` }
      : {}),
  };
}
