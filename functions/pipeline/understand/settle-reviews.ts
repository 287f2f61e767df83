import type { AtomId } from '../../contracts/ids.ts';
import type { SubjectOutline } from '../../contracts/subject.ts';
import type { ReviewQueue } from './ports.ts';

/** Takes off the queue whom nobody may compare any more: their customer does not allow it, or was erased. Safe to repeat.
 * @throws ThrottledError, TransientError */
export async function forgetReviews(
  atomIds: readonly AtomId[],
  reviews: Pick<ReviewQueue, 'waiting' | 'drop'>,
): Promise<void> {
  const waiting = atomIds.length === 0 ? [] : await reviews.waiting(atomIds);
  if (waiting.length > 0) await reviews.drop(waiting);
}

/** Takes pairs off the queue that are one subject by now, whatever joined them. Safe to repeat.
 * @param merged subjects that were put together of several, with those of their atoms that others may have found
 * @throws ThrottledError, TransientError */
export async function closeReviewsWithin(
  merged: readonly Pick<SubjectOutline, 'atoms'>[],
  reviews: Pick<ReviewQueue, 'waiting' | 'drop'>,
): Promise<void> {
  const homes = new Map<AtomId, number>();
  for (const [at, { atoms }] of merged.entries())
    if (atoms.length > 1) for (const atom of atoms) homes.set(atom, at);
  const waiting = homes.size === 0 ? [] : await reviews.waiting([...homes.keys()]);
  const within = waiting.filter(([a, b]) => homes.has(a) && homes.get(a) === homes.get(b));
  if (within.length > 0) await reviews.drop(within);
}
