import { DAY_MS, type EpochMs } from '../kernel/time.ts';
import type { Alert } from './alerts.ts';
import type { AlertId, AtomId, AtomVersion, IdentifierToken, SubjectId } from './ids.ts';
import { asSubjectId } from './ids.ts';
import type { EffectRow } from './lineage.ts';

/** Two identifiers seen together in a signal, and the UTC day (days since the epoch) on which that first happened. The ends
 * are ordered, so that an edge has one form; the day is a minimum, so that order of arrival leaves no trace in it. */
export type Edge = readonly [IdentifierToken, IdentifierToken, firstDay: number];

/** A probabilistic link between two atoms, kept with its explanation. Its ends are ordered like an edge's. */
export interface MatchLink {
  readonly a: AtomId;
  readonly b: AtomId;
  /** Posterior odds, in bits, that the two are one person. */
  readonly bits: number;
  /** Bits by compared feature; they and the prior add up to `bits`. */
  readonly contributions: Readonly<Record<string, number>>;
  /** `<model>@<version>` of the parameters it was computed with. */
  readonly model: string;
}

export const VERDICTS = ['same', 'different'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a person decided about two identifiers: `same` joins them, `different` keeps them apart whatever else links them (an
 * anti-edge). Of several decisions about one pair the latest holds. */
export interface Decision {
  readonly a: IdentifierToken;
  readonly b: IdentifierToken;
  readonly verdict: Verdict;
  readonly at: EpochMs;
  /** A steward answered a review, or an operator asked for it unasked. */
  readonly cause: 'review' | 'operator';
}

/** What matching concluded of two atoms, kept as evidence: how often a value occurs among all people is known at that moment
 * only, so it can't be concluded again. */
export interface MatchChange {
  readonly a: AtomId;
  readonly b: AtomId;
  /** The link from then on; null when it was taken back. */
  readonly link: MatchLink | null;
  /** When the batch was judged that it came of: effects of that time follow from it. */
  readonly judgedAt: EpochMs;
}

/** A link that an operator took away, and when: seeing the two together again, or matching them, does not bring it back. A
 * later decision that they are the same does. */
export type Severed = readonly [IdentifierToken, IdentifierToken, at: EpochMs];

/** A subject that is more than one identifier, or about which something was decided. An identifier of which neither is true
 * needs none of this: it is its own subject.
 *
 * A link between two subjects (a limit or a decision keeps them apart in spite of it) is in both graphs. So are decisions
 * and severed links. */
export interface SubjectGraph {
  readonly subjectId: SubjectId;
  /** Sorted. */
  readonly nodes: readonly IdentifierToken[];
  /** The nodes that are atoms: whose profile states make up the subject's. Sorted. */
  readonly atoms: readonly AtomId[];
  /** Every edge of a node, also those that count for nothing. Sorted. */
  readonly edges: readonly Edge[];
  /** Ends of links and decisions that are no nodes here or anywhere, since they link too many. Sorted. */
  readonly saturated: readonly IdentifierToken[];
  /** Every match of an atom. Sorted. */
  readonly matches: readonly MatchLink[];
  /** Every decision about a node. Sorted. */
  readonly decisions: readonly Decision[];
  /** Every link of a node that was taken away. Sorted. */
  readonly severed: readonly Severed[];
}

/** Who is in a subject, and nothing of why. */
export type SubjectOutline = Pick<SubjectGraph, 'nodes' | 'atoms'>;

/** What names an alert besides its rule. */
export interface AlertName {
  /** Time of its cue. */
  readonly occurredAt: EpochMs;
  /** The subject id it bears: that of a part, when it is from before a merge. */
  readonly openedAs: SubjectId;
}

/** Of one rule: when it last fired, and which alerts it opened, the newest first. Older ones than a few are forgotten: a
 * subject that comes apart could not close them any more. */
export interface FiredRule {
  readonly firedAt: EpochMs;
  /** Time of the newest cue. */
  readonly occurredAt: EpochMs;
  readonly opened: readonly AlertName[];
}

const OPENED_KEPT = 6;

/** Alerts of one rule together, each once, the newest first. */
export function openedTogether(a: readonly AlertName[], b: readonly AlertName[]): readonly AlertName[] {
  const names = new Map([...a, ...b].map((each) => [`${each.occurredAt} ${each.openedAs}`, each]));
  return [...names.values()]
    .sort((x, y) => y.occurredAt - x.occurredAt || (x.openedAs < y.openedAs ? -1 : 1))
    .slice(0, OPENED_KEPT);
}

/** What the outside has been told about a subject. Follows from what was published when, so it is no part of the
 * profile; transitions are the difference between it and what holds now. */
export interface Published {
  /** Segments it is in, with the time it entered. */
  readonly segments: Readonly<Record<string, EpochMs>>;
  /** Alert rules that ever fired: when, and for a cue of which time. */
  readonly alerts: Readonly<Record<string, FiredRule>>;
  /** When an absence cue will look again; null when none is armed. */
  readonly dueAt: EpochMs | null;
  /** Effects of the last write, kept until the writer surely emitted them: a crash in between is made good at the
   * redelivery. */
  readonly effects: readonly KeptEffect[];
  /** Subjects that the same write changed, and that nothing joins with this one any more: should the writer have died, only what
   * comes again leads to their effects. */
  readonly alongside?: { readonly by: string; readonly subjectIds: readonly SubjectId[] };
}

/** An effect, compact; `by` is the partition bucket (or `sweep`) whose write made it. */
export interface KeptEffect {
  readonly by: string;
  readonly kind: EffectRow['kind'];
  readonly name: string;
  readonly reasons: string;
  readonly at: EpochMs;
  /** When the newest signal was received that caused it; null for the sweep. */
  readonly receivedAt: EpochMs | null;
  /** The states it followed from. */
  readonly atoms: readonly AtomVersion[];
  /** The subject id it was told under, when that was another. */
  readonly toldAs?: SubjectId;
  /** With `alert-opened`: the alert, since it may have to be written again. */
  readonly alert?: Alert;
  /** With `alert-closed`: the alerts that no longer hold. */
  readonly closes?: readonly AlertId[];
  /** With `identity-decided` and `link-severed`: what was ordered. */
  readonly ordered?: { readonly decisions: readonly Decision[]; readonly severed: readonly Severed[] };
  /** With `match-made` and `match-withdrawn`: what was concluded. */
  readonly matched?: MatchChange;
}

export const NOTHING_PUBLISHED: Published = { segments: {}, alerts: {}, dueAt: null, effects: [] };

const hashOf = (token: IdentifierToken): string => token.slice(token.indexOf('.') + 1);

/** Orders tokens by their hash alone, so that no type is preferred. */
export const compareTokens = (a: IdentifierToken, b: IdentifierToken): number => {
  const [x, y] = [hashOf(a), hashOf(b)];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
};

/** The two ends of an edge or a severed link. */
export const endsOf = ([a, b]: Edge | Severed): readonly IdentifierToken[] => [a, b];

/** Orders two ends the way links keep them. */
export const orderedPair = (
  a: IdentifierToken,
  b: IdentifierToken,
): readonly [IdentifierToken, IdentifierToken] => (compareTokens(a, b) < 0 ? [a, b] : [b, a]);

/** Name of a pair, the same in either order. */
export const pairKey = (a: IdentifierToken, b: IdentifierToken): string => orderedPair(a, b).join(' ');

/** Days since the epoch, as edges keep them. */
export const dayOf = (at: EpochMs): number => Math.floor(at / DAY_MS);

/** @param seenAt when the two were seen together */
export const edgeOf = (a: IdentifierToken, b: IdentifierToken, seenAt: EpochMs): Edge => [
  ...orderedPair(a, b),
  dayOf(seenAt),
];

/** The subject of one identifier that nothing is known about but that it exists. */
export const soloGraph = (id: IdentifierToken): SubjectGraph => ({
  subjectId: subjectIdOf([id]),
  nodes: [id],
  atoms: [id],
  edges: [],
  saturated: [],
  matches: [],
  decisions: [],
  severed: [],
});

/** Whether there is anything to keep about a subject beyond its one identifier. */
export const isWorthKeeping = (graph: SubjectGraph): boolean =>
  graph.edges.length + graph.matches.length + graph.decisions.length + graph.severed.length > 0;

/** Identifiers of other subjects that a link leads to, though something keeps them apart: when one of the two subjects
 * changes, the other may have to. */
export function neighboursOf(graph: SubjectGraph): readonly IdentifierToken[] {
  const neighbours: IdentifierToken[] = [];
  const note = (end: IdentifierToken): void => {
    // Nearly every end is a node; the lists are short.
    if (!graph.nodes.includes(end) && !graph.saturated.includes(end) && !neighbours.includes(end))
      neighbours.push(end);
  };
  for (const edge of graph.edges) {
    note(edge[0]);
    note(edge[1]);
  }
  for (const { a, b } of graph.matches) for (const end of [a, b]) note(end);
  for (const { a, b, verdict } of graph.decisions)
    if (verdict === 'same') for (const end of [a, b]) note(end);
  return neighbours;
}

/** A subject's id is that of its least node: the same whatever order the links came in. */
export function subjectIdOf(nodes: readonly IdentifierToken[]): SubjectId {
  let least = nodes[0];
  for (const node of nodes) if (least === undefined || compareTokens(node, least) < 0) least = node;
  return asSubjectId(`s.${least ?? ''}`);
}

/** The node that gave a subject id its name. Wherever that node belongs now, the old id leads there. */
export const nodeOfSubjectId = (subjectId: SubjectId): IdentifierToken =>
  subjectId.slice(2) as IdentifierToken;
