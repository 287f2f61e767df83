import type { IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { Decision, Edge, MatchLink, Severed, SubjectGraph } from '../../contracts/subject.ts';

/** A graph at rest: nodes once, everything else by position among nodes and outer ends. What there is none of is absent. */
interface GraphRow {
  readonly n: readonly string[];
  /** Ends of links that are no nodes of the graph: those that link too many, and those that something keeps apart. */
  readonly o: readonly string[];
  readonly a: readonly number[];
  /** Edges; items from before days were kept have none. */
  readonly e: readonly (readonly [a: number, b: number, firstDay?: number])[];
  /** Saturated ends. Items from before anything was kept apart have no others. */
  readonly s?: readonly number[];
  readonly m?: readonly (readonly [
    a: number,
    b: number,
    bits: number,
    model: string,
    contributions: Readonly<Record<string, number>>,
  ])[];
  /** Decisions, with 1 for `same` and 1 for `review`. */
  readonly d?: readonly (readonly [a: number, b: number, isSame: 0 | 1, at: number, isReview: 0 | 1])[];
  /** Severed links. */
  readonly v?: readonly (readonly [a: number, b: number, at: number])[];
}

export function encodeGraph(graph: SubjectGraph): string {
  const places = new Map<IdentifierToken, number>();
  const place = (token: IdentifierToken): number => {
    const known = places.get(token);
    if (known !== undefined) return known;
    places.set(token, places.size);
    return places.size - 1;
  };
  for (const node of graph.nodes) place(node);
  const links = {
    a: graph.atoms.map(place),
    e: graph.edges.map(([a, b, day]) => [place(a), place(b), day] as const),
    s: graph.saturated.map(place),
    m: graph.matches.map(
      ({ a, b, bits, model, contributions }) => [place(a), place(b), bits, model, contributions] as const,
    ),
    d: graph.decisions.map(
      ({ a, b, verdict, at, cause }) =>
        [place(a), place(b), verdict === 'same' ? 1 : 0, at, cause === 'review' ? 1 : 0] as const,
    ),
    v: graph.severed.map(([a, b, at]) => [place(a), place(b), at] as const),
  };
  const { a, e, s, ...rare } = links;
  const o = [...places.keys()].slice(graph.nodes.length);
  const row: GraphRow = {
    n: graph.nodes,
    o,
    a,
    e,
    ...(o.length === 0 ? {} : { s }),
    ...Object.fromEntries(Object.entries(rare).filter(([, each]) => each.length > 0)),
  };
  return JSON.stringify(row);
}

export function decodeGraph(subjectId: SubjectId, text: string): SubjectGraph {
  const row = JSON.parse(text) as GraphRow;
  const tokens = [...row.n, ...row.o] as IdentifierToken[];
  const token = (index: number): IdentifierToken => tokens[index] as IdentifierToken;
  return {
    subjectId,
    nodes: row.n as IdentifierToken[],
    atoms: row.a.map(token),
    edges: row.e.map(([a, b, day]): Edge => [token(a), token(b), day ?? 0]),
    saturated: row.s === undefined ? (row.o as IdentifierToken[]) : row.s.map(token),
    matches: (row.m ?? []).map(
      ([a, b, bits, model, contributions]): MatchLink => ({
        a: token(a),
        b: token(b),
        bits,
        model,
        contributions,
      }),
    ),
    decisions: (row.d ?? []).map(
      ([a, b, isSame, at, isReview]): Decision => ({
        a: token(a),
        b: token(b),
        verdict: isSame === 1 ? 'same' : 'different',
        at,
        cause: isReview === 1 ? 'review' : 'operator',
      }),
    ),
    severed: (row.v ?? []).map(([a, b, at]): Severed => [token(a), token(b), at]),
  };
}
