import type { EpochMs } from '../kernel/time.ts';
import type { Alert } from './alerts.ts';
import type { AlertId, AtomId, IdentifierToken, SubjectId } from './ids.ts';
import { asSubjectId } from './ids.ts';
import type { EffectRow } from './lineage.ts';
import type { AtomVersion } from './payloads.ts';

/** Two identifiers seen together in a signal. Ordered, so that an edge has one form. */
export type Edge = readonly [IdentifierToken, IdentifierToken];

/** A subject of several identifiers. An identifier that was never seen with another needs none of this: it is its own
 * subject. */
export interface SubjectGraph {
  readonly subjectId: SubjectId;
  /** Sorted. */
  readonly nodes: readonly IdentifierToken[];
  /** The nodes that are atoms: whose profile states make up the subject's. Sorted. */
  readonly atoms: readonly AtomId[];
  /** Every edge of a node, also those to identifiers that link too many and therefore count for nothing. Sorted. */
  readonly edges: readonly Edge[];
}

/** What the outside has been told about a subject. Follows from what was published when, so it is no part of the
 * profile; transitions are the difference between it and what holds now. */
export interface Published {
  /** Segments it is in, with the time it entered. */
  readonly segments: Readonly<Record<string, EpochMs>>;
  /** Alert rules that ever fired. */
  readonly alerts: Readonly<Record<string, Fired>>;
  /** When an absence cue will look again; null when none is armed. */
  readonly dueAt: EpochMs | null;
  /** Effects of the last write, kept until the writer surely emitted them: a crash in between is made good at the
   * redelivery. */
  readonly effects: readonly KeptEffect[];
}

/** When an alert rule fired last, and for a cue of which time. */
export interface Fired {
  readonly firedAt: EpochMs;
  readonly occurredAt: EpochMs;
  /** Cues of earlier alerts, newest first, which may still be open. */
  readonly earlier?: readonly EpochMs[];
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
  /** With `alert-opened`: the alert, since it may have to be written again. */
  readonly alert?: Alert;
  /** With `alert-closed`: the alerts that may be open. */
  readonly closes?: readonly AlertId[];
}

export const NOTHING_PUBLISHED: Published = { segments: {}, alerts: {}, dueAt: null, effects: [] };

const hashOf = (token: IdentifierToken): string => token.slice(token.indexOf('.') + 1);

/** Orders tokens by their hash alone, so that no type is preferred. */
export const compareTokens = (a: IdentifierToken, b: IdentifierToken): number => {
  const [x, y] = [hashOf(a), hashOf(b)];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
};

export const edgeOf = (a: IdentifierToken, b: IdentifierToken): Edge =>
  compareTokens(a, b) < 0 ? [a, b] : [b, a];

/** A subject's id is that of its least node: the same whatever order the links came in. */
export function subjectIdOf(nodes: readonly IdentifierToken[]): SubjectId {
  let least = nodes[0];
  for (const node of nodes) if (least === undefined || compareTokens(node, least) < 0) least = node;
  return asSubjectId(`s.${least ?? ''}`);
}

/** The node that gave a subject id its name. Wherever that node belongs now, the old id leads there. */
export const nodeOfSubjectId = (subjectId: SubjectId): IdentifierToken =>
  subjectId.slice(2) as IdentifierToken;
