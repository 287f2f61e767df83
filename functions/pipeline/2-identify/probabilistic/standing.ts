import type { AtomId } from '../../../contracts/ids.ts';
import type { SubjectGraph } from '../../../contracts/subject.ts';
import type { LinkPolicy } from '../limits.ts';
import { resolve } from '../resolve.ts';
import { CONNECTED_NODES_MAX } from '../valve.ts';
import type { StandingSubject } from './neighbourhood.ts';

/** A stored subject as matching sees it: what identifiers and decisions alone would join, and the matches that hold those
 * parts together. */
export function standingSubject(graph: SubjectGraph, policy: LinkPolicy): StandingSubject {
  const atoms = new Set(graph.atoms);
  const within = new Set(graph.nodes);
  const links = graph.matches.filter(({ a, b }) => within.has(a) && within.has(b));
  if (links.length === 0) return { groups: [graph.atoms], links };
  const unmatched = { ...graph, matches: [] };
  const { graphs } = resolve([unmatched], {}, new Set(graph.saturated), atoms, policy);
  const groups = graphs
    .map((part) => part.atoms.filter((atom) => atoms.has(atom)))
    .filter((part) => part.length > 0);
  const named = new Set(groups.flat());
  return {
    groups: [...groups, ...graph.atoms.filter((atom) => !named.has(atom)).map((atom) => [atom])],
    links,
  };
}

/** What keeps subjects apart: a person told two identifiers apart, somebody took the link between them away, or together
 * they would be more than one subject may hold. */
export class Barriers {
  readonly #graphs = new Map<AtomId, SubjectGraph>();
  #hasFoes = false;

  constructor(graphs: Iterable<SubjectGraph>) {
    for (const graph of graphs) {
      this.#hasFoes ||= graph.decisions.length + graph.severed.length > 0;
      for (const node of graph.nodes) this.#graphs.set(node, graph);
    }
  }

  areApart(a: readonly AtomId[], b: readonly AtomId[]): boolean {
    if (this.#sizeOf(a) + this.#sizeOf(b) > CONNECTED_NODES_MAX) return true;
    if (!this.#hasFoes) return false;
    const foes = new Set<AtomId>();
    // A decision or a cut stands in the graphs of both its ends.
    for (const graph of this.#graphsOf(a)) {
      const own = new Set(ownNodes(graph, a));
      for (const { a: x, b: y, verdict } of graph.decisions)
        if (verdict === 'different') noteFoe(foes, own, x, y);
      for (const [x, y] of graph.severed) noteFoe(foes, own, x, y);
    }
    return (
      b.some((atom) => foes.has(atom)) ||
      [...this.#graphsOf(b)].some((graph) => ownNodes(graph, b).some((node) => foes.has(node)))
    );
  }

  #graphsOf(atoms: readonly AtomId[]): ReadonlySet<SubjectGraph> {
    return new Set(atoms.map((atom) => this.#graphs.get(atom)).filter((graph) => graph !== undefined));
  }

  /** Identifiers that come along with these atoms; too many rather than too few. */
  #sizeOf(atoms: readonly AtomId[]): number {
    let size = 0;
    for (const atom of atoms) {
      const graph = this.#graphs.get(atom);
      size += graph === undefined ? 1 : graph.nodes.length / Math.max(1, graph.atoms.length);
    }
    return size;
  }
}

/** The nodes of a graph that come along when these atoms do: all of them when all its atoms are here. */
const ownNodes = (graph: SubjectGraph, atoms: readonly AtomId[]): readonly AtomId[] =>
  graph.atoms.every((atom) => atoms.includes(atom)) ? graph.nodes : atoms;

function noteFoe(foes: Set<AtomId>, own: ReadonlySet<AtomId>, x: AtomId, y: AtomId): void {
  if (own.has(x)) foes.add(y);
  if (own.has(y)) foes.add(x);
}
