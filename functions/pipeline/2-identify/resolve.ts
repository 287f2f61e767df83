import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import { IDENTIFIER_TYPES, type IdentifierType } from '../../contracts/signal.ts';
import { compareTokens, type Edge, type SubjectGraph, subjectIdOf } from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';

/** By type of an identifier: with how many distinct ones of each higher (or its own) type it may be seen before it stops
 * linking. Limits towards lower types are not used: a customer may have any number of browsers. */
export type LinkLimits = Readonly<Record<IdentifierType, Readonly<Partial<Record<IdentifierType, number>>>>>;

/** No subject grows beyond this many identifiers: a valve against runaway merges, far above any person. */
export const SUBJECT_NODES_MAX = 60;

export interface Resolution {
  /** Every subject that the nodes of the input now belong to, as graphs; a node with no edge at all has none. */
  readonly graphs: readonly SubjectGraph[];
  /** Nodes that this resolution found to link too many: their edges count for nothing from now on. */
  readonly saturated: readonly IdentifierToken[];
  /** New edges that were not taken because a subject would have grown beyond {@link SUBJECT_NODES_MAX}. */
  readonly refused: readonly Edge[];
}

/**
 * Deterministic identity resolution: which identifiers belong to the same subject, given all their edges.
 *
 * An identifier seen with more distinct ones of some higher (or its own) type than its limit is *saturated* (a shared
 * till, a family e-mail): it is nobody's, so its edges link nothing, also those that came before. A subject is a
 * connected component over the remaining edges. Both depend on the set of edges alone, so the partition is the same for
 * any order and split of the signals (the valve excepted), and taking an edge away gives what would have been without it.
 *
 * Edges from a saturated identifier up to higher ones are forgotten: there may be any number of them and they count for
 * nothing any more. Edges down from it are kept, since they still count against the lower identifier's own limit.
 *
 * @param known graphs that any node of `added` belongs to so far.
 * @param added new edges.
 * @param alreadySaturated nodes known to be saturated.
 * @param atoms nodes that hold a profile state, as far as the caller knows beyond what `known` says.
 */
export function resolve(
  known: readonly SubjectGraph[],
  added: readonly Edge[],
  alreadySaturated: ReadonlySet<IdentifierToken>,
  atoms: ReadonlySet<AtomId>,
  limits: LinkLimits,
): Resolution {
  const edges = new Map<string, Edge>();
  for (const graph of known) for (const edge of graph.edges) edges.set(edgeKey(edge), edge);
  const recorded = new Set(edges.keys());
  for (const edge of added) edges.set(edgeKey(edge), edge);
  const before = new Set(alreadySaturated);
  // An end that its own graph does not count among its nodes is one that links too many.
  for (const graph of known)
    for (const end of graph.edges.flat()) if (!graph.nodes.includes(end)) before.add(end);
  const saturatedNow = saturatedNodes([...edges.values()], limits, before);
  const isSaturated = (node: IdentifierToken): boolean => before.has(node) || saturatedNow.has(node);

  const kept = [...edges.values()].filter((edge) => !isSaturated(lowerOf(edge)));
  const { taken, refused } = withinValve(kept, recorded, isSaturated);

  const nodes = new Set<IdentifierToken>();
  for (const graph of known) for (const node of graph.nodes) nodes.add(node);
  for (const edge of taken) for (const node of edge) nodes.add(node);
  const groups = components(
    [...nodes].filter((node) => !isSaturated(node)),
    taken.filter(([a, b]) => !isSaturated(a) && !isSaturated(b)),
  );
  const holdsState = new Set<AtomId>(atoms);
  for (const graph of known) for (const atom of graph.atoms) holdsState.add(atom);
  const edgesOf = new Map<IdentifierToken, Edge[]>();
  for (const edge of taken) {
    for (const node of edge) {
      const own = edgesOf.get(node);
      if (own === undefined) edgesOf.set(node, [edge]);
      else own.push(edge);
    }
  }
  return {
    graphs: groups
      .map((group) => graphOf(group, edgesOf, holdsState))
      .filter((graph) => graph.edges.length > 0),
    saturated: [...saturatedNow].sort(compareTokens),
    refused,
  };
}

const rank = (token: IdentifierToken): number => IDENTIFIER_TYPES.indexOf(typeOfToken(token));
/** The end of the lower-priority type; of two of the same type, the second. */
const lowerOf = ([a, b]: Edge): IdentifierToken => (rank(a) > rank(b) ? a : b);

const edgeKey = ([a, b]: Edge): string => `${a} ${b}`;
const compareEdges = (x: Edge, y: Edge): number => compareTokens(x[0], y[0]) || compareTokens(x[1], y[1]);

function graphOf(
  group: readonly IdentifierToken[],
  edgesOf: ReadonlyMap<IdentifierToken, readonly Edge[]>,
  holdsState: ReadonlySet<AtomId>,
): SubjectGraph {
  const nodes = [...group].sort(compareTokens);
  const edges = new Map<string, Edge>();
  for (const node of nodes) for (const edge of edgesOf.get(node) ?? []) edges.set(edgeKey(edge), edge);
  return {
    subjectId: subjectIdOf(nodes),
    nodes,
    atoms: nodes.filter((node) => holdsState.has(node)),
    edges: [...edges.values()].sort(compareEdges),
  };
}

function saturatedNodes(
  edges: readonly Edge[],
  limits: LinkLimits,
  already: ReadonlySet<IdentifierToken>,
): ReadonlySet<IdentifierToken> {
  const neighbours = new Map<IdentifierToken, Partial<Record<IdentifierType, number>>>();
  const saturated = new Set<IdentifierToken>();
  const note = (node: IdentifierToken, neighbour: IdentifierToken): void => {
    if (already.has(node) || rank(neighbour) > rank(node)) return;
    const counts = neighbours.get(node) ?? {};
    neighbours.set(node, counts);
    const type = typeOfToken(neighbour);
    const count = (counts[type] ?? 0) + 1;
    counts[type] = count;
    const limit = limits[typeOfToken(node)][type];
    if (limit !== undefined && count > limit) saturated.add(node);
  };
  for (const [a, b] of edges) {
    note(a, b);
    note(b, a);
  }
  return saturated;
}

/** Union–find with path halving. */
class Partition {
  readonly #parent = new Map<IdentifierToken, IdentifierToken>();
  readonly #size = new Map<IdentifierToken, number>();

  root(node: IdentifierToken): IdentifierToken {
    let at = node;
    for (;;) {
      const parent = this.#parent.get(at);
      if (parent === undefined) return at;
      const grandparent = this.#parent.get(parent);
      if (grandparent === undefined) return parent;
      this.#parent.set(at, grandparent);
      at = grandparent;
    }
  }

  sizeOf(node: IdentifierToken): number {
    return this.#size.get(this.root(node)) ?? 1;
  }

  join(a: IdentifierToken, b: IdentifierToken): void {
    const [rootA, rootB] = [this.root(a), this.root(b)];
    if (rootA === rootB) return;
    this.#size.set(rootA, this.sizeOf(rootA) + this.sizeOf(rootB));
    this.#parent.set(rootB, rootA);
  }
}

/** Lets edges in as long as no subject grows too large: those already recorded first, then the new ones in order. */
function withinValve(
  edges: readonly Edge[],
  recorded: ReadonlySet<string>,
  isSaturated: (node: IdentifierToken) => boolean,
): { taken: readonly Edge[]; refused: readonly Edge[] } {
  const ordered = [
    ...edges.filter((edge) => recorded.has(edgeKey(edge))),
    ...edges.filter((edge) => !recorded.has(edgeKey(edge))).sort(compareEdges),
  ];
  if (ordered.length < SUBJECT_NODES_MAX) return { taken: ordered, refused: [] };
  const partition = new Partition();
  const taken: Edge[] = [];
  const refused: Edge[] = [];
  for (const edge of ordered) {
    const [a, b] = edge;
    const joins = !isSaturated(a) && !isSaturated(b) && partition.root(a) !== partition.root(b);
    if (
      joins &&
      !recorded.has(edgeKey(edge)) &&
      partition.sizeOf(a) + partition.sizeOf(b) > SUBJECT_NODES_MAX
    ) {
      refused.push(edge);
      continue;
    }
    if (joins) partition.join(a, b);
    taken.push(edge);
  }
  return { taken, refused };
}

function components(
  nodes: readonly IdentifierToken[],
  edges: readonly Edge[],
): readonly (readonly IdentifierToken[])[] {
  const partition = new Partition();
  for (const [a, b] of edges) partition.join(a, b);
  const groups = new Map<IdentifierToken, IdentifierToken[]>();
  for (const node of nodes) {
    const root = partition.root(node);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [node]);
    else group.push(node);
  }
  return [...groups.values()];
}

/** What a resolution changed for those who watch subjects. */
export interface IdentityChange {
  readonly subjectId: SubjectId;
  readonly kind: 'subjects-merged' | 'subject-split';
  /** Subjects before (for a merge) that this one is made of, or the one (for a split) that it came from. */
  readonly from: readonly SubjectId[];
}

/** Compares subjects before and after. `existed` names nodes that had been seen before this batch: joining an identifier
 * nobody knew is no merge. */
export function identityChanges(
  before: ReadonlyMap<IdentifierToken, SubjectId>,
  after: readonly SubjectGraph[],
  existed: ReadonlySet<IdentifierToken>,
): readonly IdentityChange[] {
  const changes: IdentityChange[] = [];
  const partsOf = new Map<SubjectId, Set<SubjectId>>();
  for (const graph of after) {
    const from = new Set<SubjectId>();
    for (const node of graph.nodes) {
      const old = before.get(node);
      if (old === undefined || !existed.has(node)) continue;
      from.add(old);
      const parts = partsOf.get(old) ?? new Set();
      partsOf.set(old, parts.add(graph.subjectId));
    }
    if (from.size > 1)
      changes.push({ subjectId: graph.subjectId, kind: 'subjects-merged', from: [...from].sort() });
  }
  for (const [old, parts] of partsOf) {
    if (parts.size < 2) continue;
    for (const subjectId of parts) changes.push({ subjectId, kind: 'subject-split', from: [old] });
  }
  return changes;
}
