import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import type { SubjectId } from '../../contracts/ids.ts';
import { nodeOfSubjectId } from '../../contracts/subject.ts';
import type { Shelf } from '../../rights/retention/ports.ts';
import { dynamodb } from './clients.ts';
import type { Item } from './profile-items.ts';
import { judged, NOTHING_REMOVED, readNodes, refOf, removeEach, scan } from './retention-pages.ts';
import { isExpired, removeExpired } from './retention-tables.ts';

/** What waits for stewards. Reviews expire; a conflict has no time of its own, and goes with the customer. */
export function stewardshipShelf(name: string, table: string, profiles: string): Shelf {
  return {
    name,
    look: async (now, cursor, remove) => {
      const page = await scan(table, cursor);
      const nodes = await readNodes(profiles, page.items.filter(isConflict).map(nodeNamedBy));
      const { over, unjudged } = judged(page.items, (item) =>
        isConflict(item) ? nodes(nodeNamedBy(item)) === undefined : isExpired(item, now),
      );
      const { removed, refused } = remove
        ? await removeEach(over, (item) =>
            isConflict(item) ? removeOrphan(table, item) : removeExpired(table, keyOf(item), now),
          )
        : NOTHING_REMOVED;
      return {
        looked: page.items.length,
        over: over.length,
        removed,
        unjudged: [...unjudged, ...refused].map(({ reviewId }) => refOf(name, reviewId?.S ?? '')),
        cursor: page.cursor,
      };
    },
  };
}

const isConflict = ({ subjectId }: Item): boolean => subjectId?.S !== undefined;
const keyOf = ({ reviewId }: Item): Item => (reviewId === undefined ? {} : { reviewId });
const nodeNamedBy = ({ subjectId }: Item): string => nodeOfSubjectId((subjectId?.S ?? '') as SubjectId);

/** Unless somebody came back meanwhile, and contradicts themselves again. */
async function removeOrphan(table: string, { judgedAt, ...item }: Item): Promise<void> {
  await dynamodb().send(
    new DeleteItemCommand({
      TableName: table,
      Key: keyOf(item),
      ConditionExpression: 'judgedAt = :judged',
      ExpressionAttributeValues: { ':judged': judgedAt ?? { N: '0' } },
    }),
  );
}
