import type { AtomId } from '../../../contracts/ids.ts';
import type { SubjectGraph } from '../../../contracts/subject.ts';
import type { LinkPolicy } from '../limits.ts';
import { CONNECTED_NODES_MAX, resolve } from '../resolve.ts';
import type { StandingSubject } from './match-batch.ts';

/** A stored subject as matching sees it: what identifiers and decisions alone would join, and the matches that hold those
 * parts together. */
export function standingSubject(graph: SubjectGraph, policy: LinkPolicy): StandingSubject {
  const atoms = new Set(graph.atoms);
  const within = new Set(graph.nodes);
  const links = graph.matches.filter(({ a, b }) => within.has(a) && within.has(b));
  if (links.length === 0) return { groups: [graph.atoms], links };
  const unmatched = { ...graph, matches: [] };
  const { graphs } = resolve([unmatched], {}, new Set(graph.saturated), atoms, policy);
  const groups = graphs.map((part) => part.atoms.filter((atom) => atoms.has(atom))).filter((part) => part.length > 0);
  const named = new Set(groups.flat());
  return { groups: [...groups, ...graph.atoms.filter((atom) => !named.has(atom)).map((atom) => [atom])], links };
}

/** What keeps subjects apart: a person told two identifiers apart, somebody took the link between them away, or together
 * they would be more than one subject may hold. */
export class Barriers {
  readonly #graphs = new Map<AtomId, SubjectGraph>();

  constructor(graphs: Iterable<SubjectGraph>) {
    for (const graph of graphs) for (const node of graph.nodes) this.#graphs.set(node, graph);
  }

  areApart(a: readonly AtomId[], b: readonly AtomId[]): boolean {
    const [graphsA, graphsB] = [this.#graphsOf(a), this.#graphsOf(b)];
    if (sizeOf(a, graphsA) + sizeOf(b, graphsB) > CONNECTED_NODES_MAX) return true;
    const foes = new Set<AtomId>();
    // An atom that a decision or cut names at either end has a graph that says so.
    for (const graph of graphsA) {
      const own = new Set(a.length === graph.atoms.length ? graph.nodes : a);
      for (const { a: x, b: y, verdict } of graph.decisions)
        if (verdict === 'different') noteFoe(foes, own, x, y);
      for (const [x, y] of graph.severed) noteFoe(foes, own, x, y);
    }
    if (foes.size === 0) return false;
    if (b.some((atom) => foes.has(atom))) return true;
    for (const graph of graphsB)
      if (b.length === graph.atoms.length && graph.nodes.some((node) => foes.has(node))) return true;
    return false;
  }

  #graphsOf(atoms: readonly AtomId[]): ReadonlySet<SubjectGraph> {
    return new Set(atoms.map((atom) => this.#graphs.get(atom)).filter((graph) => graph !== undefined));
  }
}

const sizeOf = (atoms: readonly AtomId[], graphs: ReadonlySet<SubjectGraph>): number =>
  Math.max(
    atoms.length,
    [...graphs].reduce((sum, { nodes }) => sum + nodes.length, 0),
  );

function noteFoe(foes: Set<AtomId>, own: ReadonlySet<AtomId>, x: AtomId, y: AtomId): void {
  if (own.has(x)) foes.add(y);
  if (own.has(y)) foes.add(x);
}
