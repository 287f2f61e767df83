import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NOTHING_PUBLISHED } from '../../functions/contracts/subject.ts';
import { MINUTE_MS } from '../../functions/kernel/time.ts';
import { EMPTY_STATE } from '../../functions/pipeline/3-profile/state.ts';
import { decodeState, encodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import type { PersonWrite } from '../../functions/pipeline/understand/ports.ts';
import { foldConsent } from '../../functions/rights/consent/state.ts';
import { NOW, signal } from '../arbitraries.ts';
import type { LocalTables } from '../local-tables.ts';
import { ends, node, PROFILE_STORES, someone, startProfileTables, unit } from './profile-tables.ts';

const REFUSAL = signal({
  id: 'refusal',
  who: { userId: 'u1' },
  facts: [{ kind: 'consent', choices: { profiling: false } }],
});
let tables: LocalTables;
beforeAll(async () => {
  tables = await startProfileTables();
});
afterAll(() => tables?.stop());

describe.each(PROFILE_STORES)('a profile store %s, of what is past its time,', (_name, makeStore) => {
  let now = NOW - 1;
  const store = makeStore(() => now);
  afterEach(() => {
    now = NOW - 1;
  });

  it('shows nothing of what is past its time, though nobody has deleted it, and takes a new beginning', async () => {
    const { user, email, graph } = someone();
    const published = { ...NOTHING_PUBLISHED, segments: { 'value-top': NOW } };
    const until = { keptUntil: ends(NOW), published };
    const restrictions = [{ requestId: 'request', until: 6, liftedAt: null }];
    const restricted = { restrictedUntil: 6, restrictions };
    await store.write([unit({ nodes: [node(user, { ...until, subjectId: graph.subjectId })] })]);
    await store.write([
      unit({ nodes: [node(email, { ...until, saturated: true, erasedAt: 5, ...restricted })] }),
    ]);
    expect((await store.read([user], [], true)).nodes.get(user)).toMatchObject({ state: '[1]', published });
    now = NOW;
    const { nodes } = await store.read([user, email], [], true);
    const gone = {
      state: null,
      seen: null,
      published: null,
      keptUntil: null,
      links: new Uint8Array(),
      version: 1,
    };
    expect(nodes.get(user)).toEqual({
      ...node(user, { ...gone, subjectId: graph.subjectId }),
    });
    expect(nodes.get(email)).toEqual({
      ...node(email, { ...gone, saturated: true, erasedAt: 5, ...restricted }),
    });
    const anew = node(user, { version: 1, state: '[2]', keptUntil: ends(NOW + 1) });
    expect(await store.write([unit({ nodes: [anew] })])).toEqual(['written']);
    expect((await store.read([user], [], true)).nodes.get(user)).toMatchObject({ state: '[2]', version: 2 });
  });

  it('shows what is chosen when the rest is past its time, of several identifiers as long as anything is kept', async () => {
    const [{ user }, joined] = [someone(), someone()];
    const state = encodeState({
      ...EMPTY_STATE,
      signals: 2,
      orders: 1,
      lastSeenAt: NOW - 9,
      consent: foldConsent(EMPTY_STATE.consent, [REFUSAL], []),
    });
    const kept = { state, keptUntil: { ...ends(NOW), choices: NOW + 10 }, published: NOTHING_PUBLISHED };
    await store.write([
      unit({ nodes: [node(user, kept), node(joined.user, { ...kept, subjectId: joined.graph.subjectId })] }),
    ]);
    now = NOW;
    for (const id of [user, joined.user]) {
      const found = (await store.read([id], [], true)).nodes.get(id);
      const { orders, consent } = decodeState(found?.state ?? '');
      expect([orders, consent.purposes.profiling?.explicit[0]?.depth]).toEqual([0, 'none']);
      expect(found).toMatchObject({
        keptUntil: { facts: null, parts: [], choices: NOW + 10 },
        seen: null,
        published: null,
        version: 1,
      });
    }
    now = NOW + 10;
    const { nodes } = await store.read([user, joined.user], [], true);
    expect(nodes.get(user)?.state).toBeNull();
    expect(nodes.get(joined.user)?.state).not.toBeNull();
  });

  it('shows nothing of a person whose signals are past their time, or gone, and takes a new beginning', async () => {
    const [{ user }, other] = [someone(), someone()];
    const person = (id: PersonWrite['id'], version: number, mark: number): PersonWrite => ({
      id,
      version,
      sealed: new Uint8Array([mark]),
      writtenAt: 0,
    });
    const sealedOf = async (id: PersonWrite['id']) => {
      const { nodes, persons } = await store.read([], [], true, [id]);
      expect(nodes.size).toBe(0);
      return [persons.get(id)?.version, ...(persons.get(id)?.sealed ?? [])];
    };
    await store.write([
      unit({
        nodes: [node(user, { keptUntil: { ...ends(NOW), choices: NOW + 9 } })],
        persons: [person(user, 0, 7)],
      }),
      unit({ persons: [person(other.user, 0, 8)] }),
    ]);
    expect(await sealedOf(user)).toEqual([1, 7]);
    expect(await sealedOf(other.user)).toEqual([1]);
    now = NOW;
    expect(await sealedOf(user)).toEqual([1]);
    const anew = unit({
      nodes: [node(user, { version: 1, keptUntil: ends(NOW + 5) })],
      persons: [person(user, 1, 9)],
    });
    expect(await store.write([anew])).toEqual(['written']);
    expect(await sealedOf(user)).toEqual([2, 9]);
  });

  it('shows a person that was written just now before its node, so that nobody writes over it, unless it was erased', async () => {
    const { user } = someone();
    const ahead = { id: user, version: 0, sealed: new Uint8Array([7]), writtenAt: NOW };
    const unknown = { ...ahead, version: 1, sealed: new Uint8Array() };
    await store.write([unit({ persons: [ahead] })]);
    const seen = async () => (await store.read([], [], true, [user])).persons.get(user);
    now = NOW + MINUTE_MS;
    expect(await seen()).toEqual({ ...ahead, version: 1 });
    now = NOW + 15 * MINUTE_MS;
    expect(await seen()).toEqual(unknown);
    now = NOW + MINUTE_MS;
    await store.write([unit({ nodes: [node(user, { state: null, keptUntil: null, erasedAt: NOW })] })]);
    expect(await seen()).toEqual(unknown);
  });

  it('forgets pages that are past their time', async () => {
    const { user } = someone();
    const page = { atomId: user, key: 'seen#0000000100#x', messages: ['AAAAAAAA'], keptUntil: NOW };
    await store.write([unit({ pages: [page], nodes: [node(user)] })]);
    expect([...(await store.pagedMessages(user, 0))]).toEqual(['AAAAAAAA']);
    now = NOW;
    expect([...(await store.pagedMessages(user, 0))]).toEqual([]);
  });
});
