import type { AtomPair } from '../../../contracts/identity-review.ts';
import type { AtomId } from '../../../contracts/ids.ts';
import type { MatchLink } from '../../../contracts/subject.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import type { MatchRecord } from './record.ts';

/** What applies to a whole batch. */
export interface MatchRules {
  readonly policy: MatchPolicy;
  /** Whether evidence alone may join subjects; otherwise it only proposes. */
  readonly mayMerge: boolean;
  /** `<model>@<version>`, kept with every link. */
  readonly model: string;
}

/** A subject as it stands: what must stay together, and the matches that hold it together. */
export interface StandingSubject {
  /** Atoms joined by identifiers or by decision: matching never takes these apart. */
  readonly groups: readonly (readonly AtomId[])[];
  readonly links: readonly MatchLink[];
}

/** What is known around the records that changed. */
export interface Neighbourhood {
  readonly records: ReadonlyMap<AtomId, MatchRecord>;
  /** Of several atoms; an atom that none of them names is alone. */
  readonly subjects: readonly StandingSubject[];
  /** Whether two groups of atoms must not be one person's. */
  areApart(a: readonly AtomId[], b: readonly AtomId[]): boolean;
  /** Pairs that wait for a steward, of subjects with a record that changed: looked at again, whatever else is. */
  readonly waiting?: readonly AtomPair[];
  /** Prior odds, in bits, that an atom of either is one person's and not of two people of one home. */
  householdPriorBits(a: AtomId, b: AtomId): number;
}
