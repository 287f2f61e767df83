import type { IdentifierToken } from '../../functions/contracts/ids.ts';
import type { IdentifierType } from '../../functions/contracts/signal.ts';
import { type Edge, edgeOf, endsOf, type SubjectGraph } from '../../functions/contracts/subject.ts';
import type { LinkPolicy } from '../../functions/pipeline/2-identify/limits.ts';
import { resolve } from '../../functions/pipeline/2-identify/resolve.ts';
import { identifiers, normaliseIdentifier } from '../../functions/registry/identifiers/index.ts';
import type { Person } from '../../functions/registry/matching/attributes.ts';

const links = Object.fromEntries(
  Object.entries(identifiers).map(([type, { linksMax }]) => [type, linksMax]),
) as LinkPolicy['links'];
/** Rows bear the name of browsers, and a person may have any number of them. */
const policy: LinkPolicy = { links, subjects: {} };
/** Rows have no time, and no limit of these types asks for one. */
const UNDATED = 0;

/** Attributes of an export that are identifiers in their own right. */
const IDENTIFIER_ATTRIBUTES = ['email', 'phone'] as const satisfies readonly IdentifierType[];

/** The deterministic resolution of an export: rows that share an e-mail address or telephone number, through the
 * resolution that the deployed product runs. A row stands in for a browser's anonymous id. */
export class SharedIdentifiers {
  readonly #graphs = new Map<IdentifierToken, SubjectGraph>();
  readonly #saturated = new Set<IdentifierToken>();

  add(row: number, person: Person): void {
    const own = rowToken(row);
    const edges: Edge[] = [];
    for (const type of IDENTIFIER_ATTRIBUTES) {
      const value = person[type] === undefined ? null : normaliseIdentifier(type, person[type]);
      if (value !== null) edges.push(edgeOf(own, `${type}.${value}` as IdentifierToken, UNDATED));
    }
    if (edges.length === 0) return;
    const known = new Set(edges.flatMap(endsOf).flatMap((node) => this.#graphs.get(node) ?? []));
    const { graphs, saturated } = resolve([...known], { edges }, this.#saturated, new Set([own]), policy);
    for (const graph of known) for (const node of graph.nodes) this.#graphs.delete(node);
    for (const graph of graphs) for (const node of graph.nodes) this.#graphs.set(node, graph);
    for (const { token } of saturated) this.#saturated.add(token);
  }

  /** The subject of each row, named by its first row. */
  partition(rows: number): readonly number[] {
    const first = new Map<SubjectGraph, number>();
    return Array.from({ length: rows }, (_, row) => {
      const graph = this.#graphs.get(rowToken(row));
      if (graph === undefined) return row;
      const named = first.get(graph) ?? row;
      first.set(graph, named);
      return named;
    });
  }
}

const rowToken = (row: number): IdentifierToken => `anonymousId.${row}` as IdentifierToken;
