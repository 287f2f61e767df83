import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NOTHING_PUBLISHED, type SubjectGraph } from '../../functions/contracts/subject.ts';
import type { PersonWrite, WriteUnit } from '../../functions/pipeline/understand/ports.ts';
import { NOW, tokenOf } from '../arbitraries.ts';
import type { LocalTables } from '../local-tables.ts';
import { node, PROFILE_STORES, someone, startProfileTables, subject, unit } from './profile-tables.ts';

let tables: LocalTables;
beforeAll(async () => {
  tables = await startProfileTables();
});
afterAll(() => tables?.stop());

describe.each(PROFILE_STORES)('a profile store %s', (_name, makeStore) => {
  let now = NOW - 1;
  const store = makeStore(() => now);
  afterEach(() => {
    now = NOW - 1;
  });

  it('reads back what was written, one version higher', async () => {
    const { user, graph } = someone();
    const published = { ...NOTHING_PUBLISHED, segments: { 'value-top': NOW }, dueAt: NOW };
    const written = node(user, {
      subjectId: graph.subjectId,
      links: new Uint8Array([9, 9, 9, 9, 9, 9]),
      published,
      around: [
        { nodes: graph.nodes, atoms: graph.atoms },
        { nodes: [tokenOf('anonymousId', 'kept apart')], atoms: [] },
      ],
    });
    expect(await store.write([unit({ nodes: [written], subjects: [subject(graph)] })])).toEqual(['written']);
    const world = await store.read([user], [graph.subjectId], true);
    const found = world.nodes.get(user);
    expect({ ...found, seen: [...(found?.seen ?? [])], links: [...(found?.links ?? [])] }).toEqual({
      ...written,
      version: 1,
      seen: [1, 2, 3],
      links: [9, 9, 9, 9, 9, 9],
    });
    expect(world.subjects.get(graph.subjectId)).toEqual({ version: 1, graph, published: NOTHING_PUBLISHED });
  });

  it('knows nothing of what nobody wrote', async () => {
    const { user, graph } = someone();
    const world = await store.read([user], [graph.subjectId], false);
    expect([world.nodes.size, world.subjects.size]).toEqual([0, 0]);
  });

  it('refuses a write that saw an older version, and only that one', async () => {
    const [first, second] = [someone(), someone()];
    await store.write([unit({ nodes: [node(first.user)] })]);
    const results = await store.write([
      unit({ nodes: [node(first.user, { state: 'from an old read' })] }),
      unit({ nodes: [node(second.user)] }),
    ]);
    expect(results).toEqual(['conflict', 'written']);
    expect(
      await store.write([unit({ nodes: [node(first.user, { version: 7, state: 'from a future read' })] })]),
    ).toEqual(['conflict']);
    expect((await store.read([first.user], [], true)).nodes.get(first.user)?.state).toBe('[1]');
    expect(await store.write([unit({ nodes: [node(first.user, { version: 1, state: '[2]' })] })])).toEqual([
      'written',
    ]);
  });

  it('changes identity wholly or not at all', async () => {
    const [one, other] = [someone(), someone()];
    await store.write([
      unit({ nodes: [node(one.user, { subjectId: one.graph.subjectId })], subjects: [subject(one.graph)] }),
    ]);
    const merged: SubjectGraph = {
      ...other.graph,
      nodes: [...one.graph.nodes, ...other.graph.nodes],
      atoms: [one.user, other.user],
    };
    const merge = (seen: number): WriteUnit =>
      unit({
        atomic: true,
        nodes: [
          node(one.user, { version: seen, subjectId: merged.subjectId }),
          node(other.user, { subjectId: merged.subjectId }),
        ],
        subjects: [{ subjectId: one.graph.subjectId, version: 1, next: null }, subject(merged)],
      });
    expect(await store.write([merge(5)])).toEqual(['conflict']);
    expect((await store.read([other.user], [merged.subjectId], true)).nodes.size).toBe(0);
    expect((await store.read([], [one.graph.subjectId], true)).subjects.size).toBe(1);
    expect(await store.write([merge(1)])).toEqual(['written']);
    const world = await store.read([one.user, other.user], [one.graph.subjectId, merged.subjectId], true);
    expect([...world.subjects.keys()]).toEqual([merged.subjectId]);
    expect([...world.nodes.values()].map((each) => each.subjectId)).toEqual([
      merged.subjectId,
      merged.subjectId,
    ]);
  });

  it('reads a person back when it is asked for, one version higher, and only then', async () => {
    const [{ user, email }, other] = [someone(), someone()];
    const person = (id: PersonWrite['id'], version: number, ...sealed: number[]): PersonWrite => ({
      id,
      version,
      sealed: new Uint8Array(sealed),
      writtenAt: 0,
    });
    const results = await store.write([
      unit({ nodes: [node(user)], persons: [person(user, 0, 1, 2)] }),
      unit({ persons: [person(other.user, 0, 7)] }),
    ]);
    expect(results).toEqual(['written', 'written']);
    expect((await store.read([user, other.user], [], true)).persons.size).toBe(0);
    const { nodes, persons } = await store.read([user], [], true, [user, other.user, email]);
    expect([...nodes.keys()]).toEqual([user]);
    expect(persons.get(user)).toMatchObject({ id: user, version: 1 });
    expect([...(persons.get(user)?.sealed ?? [])]).toEqual([1, 2]);
    expect(persons.has(email)).toBe(false);
    expect(persons.has(other.user)).toBe(true);
    expect((await store.read([], [], true, [user])).nodes.size).toBe(0);
    expect(await store.write([unit({ persons: [person(user, 1, 3)] })])).toEqual(['written']);
    expect([...((await store.read([], [], true, [user])).persons.get(user)?.sealed ?? [])]).toEqual([3]);
  });

  it('refuses a person that saw an older version, by itself also where the rest is atomic', async () => {
    const { user, email, graph } = someone();
    const person = (version: number, mark: number): PersonWrite => ({
      id: user,
      version,
      sealed: new Uint8Array([mark]),
      writtenAt: 0,
    });
    await store.write([unit({ nodes: [node(user)], persons: [person(0, 1)] })]);
    expect(
      await store.write([unit({ nodes: [node(user, { version: 1 })], persons: [person(0, 9)] })]),
    ).toEqual(['conflict']);
    expect(await store.write([unit({ persons: [person(5, 9)] })])).toEqual(['conflict']);
    expect([...((await store.read([], [], true, [user])).persons.get(user)?.sealed ?? [])]).toEqual([1]);
    // The rest of an atomic unit is refused, and the person is folded again when it comes again.
    const joined: WriteUnit = unit({
      atomic: true,
      nodes: [
        node(user, { version: 7, subjectId: graph.subjectId }),
        node(email, { subjectId: graph.subjectId }),
      ],
      subjects: [subject(graph)],
      persons: [person(1, 2)],
    });
    expect(await store.write([joined])).toEqual(['conflict']);
    const world = await store.read([email], [graph.subjectId], true, [user]);
    expect([world.nodes.size, world.subjects.size, [...(world.persons.get(user)?.sealed ?? [])]]).toEqual([
      0,
      0,
      [2],
    ]);
  });

  it('lets one of many concurrent writers of a profile win', async () => {
    const { user } = someone();
    await store.write([unit({ nodes: [node(user)] })]);
    const attempts = Array.from({ length: 12 }, (_, index) =>
      store.write([unit({ nodes: [node(user, { version: 1, state: `writer ${index}` })] })]),
    );
    const won = (await Promise.all(attempts)).flat().filter((result) => result === 'written');
    expect(won).toHaveLength(1);
  });

  it('finds paged messages from a moment on', async () => {
    const { user } = someone();
    const page = (minute: number, message: string) => ({
      atomId: user,
      key: `seen#${String(minute).padStart(10, '0')}#x`,
      messages: [message],
      keptUntil: NOW,
    });
    await store.write([unit({ pages: [page(100, 'AAAAAAAA'), page(200, 'BBBBBBBB')], nodes: [node(user)] })]);
    expect([...(await store.pagedMessages(user, 150 * 60_000))]).toEqual(['BBBBBBBB']);
    expect([...(await store.pagedMessages(user, 0))].sort()).toEqual(['AAAAAAAA', 'BBBBBBBB']);
  });

  it('writes and reads hundreds at once', async () => {
    const many = Array.from({ length: 230 }, () => someone().user);
    expect(await store.write(many.map((id) => unit({ nodes: [node(id)] })))).toEqual(
      many.map(() => 'written'),
    );
    expect((await store.read(many, [], true)).nodes.size).toBe(230);
  });
});
