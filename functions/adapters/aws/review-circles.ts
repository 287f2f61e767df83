import {
  type AttributeValue,
  BatchGetItemCommand,
  type BatchStatementRequest,
} from '@aws-sdk/client-dynamodb';
import type { AtomPair } from '../../contracts/identity-review.ts';
import type { AtomId } from '../../contracts/ids.ts';
import { orderedPair, pairKey } from '../../contracts/subject.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, unitsOf, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';

const KEYS_PER_CALL_MAX = 100;
const PREFIX = 'of ';

/** An atom, and those with whom it waits for a steward: the way from an atom to its reviews, in an item of its own. An entry
 * whose review is decided or gone is inert. */
type Circle = readonly [atom: AtomId, others: ReadonlySet<AtomId>];

const keyOf = (atom: AtomId): AttributeValue => ({ S: `${PREFIX}${atom}` });
const setOf = (atoms: Iterable<AtomId>): AttributeValue => ({ SS: [...atoms] });

/** Both ends of every pair, each with its other ends. */
export function circlesOf(pairs: readonly AtomPair[]): ReadonlyMap<AtomId, ReadonlySet<AtomId>> {
  const circles = new Map<AtomId, Set<AtomId>>();
  const note = (atom: AtomId, other: AtomId): void => {
    circles.set(atom, (circles.get(atom) ?? new Set()).add(other));
  };
  for (const [a, b] of pairs) {
    note(a, b);
    note(b, a);
  }
  return circles;
}

/** The item. The atom is in its own circle, so that the set is never empty: DynamoDB keeps no empty ones. */
export const circleOf = (
  [atom, others]: Circle,
  expiresAt: AttributeValue,
): Readonly<Record<string, AttributeValue>> => ({
  reviewId: keyOf(atom),
  circle: setOf([atom, ...others]),
  expiresAt,
});

export const addTo = (
  table: string,
  [atom, others]: Circle,
  expiresAt: AttributeValue,
): BatchStatementRequest => ({
  Statement: `UPDATE "${table}" SET "circle"=set_add("circle",?) SET "expiresAt"=? WHERE "reviewId"=?`,
  Parameters: [setOf(others), expiresAt, keyOf(atom)],
});

export const removeFrom = (table: string, [atom, others]: Circle): BatchStatementRequest => ({
  Statement: `UPDATE "${table}" SET "circle"=set_delete("circle",?) WHERE "reviewId"=?`,
  Parameters: [setOf(others), keyOf(atom)],
});

export const removed = (table: string, atom: AtomId): BatchStatementRequest => ({
  Statement: `DELETE FROM "${table}" WHERE "reviewId"=?`,
  Parameters: [keyOf(atom)],
});

/** The pairs that the atoms are in, as surely the latest: what was noted a moment ago must not be overlooked.
 * @throws ThrottledError, TransientError */
export async function pairsAround(table: string, atomIds: readonly AtomId[]): Promise<readonly AtomPair[]> {
  const pairs = new Map<string, AtomPair>();
  await inTurns(chunks([...new Set(atomIds)], KEYS_PER_CALL_MAX), (chunk) =>
    untilDone(
      'dynamodb',
      chunk.map((atom): Record<string, AttributeValue> => ({ reviewId: keyOf(atom) })),
      async (Keys) => {
        const answer = await dynamodb().send(
          new BatchGetItemCommand({
            RequestItems: { [table]: { Keys, ConsistentRead: true } },
            ReturnConsumedCapacity: 'TOTAL',
          }),
        );
        count('readUnits', unitsOf(answer.ConsumedCapacity));
        for (const { reviewId, circle } of answer.Responses?.[table] ?? []) {
          const atom = (reviewId?.S ?? '').slice(PREFIX.length) as AtomId;
          for (const other of (circle?.SS ?? []) as AtomId[])
            if (other !== atom) pairs.set(pairKey(atom, other), orderedPair(atom, other));
        }
        return answer.UnprocessedKeys?.[table]?.Keys ?? [];
      },
    ),
  );
  return [...pairs.values()];
}
