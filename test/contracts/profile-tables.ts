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
import { tableShapes } from '../../lib/constructs/table-shapes.ts';
import { createTable } from '../../lib/local/create-table.ts';
import { NOW, tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

/** Tables of profiles and subjects under these names, in an engine of their own. */
export async function startProfileTables(): Promise<LocalTables> {
  const tables = await startTables();
  for (const id of ['profiles', 'subjects'] as const) await createTable(tables.client, id, tableShapes[id]);
  return tables;
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
