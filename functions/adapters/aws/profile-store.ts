import { BatchGetItemCommand, type KeysAndAttributes, QueryCommand } from '@aws-sdk/client-dynamodb';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { PAGES_END, pagesFrom } from '../../pipeline/3-profile/seen.ts';
import type {
  ProfileStore,
  StoredNode,
  StoredPerson,
  StoredSubject,
  World,
} from '../../pipeline/understand/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { asKeptAt, asUnknown, mayBeKnown } from '../kept.ts';
import { chunks, inTurns, unitsOf, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';
import {
  type Item,
  nodeKey,
  PERSON_PART,
  personKey,
  subjectKey,
  toNode,
  toPerson,
  toSubject,
} from './profile-items.ts';
import { type ProfileTables, writeProfiles } from './profile-writes.ts';

/** Limit of the DynamoDB API. */
const GETS_PER_CALL_MAX = 100;

/** Profiles and subjects in DynamoDB. */
export function profileStore(
  tables = { profiles: required('PROFILES_TABLE'), subjects: required('SUBJECTS_TABLE') },
  clock: () => EpochMs = Date.now,
): ProfileStore {
  return {
    read: (nodes, subjects, consistent, persons = []) =>
      read(tables, nodes, subjects, consistent, persons, clock()),
    storedPersons: async (atomIds) => {
      const wanted = atomIds.map((id) => ({ table: tables.profiles, key: personKey(id) }));
      const persons = (await items(wanted, true)).map(({ item }) => toPerson(item));
      return new Map(persons.map((person) => [person.id, person]));
    },
    pagedMessages: (atomId, since) => pagedMessages(tables.profiles, atomId, since, clock()),
    write: (units) => writeProfiles(tables, units),
  };
}

/** See `ProfileStore`. A person comes with their node, which says whether they may still be known. */
async function read(
  tables: ProfileTables,
  nodes: readonly IdentifierToken[],
  subjects: readonly SubjectId[],
  consistent: boolean,
  persons: readonly AtomId[],
  now: EpochMs,
): Promise<World> {
  const asked = new Set(nodes);
  const wanted = [
    ...[...asked.union(new Set(persons))].map((id) => ({ table: tables.profiles, key: nodeKey(id) })),
    ...persons.map((id) => ({ table: tables.profiles, key: personKey(id) })),
    ...subjects.map((id) => ({ table: tables.subjects, key: subjectKey(id) })),
  ];
  const found = {
    nodes: new Map<IdentifierToken, StoredNode>(),
    subjects: new Map<SubjectId, StoredSubject>(),
    persons: new Map<AtomId, StoredPerson>(),
  };
  for (const { table, item } of await items(wanted, consistent)) {
    if (table === tables.subjects) {
      found.subjects.set(...toSubject(item));
    } else if (item.part?.S === PERSON_PART) {
      const person = toPerson(item);
      found.persons.set(person.id, person);
    } else {
      const node = asKeptAt(toNode(item), now);
      found.nodes.set(node.id, node);
    }
  }
  for (const [id, person] of found.persons)
    if (!mayBeKnown(person, found.nodes.get(id), now)) found.persons.set(id, asUnknown(person));
  for (const id of persons) if (!asked.has(id)) found.nodes.delete(id);
  return found;
}

interface Place {
  readonly table: string;
  readonly key: Item;
}

/** What lies at these places, in as few calls as may be. */
async function items(
  places: readonly Place[],
  consistent: boolean,
): Promise<readonly { readonly table: string; readonly item: Item }[]> {
  const found: { readonly table: string; readonly item: Item }[] = [];
  await inTurns(chunks(places, GETS_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (wanted) => {
      const RequestItems: Record<string, KeysAndAttributes> = {};
      for (const { table, key } of wanted) {
        RequestItems[table] ??= { Keys: [], ConsistentRead: consistent };
        RequestItems[table].Keys?.push(key);
      }
      const answer = await dynamodb().send(
        new BatchGetItemCommand({ RequestItems, ReturnConsumedCapacity: 'TOTAL' }),
      );
      count('readUnits', unitsOf(answer.ConsumedCapacity));
      for (const [table, all] of Object.entries(answer.Responses ?? {}))
        for (const item of all) found.push({ table, item });
      return Object.entries(answer.UnprocessedKeys ?? {}).flatMap(([table, { Keys = [] }]) =>
        Keys.map((key) => ({ table, key })),
      );
    }),
  );
  return found;
}

async function pagedMessages(
  table: string,
  atomId: AtomId,
  since: EpochMs,
  now: EpochMs,
): Promise<ReadonlySet<string>> {
  const messages = new Set<string>();
  let from: Item | undefined;
  do {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'id = :id AND part BETWEEN :from AND :to',
          FilterExpression: 'attribute_not_exists(expiresAt) OR expiresAt > :now',
          ExpressionAttributeValues: {
            ':id': { S: atomId },
            ':from': { S: pagesFrom(since) },
            ':to': { S: PAGES_END },
            ':now': { N: String(Math.floor(now / 1_000)) },
          },
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    for (const item of answer.Items ?? []) {
      const bytes = Buffer.from(item.messages?.B ?? []);
      for (let at = 0; at + 6 <= bytes.length; at += 6) messages.add(bytes.toString('base64url', at, at + 6));
    }
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return messages;
}
