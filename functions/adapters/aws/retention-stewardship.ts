import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import type { SubjectId } from '../../contracts/ids.ts';
import { nodeOfSubjectId } from '../../contracts/subject.ts';
import type { Shelf } from '../../rights/retention/ports.ts';
import { dynamodb } from './clients.ts';
import type { Item } from './profile-items.ts';
import { readNodes, removeEach, scan } from './retention-pages.ts';
import { isExpired, removeExpired } from './retention-tables.ts';

/** What waits for stewards. Reviews expire; a conflict has no time of its own, and goes with the customer. */
export function stewardshipShelf(name: string, table: string, profiles: string): Shelf {
  return {
    name,
    look: async (now, cursor, remove) => {
      const page = await scan(table, cursor);
      const expired = page.items.filter((item) => isExpired(item, now));
      const conflicts = page.items.filter(({ subjectId }) => subjectId?.S !== undefined);
      const nodes = await readNodes(profiles, conflicts.map(nodeNamedBy));
      const orphans = conflicts.filter((item) => !nodes.has(nodeNamedBy(item)));
      const removed = remove
        ? (await removeEach(expired, (item) => removeExpired(table, keyOf(item), now))) +
          (await removeEach(orphans, (item) => removeOrphan(table, item)))
        : 0;
      const over = expired.length + orphans.length;
      return { looked: page.items.length, over, removed, cursor: page.cursor };
    },
  };
}

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
