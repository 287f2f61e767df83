import { CreateTableCommand, type DynamoDBClient, type KeySchemaElement } from '@aws-sdk/client-dynamodb';
import type { TableShape } from '../constructs/table-shapes.ts';

const keys = (hash: string, range?: string): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: 'HASH' },
  ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
];

/** Makes a table with the keys and indexes that a stack gives it, for what runs an adapter without a stack. */
export async function createTable(
  client: DynamoDBClient,
  TableName: string,
  { partitionKey, sortKey, indexes = [] }: TableShape,
): Promise<void> {
  const texts = [
    partitionKey,
    ...(sortKey === undefined ? [] : [sortKey]),
    ...indexes.map((one) => one.partitionKey),
  ];
  const numbers = indexes.map((one) => one.sortKey);
  const typed = (names: readonly string[], AttributeType: 'S' | 'N') =>
    [...new Set(names)].map((AttributeName) => ({ AttributeName, AttributeType }));
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [...typed(texts, 'S'), ...typed(numbers, 'N')],
      KeySchema: keys(partitionKey, sortKey),
      ...(indexes.length === 0
        ? {}
        : {
            GlobalSecondaryIndexes: indexes.map((one) => ({
              IndexName: one.name,
              KeySchema: keys(one.partitionKey, one.sortKey),
              Projection: { ProjectionType: 'ALL' as const },
            })),
          }),
    }),
  );
}
