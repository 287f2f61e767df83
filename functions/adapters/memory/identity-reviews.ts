import { type IdentityReview, reviewIdOf } from '../../contracts/identity-review.ts';
import type { ReviewBook } from '../../pipeline/6-serve/ports.ts';
import type { ReviewQueue } from '../../pipeline/understand/ports.ts';

/** Pairs that may be one person in memory, for unit tests. */
export function memoryIdentityReviews(
  reviews: Map<string, IdentityReview> = new Map(),
): ReviewQueue & ReviewBook {
  return {
    find: async (reviewId) => reviews.get(reviewId) ?? null,
    put: async (matches, openedAt) => {
      for (const match of matches) {
        const reviewId = reviewIdOf(match.a, match.b);
        if (!reviews.has(reviewId)) reviews.set(reviewId, { ...match, reviewId, openedAt, decision: null });
      }
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
