import { type AttributeValue, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { secretsShelf } from '../../functions/adapters/aws/retention-keys.ts';
import {
  expiringShelf,
  profilesShelf,
  subjectsShelf,
} from '../../functions/adapters/aws/retention-tables.ts';
import { stableId } from '../../functions/kernel/codec.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import type { Shelf } from '../../functions/rights/retention/ports.ts';
import { NOW, tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';
import { ends, node, someone, subject, unit } from './profile-tables.ts';

const [OVER, POISON] = [tokenOf('userId', 'over'), tokenOf('userId', 'poison')];
const BROKEN: AttributeValue = { S: '{' };

let tables: LocalTables;
let names: { profiles: string; subjects: string; keys: string; records: string };
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());
beforeEach(async () => {
  names = {
    profiles: await tables.fresh('profiles'),
    subjects: await tables.fresh('subjects'),
    keys: await tables.fresh('subjectKeys'),
    records: await tables.fresh('records'),
  };
});

type Item = Record<string, AttributeValue>;
const put = (TableName: string, Item: Item) => tables.client.send(new PutItemCommand({ TableName, Item }));
const itemsOf = async (TableName: string): Promise<readonly Item[]> =>
  (await tables.client.send(new ScanCommand({ TableName, ConsistentRead: true }))).Items ?? [];
/** Breaks an item as no code of ours would write it: of the key there is no trace in any error. */
async function breakItem(table: string, key: string, id: string, attribute: string): Promise<void> {
  const item = (await itemsOf(table)).find((each) => each[key]?.S === id);
  await put(table, { ...item, [attribute]: BROKEN });
}
const write = (...units: Parameters<ReturnType<typeof profileStore>['write']>[0]) =>
  profileStore(names, () => NOW).write(units);
/** A whole shelf, as a sweep goes over it: once to remove, and once to prove. */
async function swept(shelf: Shelf) {
  const removing = await shelf.look(NOW, null, true);
  const proving = await shelf.look(NOW, null, false);
  return { removed: removing.removed, over: proving.over, unjudged: proving.unjudged };
}
const over = { keptUntil: ends(NOW - 1) };
const forget = async (): Promise<void> => undefined;
const personItem = (id: string): Item => ({
  id: { S: id },
  part: { S: 'person' },
  version: { N: '1' },
  writtenAt: { N: '0' },
  sealed: { B: new Uint8Array([1]) },
});

describe('one item that throws', () => {
  it('does not keep the profiles beside it, is named by what says nothing of it, and stays', async () => {
    await write(unit({ nodes: [node(OVER, over)] }), unit({ nodes: [node(POISON, over)] }));
    await breakItem(names.profiles, 'id', POISON, 'keptUntil');
    expect(await swept(profilesShelf('profiles', names.profiles, forget))).toEqual({
      removed: 1,
      over: 0,
      unjudged: [stableId('retention', 'profiles', POISON, 'state')],
    });
    expect((await itemsOf(names.profiles)).map(({ id }) => id?.S)).toEqual([POISON]);
  });

  it('beside a node does not go with a node that nobody can read', async () => {
    await write(unit({ nodes: [node(POISON, over)] }));
    await breakItem(names.profiles, 'id', POISON, 'keptUntil');
    await put(names.profiles, personItem(POISON));
    const { removed, unjudged } = await swept(profilesShelf('profiles', names.profiles, forget));
    expect([removed, unjudged.length, (await itemsOf(names.profiles)).length]).toEqual([0, 2, 2]);
  });

  it('when it is taken out of the index of matching stays to be found by, and keeps no other', async () => {
    await put(names.profiles, personItem(POISON));
    await put(names.profiles, personItem(OVER));
    const forgetting = async (ids: readonly string[]): Promise<void> => {
      if (ids.includes(POISON)) throw new SyntaxError('what it says cannot be read');
    };
    const shelf = profilesShelf('profiles', names.profiles, forgetting);
    expect(await shelf.look(NOW, null, true)).toMatchObject({
      removed: 1,
      unjudged: [stableId('retention', 'profiles', POISON, 'person')],
    });
    expect((await itemsOf(names.profiles)).map(({ id }) => id?.S)).toEqual([POISON]);
    // It is past its time, and there.
    expect(await shelf.look(NOW, null, false)).toMatchObject({ over: 1 });
  });

  it.each(['graph', 'published'])(
    'in the %s of a subject does not keep other subjects',
    async (attribute) => {
      const [gone, poisoned] = [someone(), someone()];
      for (const { user, email, graph } of [gone, poisoned])
        await write(
          unit({
            nodes: [user, email].map((id) => node(id, { ...over, subjectId: graph.subjectId })),
            subjects: [subject(graph)],
            atomic: true,
          }),
        );
      await breakItem(names.subjects, 'subjectId', poisoned.graph.subjectId, attribute);
      expect(await swept(subjectsShelf('subjects', names))).toEqual({
        removed: 1,
        over: 0,
        unjudged: [stableId('retention', 'subjects', poisoned.graph.subjectId)],
      });
      expect((await itemsOf(names.subjects)).length).toBe(1);
    },
  );

  it('among the nodes of a subject does not take the subject for gone', async () => {
    const { user, email, graph } = someone();
    const nodes = [user, email].map((id) => node(id, { ...over, subjectId: graph.subjectId }));
    await write(unit({ nodes, subjects: [subject(graph)], atomic: true }));
    await breakItem(names.profiles, 'id', email, 'keptUntil');
    const { removed, unjudged } = await swept(subjectsShelf('subjects', names));
    expect([removed, unjudged.length, (await itemsOf(names.subjects)).length]).toEqual([0, 1, 1]);
  });

  it('for a profile does not take its secret for one that nobody needs', async () => {
    await write(unit({ nodes: [node(POISON)] }));
    await breakItem(names.profiles, 'id', POISON, 'keptUntil');
    const secret = (id: string): Item => ({ id: { S: id }, unusedSince: { N: String(NOW - 9 * DAY_MS) } });
    await put(names.keys, secret(POISON));
    await put(names.keys, secret(OVER));
    const shelf = secretsShelf('subjectKeys', { keys: names.keys, profiles: names.profiles }, 1);
    expect(await swept(shelf)).toEqual({
      removed: 1,
      over: 0,
      unjudged: [stableId('retention', 'subjectKeys', POISON)],
    });
  });

  it('of a table whose items expire by themselves does not keep the others', async () => {
    await put(names.records, { messageToken: { S: 'over' }, expiresAt: { N: '1' } });
    await put(names.records, { messageToken: { S: 'poison' }, expiresAt: { S: 'soon' } });
    expect(await swept(expiringShelf('records', names.records, ['messageToken']))).toEqual({
      removed: 1,
      over: 0,
      unjudged: [stableId('retention', 'records', 'poison')],
    });
  });
});
