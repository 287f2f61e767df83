import { bucketOf } from '../../contracts/bucket.ts';
import type { ReviewView } from '../../contracts/identity-api.ts';
import type { IdentityReview } from '../../contracts/identity-review.ts';
import type { SubjectId } from '../../contracts/ids.ts';
import { subjectIdOf, type Verdict } from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { ReviewsQuery, ServePorts } from './ports.ts';
import { restrictedAmong } from './restricted.ts';
import type { Answered, ServePolicy } from './setting.ts';

/** `GET /v1/identity/reviews`. A pair is not told of while processing of either side is restricted.
 * @throws ThrottledError, TransientError */
export async function listReviews(
  query: ReviewsQuery,
  ports: Pick<ServePorts, 'reviews' | 'subjects'>,
  now: EpochMs,
): Promise<{ readonly reviews: readonly ReviewView[]; readonly cursor?: string }> {
  const { reviews, cursor } = await ports.reviews.list(query);
  const untold = await restrictedAmong(reviews.flatMap(sidesOf), ports.subjects, now);
  const told = reviews.filter((review) => sidesOf(review).every((side) => !untold.has(side)));
  return { reviews: told.map(viewOf), ...(cursor === undefined ? {} : { cursor }) };
}

/**
 * `POST /v1/identity/reviews/{reviewId}`. The verdict is noted, then handed to `understand` as an order. A crash in between
 * is made good by the caller's retry: a repeated verdict keeps the time of the first, and gives the same order again. A review
 * about somebody of whom nothing may be told is not there, as in the list: joining them would be processing.
 * @throws ThrottledError, TransientError
 */
export async function decideReview(
  reviewId: string,
  verdict: Verdict,
  policy: Pick<ServePolicy, 'buckets'>,
  ports: Pick<ServePorts, 'reviews' | 'orders' | 'subjects'>,
  now: EpochMs,
): Promise<Answered<ReviewView>> {
  const found = await ports.reviews.find(reviewId);
  const untold = found === null ? null : await restrictedAmong(sidesOf(found), ports.subjects, now);
  const review = untold?.size === 0 ? await ports.reviews.decide(reviewId, verdict, now) : null;
  if (review?.decision == null)
    return { refusal: { status: 404, title: 'Unknown review', detail: 'There is no review with this id.' } };
  const { a, b, decision } = review;
  const order = {
    orderId: stableId('review', reviewId, decision.verdict, decision.at),
    decisions: [{ a, b, verdict: decision.verdict, at: decision.at, cause: 'review' as const }],
    severed: [],
    receivedAt: decision.at,
  };
  await ports.orders.append(new Map([[bucketOf(a, policy.buckets), [order]]]));
  return { answer: viewOf(review) };
}

const sidesOf = ({ a, b }: IdentityReview): readonly SubjectId[] => [subjectIdOf([a]), subjectIdOf([b])];

const iso = (at: EpochMs): string => new Date(at).toISOString();

const viewOf = ({ a, b, decision, ...review }: IdentityReview): ReviewView => ({
  reviewId: review.reviewId,
  state: decision === null ? 'pending' : 'decided',
  openedAt: iso(review.openedAt),
  bits: review.bits,
  contributions: { ...review.contributions },
  model: review.model,
  sides: [a, b].map((node) => ({ nodeId: node, type: typeOfToken(node), subjectId: subjectIdOf([node]) })),
  ...(decision === null ? {} : { verdict: decision.verdict, decidedAt: iso(decision.at) }),
});
