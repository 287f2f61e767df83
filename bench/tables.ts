import {
  CreateTableCommand,
  DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import { startDynamoDb } from '../lib/local/engines/dynamodb.ts';
import type { Engine } from '../lib/local/engines/engine.ts';

const keyed = (hash: string, range?: string): KeySchemaElement[] => [
  { AttributeName: hash, KeyType: 'HASH' },
  ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
];
const index = (IndexName: string, hash: string, range: string): GlobalSecondaryIndex => ({
  IndexName,
  KeySchema: keyed(hash, range),
  Projection: { ProjectionType: 'ALL' },
});
const NUMBERS: ReadonlySet<string | undefined> = new Set(['receivedAt', 'openedAt']);

/** The tables that `understand` writes, keyed as the stack keys them, by the variable that names them to the function. */
const TABLES: Readonly<
  Record<string, { readonly key: KeySchemaElement[]; readonly indexes?: GlobalSecondaryIndex[] }>
> = {
  PROFILES_TABLE: { key: keyed('id', 'part') },
  SUBJECTS_TABLE: { key: keyed('subjectId') },
  SUBJECT_KEYS_TABLE: { key: keyed('id') },
  RECORDS_TABLE: { key: keyed('messageToken'), indexes: [index('listed', 'listed', 'receivedAt')] },
  ALERTS_TABLE: { key: keyed('alertId'), indexes: [index('byState', 'state', 'openedAt')] },
  DUE_CUES_TABLE: { key: keyed('slot', 'cue') },
  CANDIDATES_TABLE: { key: keyed('id') },
  IDENTITY_REVIEWS_TABLE: { key: keyed('reviewId'), indexes: [index('listed', 'listed', 'openedAt')] },
};

let engine: Promise<Engine> | undefined;

/** Starts DynamoDB Local (once) and points this process's AWS clients at it. */
async function dynamodb(): Promise<Engine> {
  engine ??= startDynamoDb();
  const { url } = await engine;
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: url,
  });
  return engine;
}

/** Makes a fresh set of tables and names them in the environment, as a stack does.
 * @param series part of their names, so that two sets do not meet */
export async function freshTables(series: string): Promise<void> {
  await dynamodb();
  const client = new DynamoDBClient({});
  try {
    for (const [variable, { key, indexes }] of Object.entries(TABLES)) {
      const TableName = `${series}-${variable}`;
      const names = [...key, ...(indexes ?? []).flatMap(({ KeySchema = [] }) => KeySchema)].map(
        (each) => each.AttributeName,
      );
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: key,
          AttributeDefinitions: [...new Set(names)].map((AttributeName) => ({
            AttributeName,
            AttributeType: NUMBERS.has(AttributeName) ? 'N' : 'S',
          })),
          ...(indexes === undefined ? {} : { GlobalSecondaryIndexes: indexes }),
        }),
      );
      process.env[variable] = TableName;
    }
  } finally {
    client.destroy();
  }
}

/** Ends DynamoDB Local, when it was started. */
export async function stopTables(): Promise<void> {
  await (await engine)?.stop();
  engine = undefined;
}
