import { stableId } from '../kernel/codec.ts';
import type { EpochMs } from '../kernel/time.ts';
import type { AtomId } from './ids.ts';
import { type MatchLink, orderedPair, type Verdict } from './subject.ts';

/** Two atoms that may be one person, for a steward to decide. Waits until somebody does. */
export interface IdentityReview extends MatchLink {
  readonly reviewId: string;
  readonly openedAt: EpochMs;
  readonly decision: { readonly verdict: Verdict; readonly at: EpochMs } | null;
}

/** Two atoms, whichever comes first. */
export type AtomPair = readonly [AtomId, AtomId];

/** A pair is reviewed under one id, however often it is found, in whichever order. */
export const reviewIdOf = (a: AtomId, b: AtomId): string => stableId('review', ...orderedPair(a, b));
