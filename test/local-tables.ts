import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type TableId, tableShapes } from '../lib/constructs/table-shapes.ts';
import { createTable } from '../lib/local/create-table.ts';
import { startDynamoDb } from '../lib/local/engines/dynamodb.ts';

/** DynamoDB Local, with tables keyed as a stack keys them. */
export interface LocalTables {
  readonly client: DynamoDBClient;
  /** Makes an empty table of the kind. @returns its name, which no other has */
  fresh(id: TableId): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the engine and leads this process's AWS clients to it. */
export async function startTables(): Promise<LocalTables> {
  const engine = await startDynamoDb({ heapMiB: 256 });
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: engine.url,
  });
  const client = new DynamoDBClient({});
  let made = 0;
  return {
    client,
    async fresh(id) {
      made += 1;
      const name = `${id}-${made}`;
      await createTable(client, name, tableShapes[id]);
      return name;
    },
    async stop() {
      client.destroy();
      await engine.stop();
    },
  };
}
