import type { IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { SubjectGraph } from '../../contracts/subject.ts';
import type { NewEvidence } from './evidence.ts';

/** What a change of identity goes back to. `deterministic`: identifiers seen together, and the limits on that ·
 * `probabilistic`: a match, made or taken back · `review`: a steward's answer · `operator`: somebody asked for it. */
export type IdentityCause = 'deterministic' | 'probabilistic' | 'review' | 'operator';

/** What a resolution changed for those who watch subjects. */
export interface IdentityChange {
  readonly subjectId: SubjectId;
  readonly kind: 'subjects-merged' | 'subject-split';
  /** Subjects before (for a merge) that this one is made of, or the one (for a split) that it came from. */
  readonly from: readonly SubjectId[];
  readonly cause: IdentityCause;
}

/** Compares subjects before and after. `existed` names nodes that had been seen before this batch: joining an identifier
 * nobody knew is no merge. */
export function identityChanges(
  before: ReadonlyMap<IdentifierToken, SubjectId>,
  after: readonly SubjectGraph[],
  existed: ReadonlySet<IdentifierToken>,
  added: NewEvidence,
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
    if (from.size > 1) {
      const cause = causeOfMerge(graph, before, added);
      changes.push({ subjectId: graph.subjectId, kind: 'subjects-merged', from: [...from].sort(), cause });
    }
  }
  for (const [old, parts] of partsOf) {
    if (parts.size < 2) continue;
    const cause = causeOfSplit(old, before, added);
    for (const subjectId of parts) changes.push({ subjectId, kind: 'subject-split', from: [old], cause });
  }
  return changes;
}

function causeOfMerge(
  graph: SubjectGraph,
  before: ReadonlyMap<IdentifierToken, SubjectId>,
  { decisions = [], matches = [] }: NewEvidence,
): IdentityCause {
  const nodes = new Set(graph.nodes);
  const joined = ({ a, b }: { readonly a: IdentifierToken; readonly b: IdentifierToken }): boolean =>
    nodes.has(a) && nodes.has(b) && before.get(a) !== before.get(b);
  const decision = decisions.find((each) => each.verdict === 'same' && joined(each));
  if (decision !== undefined) return decision.cause;
  return matches.some(joined) ? 'probabilistic' : 'deterministic';
}

function causeOfSplit(
  old: SubjectId,
  before: ReadonlyMap<IdentifierToken, SubjectId>,
  { decisions = [], severed = [], withdrawn = [] }: NewEvidence,
): IdentityCause {
  const within = (a: IdentifierToken, b: IdentifierToken): boolean =>
    before.get(a) === old && before.get(b) === old;
  if (severed.some(([a, b]) => within(a, b))) return 'operator';
  const decision = decisions.find(({ a, b, verdict }) => verdict === 'different' && within(a, b));
  if (decision !== undefined) return decision.cause;
  return withdrawn.some(([a, b]) => within(a, b)) ? 'probabilistic' : 'deterministic';
}
