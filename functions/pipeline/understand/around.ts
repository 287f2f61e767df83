import type { IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import {
  neighboursOf,
  type SubjectGraph,
  type SubjectOutline,
  subjectIdOf,
} from '../../contracts/subject.ts';
import type { StoredNode } from './ports.ts';

const outlineOf = ({ nodes, atoms }: SubjectOutline): SubjectOutline => ({ nodes, atoms });

/** Which identifiers of others are atoms is not told: it may change while only they are read. */
const withoutAtoms = ({ nodes }: SubjectOutline): SubjectOutline => ({ nodes, atoms: [] });

const isSame = (a: SubjectOutline | undefined, b: SubjectOutline | undefined): boolean =>
  a?.nodes.join() === b?.nodes.join() && a?.atoms.join() === b?.atoms.join();

const areSame = (a: readonly SubjectOutline[], b: readonly SubjectOutline[]): boolean =>
  a.length === b.length && a.every((each, at) => isSame(each, b[at]));

/** What each identifier's row says of the subjects around it (`StoredNode.around`), after a batch. */
export class Surroundings {
  readonly #homes = new Map<IdentifierToken, SubjectGraph>();
  readonly #isErased: (node: IdentifierToken) => boolean;

  /** @param graphs as the batch leaves them */
  constructor(graphs: readonly SubjectGraph[], isErased: (node: IdentifierToken) => boolean) {
    this.#isErased = isErased;
    for (const graph of graphs) for (const node of graph.nodes) this.#homes.set(node, graph);
  }

  /** @param before what the row says so far; absent when nobody could find the identifier yet
   * @returns what it shall say; the same object when that is nothing new */
  of(node: IdentifierToken, before: readonly SubjectOutline[] | undefined): readonly SubjectOutline[] {
    const home = this.#homes.get(node);
    if (home === undefined) return before?.length === 0 ? before : [];
    const [circle, isWhole] = this.#circleOf(home);
    // Where no shape changed, those around a subject were not read, and are what they were.
    const others = isWhole ? circle.slice(1).map(withoutAtoms) : (before ?? []).slice(1);
    const after = [outlineOf(home), ...others];
    return before !== undefined && areSame(before, after) ? before : after;
  }

  /** A subject and all that something keeps apart from it or from those; and whether all of them are here. */
  #circleOf(home: SubjectGraph): readonly [circle: readonly SubjectGraph[], isWhole: boolean] {
    const circle = new Set([home]);
    let isWhole = true;
    for (const graph of circle) {
      for (const neighbour of neighboursOf(graph)) {
        const other = this.#homes.get(neighbour);
        if (other !== undefined) circle.add(other);
        else if (!this.#isErased(neighbour)) isWhole = false;
      }
    }
    const [, ...others] = circle;
    return [[home, ...others.sort((a, b) => (a.subjectId < b.subjectId ? -1 : 1))], isWhole];
  }
}

/** All that is worth reading along with an identifier's subject. */
export function readAlong({ around = [] }: StoredNode): {
  readonly nodes: readonly IdentifierToken[];
  readonly atoms: readonly IdentifierToken[];
  readonly subjects: readonly SubjectId[];
} {
  return {
    nodes: around.flatMap(({ nodes }) => nodes),
    atoms: around[0]?.atoms ?? [],
    subjects: around.map(({ nodes }) => subjectIdOf(nodes)),
  };
}
