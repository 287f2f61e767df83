import { type AttributeValue, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { count } from '../../runtime/meter.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';

type Item = Record<string, AttributeValue>;

/** One item, as it surely is. @returns undefined when there is none @throws ThrottledError, TransientError */
export async function readItem(table: string, key: Item): Promise<Item | undefined> {
  const { Item, ConsumedCapacity } = await translated('dynamodb', () =>
    dynamodb().send(
      new GetItemCommand({
        TableName: table,
        Key: key,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    ),
  );
  count('readUnits', ConsumedCapacity?.CapacityUnits ?? 0);
  return Item;
}
