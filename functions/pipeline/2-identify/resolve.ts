import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import {
  compareTokens,
  type Edge,
  endsOf,
  isWorthKeeping,
  pairKey,
  type SubjectGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import { GuardedPartition } from './components.ts';
import { comparePairs, type Evidence, gatherEvidence, joins, type NewEvidence } from './evidence.ts';
import { exceededLimits, type LinkPolicy, lowerOf, rank, type Saturation } from './limits.ts';
import {
  CONNECTED_NODES_MAX,
  inCanonicalOrder,
  isWritable,
  type Link,
  type Refusal,
  recordedFirst,
  type Valved,
} from './valve.ts';

export interface Resolution {
  /** Every subject that the nodes of the input now belong to, as graphs; a node about which nothing has to be kept has
   * none. */
  readonly graphs: readonly SubjectGraph[];
  /** Nodes that this resolution found to link too many: their edges count for nothing from now on. */
  readonly saturated: readonly Saturation[];
  /** Links that count for nothing and are new, or counted before. */
  readonly refused: readonly Refusal[];
}

/**
 * Which identifiers belong to the same subject, given all that links them and all that keeps them apart.
 *
 * Links are taken in a fixed order: what a person decided (the latest first), then identifiers seen together (by priority of
 * the lower one, then of the higher, then by the day they were first seen together), then probabilistic matches (by their
 * weight); ties are broken by token. A link is left out when it would bring together two that were told apart, or more of
 * a type than one subject may have. A subject is what hangs together in the end. So the partition depends on the sets
 * alone and is the same for any order and split of the signals; no anti-edge is ever crossed; and taking a link away gives
 * what would have been without it. (The valve, {@link CONNECTED_NODES_MAX}, is the exception.)
 *
 * An identifier seen with more distinct ones of some higher (or its own) type than its limit is *saturated* (a shared till, a
 * family e-mail): it is nobody's, so its edges link nothing, also those that came before. Edges from it up to higher ones
 * are forgotten: there may be any number of them and they count for nothing any more. Edges down from it are kept, since
 * they still count against the lower identifier's own limit.
 *
 * @param known graphs that any node of `added` belongs to so far, and those of their neighbours (`neighboursOf`).
 * @param alreadySaturated nodes known to be saturated.
 * @param atoms nodes that hold a profile state, as far as the caller knows beyond what `known` says.
 */
export function resolve(
  known: readonly SubjectGraph[],
  added: NewEvidence,
  alreadySaturated: ReadonlySet<IdentifierToken>,
  atoms: ReadonlySet<AtomId>,
  policy: LinkPolicy,
): Resolution {
  const gathered = gatherEvidence(known, added);
  const before = new Set(alreadySaturated);
  for (const graph of known) for (const end of graph.saturated) before.add(end);
  const { saturated, overfull } = exceededLimits([...gathered.edges.values()], policy, before);
  const isNobody = (node: IdentifierToken): boolean => before.has(node) || saturated.has(node);

  const kept: Evidence = {
    ...gathered,
    edges: new Map([...gathered.edges].filter(([, edge]) => !isNobody(lowerOf(edge)))),
  };
  const homes = new Map<IdentifierToken, SubjectGraph>();
  for (const graph of known) for (const node of graph.nodes) homes.set(node, graph);
  const nodes = new Set([...homes.keys()].filter((node) => !isNobody(node)));
  for (const node of namedBy(added)) if (!isNobody(node)) nodes.add(node);
  const links = orderedLinks(kept, nodes, recordedIn(known));
  const holdsState = new Set<AtomId>(atoms);
  for (const graph of known) for (const atom of graph.atoms) holdsState.add(atom);
  const settle = ({ evidence, links: taken, refused: valved }: Valved): Omit<Resolution, 'saturated'> => {
    const partition = new GuardedPartition(nodes, firstDaysOf(evidence), evidence.decisions.values(), policy);
    const refused = [...valved];
    for (const link of taken) {
      const reason = overfull.get(link.key) ?? partition.join(link.a, link.b, link.decided);
      const isNews =
        homes.get(link.a) === undefined || homes.get(link.a) === homes.get(link.b) || !link.isRecorded;
      if (reason !== null && isNews) refused.push({ a: link.a, b: link.b, reason });
    }
    const named = byNode(evidence);
    const graphs = partition
      .groups(nodes)
      .map((group) => graphOf(group, named, holdsState, isNobody))
      .filter(isWorthKeeping);
    return { graphs, refused };
  };
  const settled = (): Omit<Resolution, 'saturated'> => {
    if (nodes.size <= CONNECTED_NODES_MAX) return settle({ evidence: kept, links, refused: [] });
    const inOrder = settle(inCanonicalOrder(kept, links));
    return isWritable(known, inOrder.graphs) ? inOrder : settle(recordedFirst(kept, links));
  };
  return {
    ...settled(),
    saturated: [...saturated]
      .map(([token, limit]) => ({ token, limit }))
      .sort((x, y) => compareTokens(x.token, y.token)),
  };
}

function* namedBy({
  edges = [],
  severed = [],
  matches = [],
  decisions = [],
}: NewEvidence): Generator<IdentifierToken> {
  for (const [a, b] of severed) yield* [a, b];
  for (const [a, b] of edges) yield* [a, b];
  for (const { a, b } of matches) yield* [a, b];
  for (const { a, b } of decisions) yield* [a, b];
}

/** Links between two of the nodes, in the order in which they are taken. */
function orderedLinks(
  evidence: Evidence,
  nodes: ReadonlySet<IdentifierToken>,
  recorded: ReadonlySet<string>,
): readonly Link[] {
  const { edges, matches, decisions } = evidence;
  const ends = (a: IdentifierToken, b: IdentifierToken): readonly [IdentifierToken, IdentifierToken] => [
    a,
    b,
  ];
  const decided = [...decisions.values()]
    .filter((decision) => joins(evidence, decision))
    .sort((x, y) => y.at - x.at || comparePairs(ends(x.a, x.b), ends(y.a, y.b)))
    .map(({ a, b }) => ({ key: pairKey(a, b), a, b, decided: true }));
  const seen = [...edges.values()]
    .sort(compareEdges)
    .map(([a, b]) => ({ key: pairKey(a, b), a, b, decided: false }));
  const matched = [...matches.values()]
    .sort((x, y) => y.bits - x.bits || comparePairs(ends(x.a, x.b), ends(y.a, y.b)))
    .map(({ a, b }) => ({ key: pairKey(a, b), a, b, decided: false }));
  return [...decided, ...seen, ...matched]
    .filter(({ a, b }) => nodes.has(a) && nodes.has(b))
    .map((link) => ({ ...link, isRecorded: recorded.has(link.key) }));
}

const higherRank = ([a, b]: Edge): number => Math.min(rank(a), rank(b));
const compareEdges = (x: Edge, y: Edge): number =>
  rank(lowerOf(x)) - rank(lowerOf(y)) || higherRank(x) - higherRank(y) || x[2] - y[2] || comparePairs(x, y);

function recordedIn(known: readonly SubjectGraph[]): ReadonlySet<string> {
  const recorded = new Set<string>();
  for (const { edges, matches, decisions } of known) {
    for (const [a, b] of edges) recorded.add(pairKey(a, b));
    for (const { a, b } of matches) recorded.add(pairKey(a, b));
    for (const { a, b, verdict } of decisions) if (verdict === 'same') recorded.add(pairKey(a, b));
  }
  return recorded;
}

function firstDaysOf({ edges }: Evidence): ReadonlyMap<IdentifierToken, number> {
  const days = new Map<IdentifierToken, number>();
  for (const [a, b, day] of edges.values())
    for (const node of [a, b]) days.set(node, Math.min(day, days.get(node) ?? day));
  return days;
}

/** What names a node, by node and kind. */
type Named = {
  readonly [Kind in keyof Evidence]: ReadonlyMap<
    IdentifierToken,
    readonly (Evidence[Kind] extends ReadonlyMap<string, infer Each> ? Each : never)[]
  >;
};

function byNode(evidence: Evidence): Named {
  const index = <T>(
    all: ReadonlyMap<string, T>,
    endsOf: (each: T) => readonly IdentifierToken[],
  ): ReadonlyMap<IdentifierToken, readonly T[]> => {
    const indexed = new Map<IdentifierToken, T[]>();
    for (const each of all.values()) {
      for (const node of endsOf(each)) {
        const own = indexed.get(node);
        if (own === undefined) indexed.set(node, [each]);
        else own.push(each);
      }
    }
    return indexed;
  };
  return {
    edges: index(evidence.edges, ([a, b]) => [a, b]),
    matches: index(evidence.matches, ({ a, b }) => [a, b]),
    decisions: index(evidence.decisions, ({ a, b }) => [a, b]),
    severed: index(evidence.severed, ([a, b]) => [a, b]),
  };
}

function graphOf(
  group: readonly IdentifierToken[],
  named: Named,
  holdsState: ReadonlySet<AtomId>,
  isNobody: (node: IdentifierToken) => boolean,
): SubjectGraph {
  const nodes = [...group].sort(compareTokens);
  const of = <T>(index: ReadonlyMap<IdentifierToken, readonly T[]>): T[] => [
    ...new Set(nodes.flatMap((node) => index.get(node) ?? [])),
  ];
  const byEnds = (
    x: { readonly a: IdentifierToken; readonly b: IdentifierToken },
    y: { readonly a: IdentifierToken; readonly b: IdentifierToken },
  ): number => comparePairs([x.a, x.b], [y.a, y.b]);
  const edges = of(named.edges).sort(comparePairs);
  const matches = of(named.matches).sort(byEnds);
  const decisions = of(named.decisions).sort(byEnds);
  const ends = [...edges.flatMap(endsOf), ...[...matches, ...decisions].flatMap(({ a, b }) => [a, b])];
  return {
    subjectId: subjectIdOf(nodes),
    nodes,
    atoms: nodes.filter((node) => holdsState.has(node)),
    edges,
    saturated: [...new Set(ends.filter(isNobody))].sort(compareTokens),
    matches,
    decisions,
    severed: of(named.severed).sort(comparePairs),
  };
}
