import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { tableShapes } from '../lib/constructs/table-shapes.ts';
import { createTable } from '../lib/local/create-table.ts';
import { startDynamoDb } from '../lib/local/engines/dynamodb.ts';
import type { Engine } from '../lib/local/engines/engine.ts';

/** The tables that `understand` writes, by the variable that names them to the function. */
const TABLES = {
  PROFILES_TABLE: tableShapes.profiles,
  SUBJECTS_TABLE: tableShapes.subjects,
  SUBJECT_KEYS_TABLE: tableShapes.subjectKeys,
  RECORDS_TABLE: tableShapes.records,
  ALERTS_TABLE: tableShapes.alerts,
  DUE_CUES_TABLE: tableShapes.dueCues,
  CANDIDATES_TABLE: tableShapes.candidates,
  IDENTITY_REVIEWS_TABLE: tableShapes.identityReviews,
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
    for (const [variable, shape] of Object.entries(TABLES)) {
      const TableName = `${series}-${variable}`;
      await createTable(client, TableName, shape);
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
