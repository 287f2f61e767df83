import type { AttributeValue, BatchStatementRequest } from '@aws-sdk/client-dynamodb';
import { type AtomPair, reviewIdOf } from '../../contracts/identity-review.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { MatchLink } from '../../contracts/subject.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { ReviewQueue } from '../../pipeline/understand/ports.ts';
import { required } from '../../runtime/environment.ts';
import { addTo, circleOf, circlesOf, pairsAround, removed, removeFrom } from './review-circles.ts';
import { execute, insertNew, NONE, UNMET } from './statements.ts';
import { LISTED } from './stewards-lists.ts';

/** How long a pair waits for a steward. What was decided is kept with the subjects, for as long as they are. */
const REVIEW_DAYS = 180;

type Row = Record<string, AttributeValue>;

const expiryOf = (openedAt: EpochMs): AttributeValue => ({
  N: String(Math.ceil((openedAt + REVIEW_DAYS * DAY_MS) / 1_000)),
});

const rowOf = (match: MatchLink, openedAt: EpochMs): Row => ({
  reviewId: { S: reviewIdOf(match.a, match.b) },
  listed: LISTED.reviews,
  openedAt: { N: String(openedAt) },
  a: { S: match.a },
  b: { S: match.b },
  bits: { N: String(match.bits) },
  contributions: { S: JSON.stringify(match.contributions) },
  model: { S: match.model },
  expiresAt: expiryOf(openedAt),
});

/** Pairs that may be one person, in DynamoDB. Stewards work them off in `review-book.ts`. */
export function identityReviews(
  table = required('IDENTITY_REVIEWS_TABLE'),
): ReviewQueue & { forget(atomIds: readonly AtomId[]): Promise<void> } {
  return {
    waiting: (atomIds) => pairsAround(table, atomIds),
    put: (matches, openedAt) => put(table, matches, openedAt),
    drop: (pairs) => drop(table, pairs),
    forget: (atomIds) => forget(table, atomIds),
  };
}

/** What a review that waits is told anew. */
const renewed = (table: string, { bits, contributions, model, reviewId }: Row): BatchStatementRequest => ({
  Statement: `UPDATE "${table}" SET "bits"=? SET "contributions"=? SET "model"=? WHERE "reviewId"=? AND "verdict" IS MISSING`,
  Parameters: [bits, contributions, model, reviewId].filter((value) => value !== undefined),
});

/** What leads to a review is written before it: a crash in between leaves an entry that leads to nothing, and no review that
 * nobody finds again. */
async function put(table: string, matches: readonly MatchLink[], openedAt: EpochMs): Promise<void> {
  const expiresAt = expiryOf(openedAt);
  const circles = [...circlesOf(matches.map(({ a, b }) => [a, b]))];
  const known = await insertNew(
    table,
    circles.map((circle) => circleOf(circle, expiresAt)),
  );
  await execute(
    circles.filter((_, at) => known.has(at)).map((circle) => addTo(table, circle, expiresAt)),
    NONE,
  );
  const rows = [
    ...new Map(matches.map((match) => [reviewIdOf(match.a, match.b), rowOf(match, openedAt)])).values(),
  ];
  const standing = await insertNew(table, rows);
  await execute(
    rows.filter((_, at) => standing.has(at)).map((row) => renewed(table, row)),
    UNMET,
  );
}

async function drop(table: string, pairs: readonly AtomPair[]): Promise<void> {
  const ids = new Set(pairs.map(([a, b]) => reviewIdOf(a, b)));
  await execute(
    [...ids].map((reviewId) => ({
      Statement: `DELETE FROM "${table}" WHERE "reviewId"=? AND "verdict" IS MISSING`,
      Parameters: [{ S: reviewId }],
    })),
    UNMET,
  );
  await execute(
    [...circlesOf(pairs)].map((circle) => removeFrom(table, circle)),
    UNMET,
  );
}

/** Reviews of atoms, decided or not, and what leads to them. */
async function forget(table: string, atomIds: readonly AtomId[]): Promise<void> {
  const pairs = await pairsAround(table, atomIds);
  const reviewIds = pairs.map(([a, b]) => reviewIdOf(a, b));
  await execute(
    reviewIds.map((reviewId) => ({
      Statement: `DELETE FROM "${table}" WHERE "reviewId"=?`,
      Parameters: [{ S: reviewId }],
    })),
    UNMET,
  );
  await execute(
    [...circlesOf(pairs)].map((circle) => removeFrom(table, circle)),
    UNMET,
  );
  await execute(
    atomIds.map((atom) => removed(table, atom)),
    UNMET,
  );
}
