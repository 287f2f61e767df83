import { randomBytes } from 'node:crypto';
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { AtomId } from '../../contracts/ids.ts';
import {
  SUBJECT_SECRET_BYTES,
  type SubjectKey,
  type SubjectKeyring,
  subjectKeyOf,
} from '../../contracts/subject-keys.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import type { FunctionId, KeyPurposeOf } from '../../flow.ts';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
import { MINUTE_MS } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, THROTTLING, unitsOf, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';

const GETS_PER_CALL_MAX = 100;
const STATEMENTS_PER_CALL_MAX = 25;
const DELETES_PER_CALL_MAX = 25;

/** A destroyed secret lives on in the memory of running instances for this long, and no longer. */
const CACHED_MS_MAX = 5 * MINUTE_MS;
/** Keys kept in memory: three key objects of some 300 bytes each. */
const CACHED_MAX = 20_000;

/** When the retention sweep found that nothing is known of the atom any more: a secret that carries it is about to go. */
export const UNUSED_SINCE = 'unusedSince';
/** One is destroyed between being found and being read once in a lifetime, not again and again. */
const CREATE_ATTEMPTS_MAX = 4;

/** Who uses secrets of subjects and what for: only what the map says of the function. */
export type KeyUser = {
  [Id in FunctionId]: { readonly function: Id; readonly purpose: KeyPurposeOf<Id> };
}[FunctionId];

/** Subject secrets in their table, the only place that has them. Each use is counted under its purpose. */
export function subjectKeyring(
  jurisdiction: JurisdictionSecrets,
  { purpose }: KeyUser,
  table = required('SUBJECT_KEYS_TABLE'),
  clock: () => number = Date.now,
): SubjectKeyring {
  const cache = new Map<AtomId, { readonly key: SubjectKey; readonly until: number }>();
  const keep = (id: AtomId, secret: Uint8Array): SubjectKey => {
    const key = subjectKeyOf(jurisdiction, secret);
    if (cache.size >= CACHED_MAX)
      for (const oldest of [...cache.keys()].slice(0, CACHED_MAX / 4)) cache.delete(oldest);
    cache.delete(id);
    cache.set(id, { key, until: clock() + CACHED_MS_MAX });
    return key;
  };
  const read: SubjectKeyring['read'] = async (atomIds, { fresh } = { fresh: false }) => {
    const keys = new Map<AtomId, SubjectKey>();
    const now = clock();
    count(`keysFor-${purpose}`, atomIds.length);
    for (const id of fresh ? [] : atomIds) {
      const cached = cache.get(id);
      if (cached !== undefined && cached.until > now) keys.set(id, cached.key);
    }
    const missing = [...new Set(atomIds)].filter((id) => !keys.has(id));
    for (const id of missing) cache.delete(id);
    for (const [id, secret] of await readSecrets(table, missing, fresh)) keys.set(id, keep(id, secret));
    return keys;
  };
  return {
    read,
    async create(atomIds) {
      const keys = new Map<AtomId, SubjectKey>();
      let missing = atomIds;
      for (let attempt = 0; missing.length > 0; attempt += 1) {
        if (attempt === CREATE_ATTEMPTS_MAX) throw new TransientError('subject secrets come and go');
        const made = new Map(missing.map((id) => [id, randomBytes(SUBJECT_SECRET_BYTES)] as const));
        const taken = [...(await insert(table, made))];
        for (const [id, secret] of made) if (!taken.includes(id)) keys.set(id, keep(id, secret));
        await takeIntoUse(table, taken);
        for (const [id, key] of await read(taken, { fresh: true })) keys.set(id, key);
        missing = taken.filter((id) => !keys.has(id));
      }
      return keys;
    },
    async *all() {
      for await (const page of everySecret(table))
        yield new Map([...page].map(([id, secret]) => [id, subjectKeyOf(jurisdiction, secret)]));
    },
    async destroy(atomIds) {
      for (const id of atomIds) cache.delete(id);
      const requests = atomIds.map((id) => ({ DeleteRequest: { Key: { id: { S: id } } } }));
      await inTurns(chunks(requests, DELETES_PER_CALL_MAX), (chunk) =>
        untilDone('dynamodb', chunk, async (deletes) => {
          const answer = await dynamodb().send(
            new BatchWriteItemCommand({ RequestItems: { [table]: deletes } }),
          );
          const left = new Set(
            (answer.UnprocessedItems?.[table] ?? []).map((each) => each.DeleteRequest?.Key?.id?.S),
          );
          return deletes.filter(({ DeleteRequest }) => left.has(DeleteRequest.Key.id.S));
        }),
      );
    },
  };
}

async function readSecrets(
  table: string,
  atomIds: readonly AtomId[],
  consistent: boolean,
): Promise<ReadonlyMap<AtomId, Uint8Array>> {
  const found = new Map<AtomId, Uint8Array>();
  await inTurns(chunks(atomIds, GETS_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (ids) => {
      const answer = await dynamodb().send(
        new BatchGetItemCommand({
          RequestItems: {
            [table]: { Keys: ids.map((id) => ({ id: { S: id } })), ConsistentRead: consistent },
          },
          ReturnConsumedCapacity: 'TOTAL',
        }),
      );
      count('readUnits', unitsOf(answer.ConsumedCapacity));
      for (const { id, secret } of answer.Responses?.[table] ?? [])
        if (id?.S !== undefined && secret?.B !== undefined) found.set(id.S as AtomId, secret.B);
      return (answer.UnprocessedKeys?.[table]?.Keys ?? []).map((key) => key.id?.S as AtomId);
    }),
  );
  return found;
}

async function* everySecret(table: string): AsyncIterable<ReadonlyMap<AtomId, Uint8Array>> {
  for await (const items of everyItem(table, 'id, secret')) {
    const page = new Map<AtomId, Uint8Array>();
    for (const { id, secret } of items)
      if (id?.S !== undefined && secret?.B !== undefined) page.set(id.S as AtomId, secret.B);
    yield page;
  }
}

/** Every atom that has a secret, in pages; the secrets themselves are not read. @throws ThrottledError, TransientError */
export async function* everyAtom(
  { purpose }: KeyUser,
  table = required('SUBJECT_KEYS_TABLE'),
): AsyncIterable<readonly AtomId[]> {
  for await (const items of everyItem(table, 'id')) {
    count(`keysFor-${purpose}`, items.length);
    yield items.flatMap(({ id }) => (id?.S === undefined ? [] : [id.S as AtomId]));
  }
}

async function* everyItem(
  table: string,
  attributes: string,
): AsyncIterable<readonly Record<string, AttributeValue>[]> {
  let from: Record<string, AttributeValue> | undefined;
  do {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new ScanCommand({
          TableName: table,
          ProjectionExpression: attributes,
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

/** Puts secrets where there are none, 25 to a call.
 * @returns the atoms that had one already */
async function insert(table: string, secrets: ReadonlyMap<AtomId, Uint8Array>): Promise<ReadonlySet<AtomId>> {
  const taken = new Set<AtomId>();
  await inTurns(chunks([...secrets], STATEMENTS_PER_CALL_MAX), async (chunk) => {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new BatchExecuteStatementCommand({
          Statements: chunk.map(([id, secret]) => ({
            Statement: `INSERT INTO "${table}" VALUE {'id':?,'secret':?}`,
            Parameters: [{ S: id }, { B: secret }],
          })),
        }),
      ),
    );
    count('writeUnits', chunk.length);
    for (const [index, response] of (answer.Responses ?? []).entries()) {
      const code = response.Error?.Code;
      const id = chunk[index]?.[0];
      if (code === undefined || id === undefined) continue;
      if (THROTTLING.test(code)) throw new ThrottledError('dynamodb asks to slow down');
      if (code !== 'DuplicateItem') throw new TransientError(`dynamodb: ${code}`);
      taken.add(id);
    }
  });
  return taken;
}

/** Takes the note of the retention sweep off secrets that are there: from then on it spares them. */
async function takeIntoUse(table: string, atomIds: readonly AtomId[]): Promise<void> {
  await inTurns(chunks(atomIds, STATEMENTS_PER_CALL_MAX), async (chunk) => {
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new BatchExecuteStatementCommand({
          Statements: chunk.map((id) => ({
            Statement: `UPDATE "${table}" REMOVE "${UNUSED_SINCE}" WHERE "id"=?`,
            Parameters: [{ S: id }],
          })),
        }),
      ),
    );
    count('writeUnits', chunk.length);
    for (const { Error: failure } of answer.Responses ?? []) {
      const code = failure?.Code;
      // One that is gone is made anew by whoever asked.
      if (code === undefined || code === 'ConditionalCheckFailed') continue;
      if (THROTTLING.test(code)) throw new ThrottledError('dynamodb asks to slow down');
      throw new TransientError(`dynamodb: ${code}`);
    }
  });
}
