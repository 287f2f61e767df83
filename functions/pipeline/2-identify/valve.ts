import type { IdentifierToken } from '../../contracts/ids.ts';
import { neighboursOf, type SubjectGraph } from '../../contracts/subject.ts';
import { Partition } from './components.ts';
import type { Evidence } from './evidence.ts';

/** No more identifiers than this hang together, counting also those that a limit or a decision keeps in subjects of their
 * own: a valve against runaway growth, far above any person. */
export const CONNECTED_NODES_MAX = 50;

/** Rows that may change together: what one DynamoDB transaction holds. */
const ROWS_AT_ONCE_MAX = 100;

/** A link as the partition takes it. */
export interface Link {
  readonly key: string;
  readonly a: IdentifierToken;
  readonly b: IdentifierToken;
  readonly decided: boolean;
  /** Whether a subject knows of it already. */
  readonly isRecorded: boolean;
}

/** A link that does not count, and why: `told-apart`, the limit it would exceed, or the valve. `subject-full`: links that
 * come before it in the canonical order make as many identifiers as may hang together ·
 * `subject-full-already`: links that came in before it do, and to choose among all would change too much at once. */
export interface Refusal {
  readonly a: IdentifierToken;
  readonly b: IdentifierToken;
  readonly reason: string;
}

export interface Valved {
  readonly evidence: Evidence;
  readonly links: readonly Link[];
  readonly refused: readonly Refusal[];
}

/** Lets links in, in the canonical order, as long as no more hangs together than may. What is left out is forgotten. */
export const inCanonicalOrder = (evidence: Evidence, links: readonly Link[]): Valved =>
  within(evidence, links, links, 'subject-full');

/** Lets in those that are recorded already, whatever their place, and then the others in the canonical order. */
export const recordedFirst = (evidence: Evidence, links: readonly Link[]): Valved =>
  within(
    evidence,
    links,
    [...links.filter(({ isRecorded }) => isRecorded), ...links.filter(({ isRecorded }) => !isRecorded)],
    'subject-full-already',
  );

function within(
  evidence: Evidence,
  links: readonly Link[],
  ordered: readonly Link[],
  reason: string,
): Valved {
  const partition = new Partition();
  const dropped = new Map<string, Link>();
  for (const link of ordered) {
    const { a, b } = link;
    if (partition.root(a) === partition.root(b)) continue;
    if (partition.sizeOf(a) + partition.sizeOf(b) <= CONNECTED_NODES_MAX) partition.join(a, b);
    else dropped.set(link.key, link);
  }
  if (dropped.size === 0) return { evidence, links, refused: [] };
  const without = <T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...map].filter(([key]) => !dropped.has(key)));
  return {
    evidence: {
      ...evidence,
      edges: without(evidence.edges),
      matches: without(evidence.matches),
      decisions: new Map(
        [...evidence.decisions].filter(([key, { verdict }]) => verdict === 'different' || !dropped.has(key)),
      ),
    },
    links: links.filter(({ key }) => !dropped.has(key)),
    refused: [...dropped.values()].map(({ a, b }) => ({ a, b, reason })),
  };
}

/** Whether a change from some subjects to others can be written: what shares a subject before or after, or is kept apart,
 * changes together. */
export function isWritable(before: readonly SubjectGraph[], after: readonly SubjectGraph[]): boolean {
  const together = new Partition();
  const rows = new Map<IdentifierToken, Set<string>>();
  for (const graph of [...before, ...after]) {
    const [first] = graph.nodes;
    if (first === undefined) continue;
    rows.set(first, (rows.get(first) ?? new Set()).add(graph.subjectId));
    for (const node of graph.nodes) {
      rows.set(node, (rows.get(node) ?? new Set()).add(node));
      together.join(first, node);
    }
    for (const neighbour of neighboursOf(graph)) together.join(first, neighbour);
  }
  return together
    .groups(rows.keys())
    .every((group) => group.reduce((sum, node) => sum + (rows.get(node)?.size ?? 0), 0) <= ROWS_AT_ONCE_MAX);
}
