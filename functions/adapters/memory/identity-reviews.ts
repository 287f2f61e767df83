import { type IdentityReview, reviewIdOf } from '../../contracts/identity-review.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { ReviewBook } from '../../pipeline/6-serve/ports.ts';
import type { ReviewQueue } from '../../pipeline/understand/ports.ts';

/** Pairs that may be one person in memory, for unit tests. */
export function memoryIdentityReviews(
  reviews: Map<string, IdentityReview> = new Map(),
): ReviewQueue & ReviewBook & { forget(atomIds: readonly AtomId[]): Promise<void> } {
  return {
    find: async (reviewId) => reviews.get(reviewId) ?? null,
    waiting: async (atomIds) => {
      const asked = new Set(atomIds);
      return [...reviews.values()]
        .filter(({ a, b, decision }) => decision === null && (asked.has(a) || asked.has(b)))
        .map(({ a, b }) => [a, b] as const);
    },
    put: async (matches, openedAt) => {
      for (const match of matches) {
        const reviewId = reviewIdOf(match.a, match.b);
        const standing = reviews.get(reviewId);
        if (standing === undefined || standing.decision === null)
          reviews.set(reviewId, {
            ...match,
            reviewId,
            openedAt: standing?.openedAt ?? openedAt,
            decision: null,
          });
      }
    },
    drop: async (pairs) => {
      for (const [a, b] of pairs) {
        const reviewId = reviewIdOf(a, b);
        if (reviews.get(reviewId)?.decision === null) reviews.delete(reviewId);
      }
    },
    forget: async (atomIds) => {
      const asked = new Set(atomIds);
      for (const [reviewId, { a, b }] of reviews) if (asked.has(a) || asked.has(b)) reviews.delete(reviewId);
    },
    list: async ({ limit, cursor }) => {
      const pending = [...reviews.values()]
        .filter(({ decision }) => decision === null)
        .sort((a, b) => b.openedAt - a.openedAt || (a.reviewId < b.reviewId ? 1 : -1));
      const start = pending.findIndex((review) => cursorOf(review) === cursor) + 1;
      const page = pending.slice(start, start + limit);
      const last = page.at(-1);
      const isMore = start + limit < pending.length;
      return { reviews: page, ...(isMore && last !== undefined ? { cursor: cursorOf(last) } : {}) };
    },
    decide: async (reviewId, verdict, at) => {
      const review = reviews.get(reviewId);
      if (review === undefined) return null;
      const { decision } = review;
      if (decision !== null && (decision.verdict === verdict || decision.at >= at)) return review;
      const decided: IdentityReview = { ...review, decision: { verdict, at } };
      reviews.set(reviewId, decided);
      return decided;
    },
  };
}

const cursorOf = (review: IdentityReview): string => `${review.openedAt}.${review.reviewId}`;
