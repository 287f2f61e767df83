import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { MemoryProfileStore } from '../../functions/adapters/memory/profile-store.ts';
import type { KeptUntil } from '../../functions/contracts/profile.ts';
import {
  edgeOf,
  NOTHING_PUBLISHED,
  type SubjectGraph,
  subjectIdOf,
} from '../../functions/contracts/subject.ts';
import type {
  NodeWrite,
  ProfileStore,
  SubjectWrite,
  WriteUnit,
} from '../../functions/pipeline/understand/ports.ts';
import { startDynamoDb } from '../../lib/local/engines/dynamodb.ts';
import type { Engine } from '../../lib/local/engines/engine.ts';
import { NOW, tokenOf } from '../arbitraries.ts';

const CREDENTIALS = { accessKeyId: 'contract', secretAccessKey: 'contract' };
/** Tables of profiles and subjects in an engine of their own; clients find them by the environment. */
export async function startProfileTables(): Promise<Engine> {
  const engine = await startDynamoDb();
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: engine.url,
  });
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    endpoint: engine.url,
    credentials: CREDENTIALS,
  });
  const key = (name: string, type: 'HASH' | 'RANGE') => ({
    definition: { AttributeName: name, AttributeType: 'S' as const },
    schema: { AttributeName: name, KeyType: type },
  });
  for (const [TableName, keys] of [
    ['profiles', [key('id', 'HASH'), key('part', 'RANGE')]],
    ['subjects', [key('subjectId', 'HASH')]],
  ] as const) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map((each) => each.definition),
        KeySchema: keys.map((each) => each.schema),
      }),
    );
  }
  client.destroy();
  return engine;
}

/** The store in memory and the real one. */
export const PROFILE_STORES: readonly (readonly [string, (clock: () => number) => ProfileStore])[] = [
  ['in memory', (clock) => new MemoryProfileStore(clock)],
  ['in DynamoDB', (clock) => profileStore({ profiles: 'profiles', subjects: 'subjects' }, clock)],
];

let person = 0;
/** Identifiers nobody else in this file uses. */
export function someone() {
  person += 1;
  const [user, email] = [tokenOf('userId', `user ${person}`), tokenOf('email', `mail ${person}`)];
  const nodes = [user, email].sort();
  const graph: SubjectGraph = {
    subjectId: subjectIdOf(nodes),
    nodes,
    atoms: [user],
    edges: [edgeOf(user, email, NOW)],
    saturated: [],
    matches: [],
    decisions: [],
    severed: [],
  };
  return { user, email, graph };
}

export const node = (id: NodeWrite['id'], changes: Partial<NodeWrite> = {}): NodeWrite => ({
  id,
  version: 0,
  subjectId: null,
  saturated: false,
  state: '[1]',
  seen: new Uint8Array([1, 2, 3]),
  links: new Uint8Array(),
  published: null,
  erasedAt: null,
  restrictedUntil: null,
  keptUntil: null,
  ...changes,
});
/** Of a state that has facts only. */
export const ends = (facts: number): KeptUntil => ({ facts, parts: [], choices: null });
export const unit = (changes: Partial<WriteUnit>): WriteUnit => ({
  pages: [],
  nodes: [],
  subjects: [],
  atomic: false,
  ...changes,
});
export const subject = (graph: SubjectGraph, version = 0): SubjectWrite => ({
  subjectId: graph.subjectId,
  version,
  next: { graph, published: NOTHING_PUBLISHED },
});
