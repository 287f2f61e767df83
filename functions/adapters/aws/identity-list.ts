import { BatchWriteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { IdentityList } from '../../evidence/derive/ports.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { count } from '../../runtime/meter.ts';
import { asKeptAt } from '../kept.ts';
import { chunks, inTurns, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';
import { type Item, NODE_PART, toNode } from './profile-items.ts';

const DELETES_PER_CALL_MAX = 25;

async function* itemsOf(table: string): AsyncIterable<readonly Item[]> {
  let from: Item | undefined;
  do {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    yield answer.Items ?? [];
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
}

/** Every identifier of a profile table, as it may be seen now. */
export const identityList = (profiles: string, clock: () => EpochMs = Date.now): IdentityList => ({
  async *identities() {
    for await (const items of itemsOf(profiles))
      yield items.filter((item) => item.part?.S === NODE_PART).map((item) => asKeptAt(toNode(item), clock()));
  },
});

/** Removes everything from tables that only ever hold what can be derived again.
 * @param tables by name, each with the attributes of its key
 * @returns how many items there were */
export async function emptyTables(tables: Readonly<Record<string, readonly string[]>>): Promise<number> {
  let removed = 0;
  for (const [table, key] of Object.entries(tables)) {
    for await (const items of itemsOf(table)) {
      const requests = items.map((item) => ({
        DeleteRequest: { Key: Object.fromEntries(key.map((name) => [name, item[name] ?? { NULL: true }])) },
      }));
      await inTurns(chunks(requests, DELETES_PER_CALL_MAX), (chunk) =>
        untilDone('dynamodb', chunk, async (deletes) => {
          const answer = await dynamodb().send(
            new BatchWriteItemCommand({ RequestItems: { [table]: deletes } }),
          );
          return (answer.UnprocessedItems?.[table] ?? []).map(({ DeleteRequest }) => ({
            DeleteRequest: { Key: DeleteRequest?.Key ?? {} },
          }));
        }),
      );
      removed += items.length;
    }
  }
  return removed;
}
