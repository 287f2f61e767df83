import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { LocatedSubject } from '../../contracts/privacy-requests.ts';
import { subjectIdOf } from '../../contracts/subject.ts';
import type { StoredNode, StoredSubject } from '../../pipeline/understand/ports.ts';
import type { SubjectStore } from './ports.ts';

/** A person as the stores have them now: every subject that the given identifiers lead to, with all its nodes. */
export interface FoundPerson {
  readonly nodes: ReadonlyMap<IdentifierToken, StoredNode>;
  readonly subjects: ReadonlyMap<SubjectId, StoredSubject>;
  /** Given identifiers that many customers share: they lead to nobody. */
  readonly shared: readonly IdentifierToken[];
}

/**
 * Finds a person in three reads. An identifier that nobody has been seen with stands for itself. One that many customers
 * share is left out: what is asked for one person must not reach another.
 * @throws TransientError, ThrottledError
 */
export async function findPerson(
  tokens: readonly IdentifierToken[],
  store: Pick<SubjectStore, 'read'>,
): Promise<FoundPerson> {
  const given = (await store.read([...new Set(tokens)], [], true)).nodes;
  const shared = [...given.values()].filter(({ saturated }) => saturated).map(({ id }) => id);
  const own = [...given.values()].filter(({ saturated }) => !saturated);
  const homes = [...new Set(own.flatMap(({ subjectId }) => (subjectId === null ? [] : [subjectId])))];
  const subjects = homes.length === 0 ? new Map() : (await store.read([], homes, true)).subjects;
  const nodes = new Map(own.map((node) => [node.id, node] as const));
  const members = [...subjects.values()].flatMap(({ graph }: StoredSubject) => graph.nodes);
  const missing = members.filter((id) => !nodes.has(id));
  if (missing.length > 0)
    for (const [id, node] of (await store.read(missing, [], true)).nodes) nodes.set(id, node);
  return { nodes, subjects, shared };
}

/** What has to be remembered of a person to finish what was begun, added to what is remembered already. */
export function located(
  person: FoundPerson,
  tokens: readonly IdentifierToken[],
  before: LocatedSubject | null,
): LocatedSubject {
  const own = tokens.filter((token) => !person.shared.includes(token));
  const nodes = new Set<IdentifierToken>([...(before?.nodes ?? []), ...own, ...person.nodes.keys()]);
  const atoms = new Set<AtomId>(before?.atoms ?? []);
  const subjectIds = new Set<SubjectId>(before?.subjectIds ?? []);
  const cues = new Map((before?.cues ?? []).map((cue) => [`${cue.subjectId} ${cue.dueAt}`, cue]));
  const addCue = (subjectId: SubjectId, dueAt: number | null | undefined): void => {
    if (typeof dueAt === 'number') cues.set(`${subjectId} ${dueAt}`, { subjectId, dueAt });
  };
  for (const node of nodes) {
    // What was told under a name from before a merge is theirs too.
    subjectIds.add(subjectIdOf([node]));
    const stored = person.nodes.get(node);
    if (stored?.state !== null && stored !== undefined) atoms.add(node);
    addCue(subjectIdOf([node]), stored?.published?.dueAt);
  }
  for (const [subjectId, { graph, published }] of person.subjects) {
    subjectIds.add(subjectId);
    for (const atom of graph.atoms) atoms.add(atom);
    addCue(subjectId, published.dueAt);
  }
  return {
    nodes: [...nodes].sort(),
    atoms: [...atoms].sort(),
    subjectIds: [...subjectIds].sort(),
    cues: [...cues.values()],
  };
}

/** Names the subject that a request is about, for finding a second request of the same kind. */
export function subjectKeyOf(person: FoundPerson, tokens: readonly IdentifierToken[]): string {
  const [home] = [...person.subjects.keys()].sort();
  return home ?? subjectIdOf([...tokens].sort());
}

/** A node as an identifier that was never seen. */
export const blankNode = (id: IdentifierToken): StoredNode => ({
  id,
  version: 0,
  subjectId: null,
  saturated: false,
  state: null,
  seen: null,
  links: new Uint8Array(),
  published: null,
  erasedAt: null,
  restrictedUntil: null,
  keptUntil: null,
});
