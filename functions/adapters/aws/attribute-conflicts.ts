import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { conflictIdOf } from '../../contracts/attribute-conflict.ts';
import type { SubjectId } from '../../contracts/ids.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { ConflictQueue } from '../../pipeline/understand/ports.ts';
import { required } from '../../runtime/environment.ts';
import { execute, insertNew, NONE, UNMET } from './statements.ts';
import { LISTED } from './stewards-lists.ts';

const keyOf = (subjectId: SubjectId): AttributeValue => ({ S: conflictIdOf(subjectId) });
const numberOf = (at: EpochMs): AttributeValue => ({ N: String(at) });

/** Customers with contradicting values, in DynamoDB beside the reviews. An entry stays until it is closed: a conflict has no
 * time of its own. */
export function attributeConflicts(
  table = required('IDENTITY_REVIEWS_TABLE'),
): ConflictQueue & { forget(subjectIds: readonly SubjectId[]): Promise<void> } {
  return {
    open: async (subjectIds, openedAt, judgedAt) => {
      const ids = [...new Set(subjectIds)];
      const listed = await insertNew(
        table,
        ids.map((subjectId) => ({
          reviewId: keyOf(subjectId),
          listed: LISTED.conflicts,
          openedAt: numberOf(openedAt),
          subjectId: { S: subjectId },
          judgedAt: numberOf(judgedAt),
        })),
      );
      const again = ids.filter((_, at) => listed.has(at));
      await execute(
        again.map((subjectId) => ({
          Statement: `UPDATE "${table}" SET "judgedAt"=? WHERE "reviewId"=?`,
          Parameters: [numberOf(judgedAt), keyOf(subjectId)],
        })),
        NONE,
      );
    },
    close: async (subjectIds, judgedAt) => {
      await execute(
        [...new Set(subjectIds)].map((subjectId) => ({
          Statement: `DELETE FROM "${table}" WHERE "reviewId"=? AND "judgedAt"<=?`,
          Parameters: [keyOf(subjectId), numberOf(judgedAt)],
        })),
        UNMET,
      );
    },
    forget: async (subjectIds) => {
      await execute(
        [...new Set(subjectIds)].map((subjectId) => ({
          Statement: `DELETE FROM "${table}" WHERE "reviewId"=?`,
          Parameters: [keyOf(subjectId)],
        })),
        UNMET,
      );
    },
  };
}
