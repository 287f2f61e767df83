import {
  ConditionalCheckFailedException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { asIdentifierToken } from '../../contracts/ids.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { Shelf } from '../../rights/retention/ports.ts';
import { asKeptAt } from '../kept.ts';
import { inTurns } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translate } from './errors.ts';
import { type Item, nodeKey } from './profile-items.ts';
import { judged, readNodes, refOf, removeEach, scan } from './retention-pages.ts';
import { UNUSED_SINCE } from './subject-keys.ts';

interface IdleKey {
  readonly id: string;
  /** When a sweep first found that nothing is known of the atom; null when this is the first. */
  readonly unusedSince: EpochMs | null;
}

/**
 * Secrets of atoms. One of whom nothing is known any more seals archived rows only, and the last of those was received before
 * its profile was found gone; so it is noted then, and goes as many days later as the longest class of rows is kept. Whoever
 * returns meanwhile takes the note off (`SubjectKeyring.create`); whoever returns later gets a new secret. The secrets
 * themselves are not read.
 */
export function secretsShelf(
  name: string,
  tables: { readonly keys: string; readonly profiles: string },
  rowDaysMax: number,
): Shelf {
  return {
    name,
    look: async (now, cursor, remove) => {
      const page = await scan(tables.keys, cursor, undefined, ['id', UNUSED_SINCE]);
      const nodes = await readNodes(
        tables.profiles,
        page.items.map((item) => item.id?.S ?? ''),
      );
      const { over: idle, unjudged } = judged(page.items.map(toIdle), ({ id }) => {
        const node = nodes(id);
        return node === undefined || asKeptAt(node, now).state === null;
      });
      const over = idle.filter(
        ({ unusedSince }) => unusedSince !== null && unusedSince + rowDaysMax * DAY_MS <= now,
      );
      const { removed, refused } = remove
        ? await removeEach(over, (key) => removedKey(tables, key))
        : { removed: 0, refused: [] };
      if (remove)
        await inTurns(
          idle.filter(({ unusedSince }) => unusedSince === null),
          ({ id }) => noted(tables.keys, id, now),
        );
      return {
        looked: page.items.length,
        over: over.length,
        removed,
        unjudged: [...unjudged, ...refused].map(({ id }) => refOf(name, id)),
        cursor: page.cursor,
      };
    },
  };
}

const toIdle = (item: Item): IdleKey => {
  const since = item[UNUSED_SINCE]?.N;
  return { id: item.id?.S ?? '', unusedSince: since === undefined ? null : Number(since) };
};

async function noted(table: string, id: string, now: EpochMs): Promise<void> {
  try {
    await dynamodb().send(
      new UpdateItemCommand({
        TableName: table,
        Key: { id: { S: id } },
        UpdateExpression: `SET ${UNUSED_SINCE} = :now`,
        ConditionExpression: `attribute_exists(id) AND attribute_not_exists(${UNUSED_SINCE})`,
        ExpressionAttributeValues: { ':now': { N: String(now) } },
      }),
    );
  } catch (error) {
    // Erased or noted meanwhile.
    if (!(error instanceof ConditionalCheckFailedException)) throw translate('dynamodb', error);
  }
}

/** Removes a secret unless its atom has come back: by a profile, or by the note being gone. */
async function removedKey(
  tables: { readonly keys: string; readonly profiles: string },
  { id, unusedSince }: IdleKey,
): Promise<void> {
  await dynamodb().send(
    new TransactWriteItemsCommand({
      TransactItems: [
        {
          ConditionCheck: {
            TableName: tables.profiles,
            Key: nodeKey(asIdentifierToken(id)),
            ConditionExpression: 'attribute_not_exists(#state) OR attribute_type(#state, :null)',
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':null': { S: 'NULL' } },
          },
        },
        {
          Delete: {
            TableName: tables.keys,
            Key: { id: { S: id } },
            ConditionExpression: `${UNUSED_SINCE} = :since`,
            ExpressionAttributeValues: { ':since': { N: String(unusedSince) } },
          },
        },
      ],
    }),
  );
}
