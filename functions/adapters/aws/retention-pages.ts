import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  ScanCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import type { StoredNode } from '../../pipeline/understand/ports.ts';
import { chunks, inTurns, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import { type Item, NODE_PART, toNode } from './profile-items.ts';

/** Items read in one look: a megabyte at most, and a second or so of removing. */
const PAGE_MAX = 300;

export interface Page {
  readonly items: readonly Item[];
  readonly cursor: string | null;
}

/** The next page of a table. @param attributes those that are wanted; all when not said */
export async function scan(
  table: string,
  cursor: string | null,
  pageMax = PAGE_MAX,
  attributes?: readonly string[],
): Promise<Page> {
  const answer = await translated('dynamodb', () =>
    dynamodb().send(
      new ScanCommand({
        TableName: table,
        Limit: pageMax,
        ConsistentRead: true,
        ...(attributes === undefined ? {} : { ProjectionExpression: attributes.join() }),
        ...(cursor === null ? {} : { ExclusiveStartKey: JSON.parse(cursor) as Item }),
      }),
    ),
  );
  const last = answer.LastEvaluatedKey;
  return { items: answer.Items ?? [], cursor: last === undefined ? null : JSON.stringify(last) };
}

const GETS_PER_CALL_MAX = 100;

/** Nodes as they lie there, past their time or not. */
export async function readNodes(
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredNode>> {
  const found = new Map<string, StoredNode>();
  await inTurns(chunks([...new Set(ids)], GETS_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (wanted) => {
      const Keys = wanted.map((id) => ({ id: { S: id }, part: { S: NODE_PART } }));
      const answer = await dynamodb().send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
      );
      for (const item of answer.Responses?.[table] ?? []) found.set(item.id?.S ?? '', toNode(item));
      return (answer.UnprocessedKeys?.[table]?.Keys ?? []).map((key) => key.id?.S ?? '');
    }),
  );
  return found;
}

/** Removes what is past its time, each unless it has changed meanwhile. @returns how many were removed */
export async function removeEach<T>(over: readonly T[], remove: (one: T) => Promise<void>): Promise<number> {
  let removed = 0;
  await inTurns(over, async (one) => {
    try {
      await remove(one);
      removed += 1;
    } catch (error) {
      // Somebody wrote it meanwhile: it has a new time, and the next sweep will see it.
      const isChanged =
        error instanceof ConditionalCheckFailedException || error instanceof TransactionCanceledException;
      if (!isChanged) throw translate('dynamodb', error);
    }
  });
  return removed;
}
