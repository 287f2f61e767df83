import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  ScanCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { stableId } from '../../kernel/codec.ts';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
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

/** Nodes that were read. @throws InvariantError for one that lies there and cannot be read: it is not as if there were none */
export type NodesRead = (id: string) => StoredNode | undefined;

/** Nodes as they lie there, past their time or not. */
export async function readNodes(table: string, ids: readonly string[]): Promise<NodesRead> {
  const found = new Map<string, Item>();
  await inTurns(chunks([...new Set(ids)], GETS_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (wanted) => {
      const Keys = wanted.map((id) => ({ id: { S: id }, part: { S: NODE_PART } }));
      const answer = await dynamodb().send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
      );
      for (const item of answer.Responses?.[table] ?? []) found.set(item.id?.S ?? '', item);
      return (answer.UnprocessedKeys?.[table]?.Keys ?? []).map((key) => key.id?.S ?? '');
    }),
  );
  return (id) => {
    const item = found.get(id);
    return item === undefined ? undefined : toNode(item);
  };
}

/** How one thing of a shelf is named in reports and logs: nobody can tell from it whose it is without the table itself. */
export const refOf = (shelf: string, ...key: readonly string[]): string =>
  stableId('retention', shelf, ...key);

interface Judged<T> {
  readonly over: readonly T[];
  /** Those of which it cannot be told, since something of them cannot be read. */
  readonly unjudged: readonly T[];
}

/** Finds what is past its time among many, each judged by itself: one that cannot be read stops no other. */
export function judged<T>(all: readonly T[], isOver: (one: T) => boolean): Judged<T> {
  const over: T[] = [];
  const unjudged: T[] = [];
  for (const one of all) {
    try {
      if (isOver(one)) over.push(one);
    } catch {
      unjudged.push(one);
    }
  }
  return { over, unjudged };
}

/** Whether an error of one thing may pass, so that the whole step is to be tried again; if not it is that thing's own. */
export const mayPass = (error: unknown): boolean =>
  error instanceof TransientError || error instanceof ThrottledError;

/** What comes of removing many. */
interface Removal<T> {
  readonly removed: number;
  /** Those that the store will not remove, however often it is asked. */
  readonly refused: readonly T[];
}

export const NOTHING_REMOVED: Removal<never> = { removed: 0, refused: [] };

/** Errors that say that the request itself is at fault: it fails the same at every attempt. */
const NEVER_PASSES = /^(?:Validation|Invalid|Malformed|KeyTooLong)/;

/** Removes what is past its time, each unless it has changed meanwhile, and each by itself.
 * @throws ThrottledError, TransientError */
export async function removeEach<T>(
  over: readonly T[],
  remove: (one: T) => Promise<void>,
): Promise<Removal<T>> {
  let removed = 0;
  const refused: T[] = [];
  await inTurns(over, async (one) => {
    try {
      await remove(one);
      removed += 1;
    } catch (error) {
      // Somebody wrote it meanwhile: it has a new time, and the next sweep will see it.
      const isChanged =
        error instanceof ConditionalCheckFailedException || error instanceof TransactionCanceledException;
      if (isChanged) return;
      if (!(error instanceof Error && NEVER_PASSES.test(error.name))) throw translate('aws', error);
      refused.push(one);
    }
  });
  return { removed, refused };
}
