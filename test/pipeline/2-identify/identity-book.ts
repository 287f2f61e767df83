import type { IdentifierToken } from '../../../functions/contracts/ids.ts';
import { endsOf, neighboursOf, type SubjectGraph } from '../../../functions/contracts/subject.ts';
import type { NewEvidence } from '../../../functions/pipeline/2-identify/evidence.ts';
import type { LinkPolicy, Saturation } from '../../../functions/pipeline/2-identify/limits.ts';
import { resolve } from '../../../functions/pipeline/2-identify/resolve.ts';
import type { Refusal } from '../../../functions/pipeline/2-identify/valve.ts';

const namedBy = ({ edges = [], matches = [], withdrawn = [], decisions = [], severed = [] }: NewEvidence) => [
  ...edges.flatMap(endsOf),
  ...severed.flatMap(endsOf),
  ...withdrawn.flat(),
  ...[...matches, ...decisions].flatMap(({ a, b }) => [a, b]),
];

/** Graphs as a store holds them, resolved step by step the way `understand` does: each step sees the subjects it names, and
 * those that something keeps apart from them. */
export class IdentityBook {
  readonly policy: LinkPolicy;
  readonly homes = new Map<IdentifierToken, SubjectGraph>();
  readonly saturated = new Set<IdentifierToken>();
  readonly blocked: Saturation[] = [];
  readonly refused: Refusal[] = [];
  readonly #seen = new Set<IdentifierToken>();

  constructor(policy: LinkPolicy) {
    this.policy = policy;
  }

  take(added: NewEvidence): this {
    const named = namedBy(added);
    for (const node of named) this.#seen.add(node);
    const known = new Set<SubjectGraph>();
    const wanted = [...named];
    for (let node = wanted.pop(); node !== undefined; node = wanted.pop()) {
      const home = this.homes.get(node);
      if (home === undefined || known.has(home)) continue;
      known.add(home);
      wanted.push(...neighboursOf(home));
    }
    const { graphs, saturated, refused } = resolve(
      [...known],
      added,
      this.saturated,
      new Set(named),
      this.policy,
    );
    for (const graph of known) for (const node of graph.nodes) this.homes.delete(node);
    for (const graph of graphs) for (const node of graph.nodes) this.homes.set(node, graph);
    for (const each of saturated) this.saturated.add(each.token);
    this.blocked.push(...saturated);
    this.refused.push(...refused);
    return this;
  }

  isOne(a: IdentifierToken, b: IdentifierToken): boolean {
    return a === b || (this.homes.has(a) && this.homes.get(a) === this.homes.get(b));
  }

  /** Who belongs together; whoever is alone is left out. */
  partition(): readonly string[] {
    const groups = [...new Set(this.homes.values())].map(({ nodes }) => nodes);
    return groups
      .filter((nodes) => nodes.length > 1)
      .map((nodes) => nodes.join(' '))
      .sort();
  }

  /** All that is stored, in a form to compare. */
  contents(): readonly string[] {
    return [...new Set(this.homes.values())].map((graph) => JSON.stringify({ ...graph, atoms: [] })).sort();
  }
}
