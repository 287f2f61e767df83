import type { Feature } from './model.ts';
import type { Contributions, MatchSubject } from './subject.ts';

/** Two subjects that may be one person: for a steward to decide. */
export interface MatchReview {
  readonly rows: readonly [number, number];
  /** Posterior odds in bits. */
  readonly bits: number;
  readonly contributions: Readonly<Contributions>;
}

/** Why two records are, or are not, one person's. */
export interface MatchExplanation {
  readonly sameSubject: boolean;
  readonly priorBits: number;
  /** The two records alone. */
  readonly pair: Readonly<Partial<Record<Feature, number>>>;
  /** Their subjects as wholes; absent when they are one. */
  readonly subjects?: { readonly bits: number; readonly contributions: Contributions };
  /** The merges that made the subject, when they are one. */
  readonly edges?: MatchSubject['edges'];
}
