import type { EpochMs } from '../kernel/time.ts';
import type { AtomId } from './ids.ts';
import type { Decision, MatchLink, Severed } from './subject.ts';

/** What matching concludes: links to add, and pairs whose link is taken back. */
export interface ConcludedMatches {
  readonly links: readonly MatchLink[];
  readonly withdrawn: readonly (readonly [AtomId, AtomId])[];
}

/** What a person orders about identity, as it travels on the signals stream: one writer changes subjects, so that orders and
 * signals cannot overtake one another half-way. */
export interface IdentityOrder {
  /** Names it, and tells it from a signal. */
  readonly orderId: string;
  readonly decisions: readonly Decision[];
  readonly severed: readonly Severed[];
  /** When it was given. */
  readonly receivedAt: EpochMs;
  /** Code of why, as the caller gave it. */
  readonly reason?: string;
  /** Replay only: what matching concluded when it was live, to be applied and not concluded again. */
  readonly concluded?: ConcludedMatches;
}

/** What an order says: part of the evidence of it, so that subjects can be rebuilt from the archive. */
export type OrderedIdentity = Pick<IdentityOrder, 'decisions' | 'severed'>;

export const isIdentityOrder = (value: unknown): value is IdentityOrder =>
  typeof value === 'object' && value !== null && 'orderId' in value;
