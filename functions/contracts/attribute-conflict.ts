import { stableId } from '../kernel/codec.ts';
import type { EpochMs } from '../kernel/time.ts';
import type { SubjectId } from './ids.ts';

/** A customer of whom two values contradict each other until their owners settle it. Which they are is not kept here: they
 * lie with the person, sealed. */
export interface ListedConflict {
  readonly subjectId: SubjectId;
  /** Since when it has been listed. */
  readonly openedAt: EpochMs;
}

/** Name of a customer's entry. */
export const conflictIdOf = (subjectId: SubjectId): string => stableId('conflict', subjectId);
