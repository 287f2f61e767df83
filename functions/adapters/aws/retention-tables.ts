import {
  type AttributeValue,
  DeleteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import { NOTHING_PUBLISHED } from '../../contracts/subject.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { lastEnd } from '../../pipeline/3-profile/kept.ts';
import type { StoredNode } from '../../pipeline/understand/ports.ts';
import type { Look, Shelf } from '../../rights/retention/ports.ts';
import { asKeptAt, hasFacts, mayBeKnown } from '../kept.ts';
import { dynamodb } from './clients.ts';
import {
  type Item,
  NODE_PART,
  nodeItem,
  nodeKey,
  PERSON_PART,
  subjectKey,
  toNode,
  toPerson,
  toSubject,
} from './profile-items.ts';
import {
  judged,
  mayPass,
  NOTHING_REMOVED,
  type NodesRead,
  readNodes,
  refOf,
  removeEach,
  scan,
} from './retention-pages.ts';

const wholeSeconds = (now: EpochMs): string => String(Math.floor(now / 1_000));
/** @throws InvariantError when it does not say when */
export function isExpired({ expiresAt }: Item, now: EpochMs): boolean {
  if (expiresAt === undefined || expiresAt.NULL === true) return false;
  invariant(expiresAt.N !== undefined, 'an item whose end is no time');
  return Number(expiresAt.N) * 1_000 <= now;
}
const textOf = (value: AttributeValue | undefined): string => value?.S ?? value?.N ?? '';

export const removeExpired = async (table: string, key: Item, now: EpochMs): Promise<void> => {
  await dynamodb().send(
    new DeleteItemCommand({
      TableName: table,
      Key: key,
      ConditionExpression: 'expiresAt <= :now',
      ExpressionAttributeValues: { ':now': { N: wholeSeconds(now) } },
    }),
  );
};

/** A table whose items expire by themselves. @param keys names of its key attributes */
export function expiringShelf(name: string, table: string, keys: readonly string[]): Shelf {
  return {
    name,
    look: async (now, cursor, remove) => {
      const page = await scan(table, cursor);
      const { over, unjudged } = judged(page.items, (item) => isExpired(item, now));
      const { removed, refused } = remove
        ? await removeEach(over, (item) => removeExpired(table, picked(item, keys), now))
        : NOTHING_REMOVED;
      return {
        looked: page.items.length,
        over: over.length,
        removed,
        unjudged: [...unjudged, ...refused].map((item) =>
          refOf(name, ...keys.map((key) => textOf(item[key]))),
        ),
        cursor: page.cursor,
      };
    },
  };
}

const picked = (item: Item, keys: readonly string[]): Item =>
  Object.fromEntries(keys.flatMap((key) => (item[key] === undefined ? [] : [[key, item[key]]])));

/** Whether nothing that was learnt from a node's signals is in its time. */
const isOver = ({ keptUntil }: StoredNode, now: EpochMs): boolean =>
  keptUntil !== null && lastEnd(keptUntil) <= now;
/** Whether something leans on a node, or it says what must not be processed: it is emptied then, and not removed. */
const isNeeded = (node: StoredNode): boolean =>
  node.subjectId !== null || node.saturated || node.erasedAt !== null || node.restrictedUntil !== null;

/** Atoms, and what lies beside them.
 * @param forget takes atoms out of what was derived from their persons, before these go */
export function profilesShelf(
  name: string,
  table: string,
  forget: (atomIds: readonly AtomId[]) => Promise<void>,
): Shelf {
  return {
    name,
    look: async (now, cursor, remove) => {
      const page = await scan(table, cursor);
      const timeless = page.items.filter(
        (item) => item.part?.S !== NODE_PART && item.expiresAt?.N === undefined,
      );
      const nodes = await readNodes(
        table,
        timeless.map((item) => textOf(item.id)),
      );
      const { over, unjudged } = judged(page.items, (item) => isOverOrAlone(item, nodes, now));
      const orphans = over.filter((item) => timeless.includes(item)).map((item) => toPerson(item).id);
      const { removed, refused } = remove
        ? await removedAll(table, over, await stillFound(orphans, forget), now)
        : NOTHING_REMOVED;
      return {
        looked: page.items.length,
        over: over.length,
        removed,
        unjudged: [...unjudged, ...refused].map(({ id, part }) => refOf(name, textOf(id), textOf(part))),
        cursor: page.cursor,
      };
    },
  };
}

/** Whether an item of the table is past its time. What lies beside a node and has no time of its own goes with what was learnt
 * from the node's signals. */
function isOverOrAlone(item: Item, nodes: NodesRead, now: EpochMs): boolean {
  if (item.part?.S === NODE_PART) {
    const node = toNode(item);
    return asKeptAt(node, now) !== node;
  }
  if (item.expiresAt?.N !== undefined) return isExpired(item, now);
  return !mayBeKnown(toPerson(item), nodes(textOf(item.id)), now);
}

/** Takes atoms out of what was derived from their persons: all at once, or one by one where one of them keeps the others.
 * @returns those that cannot be taken out, whose persons have to stay: by them one finds where they stand
 * @throws ThrottledError, TransientError */
async function stillFound(
  atomIds: readonly AtomId[],
  forget: (atomIds: readonly AtomId[]) => Promise<void>,
): Promise<ReadonlySet<AtomId>> {
  const found = new Set<AtomId>();
  for (const batch of atomIds.length === 0 ? [] : [atomIds, ...atomIds.map((id) => [id])]) {
    try {
      await forget(batch);
      if (batch === atomIds) break;
    } catch (error) {
      if (mayPass(error)) throw error;
      if (batch !== atomIds) for (const id of batch) found.add(id);
    }
  }
  return found;
}

async function removedAll(
  table: string,
  over: readonly Item[],
  kept: ReadonlySet<AtomId>,
  now: EpochMs,
): ReturnType<typeof removeEach<Item>> {
  const isKept = (item: Item): boolean => item.part?.S === PERSON_PART && kept.has(toPerson(item).id);
  const { removed, refused } = await removeEach(
    over.filter((item) => !isKept(item)),
    (item) => removedOf(table, item, now),
  );
  return { removed, refused: [...over.filter(isKept), ...refused] };
}

async function removedOf(table: string, item: Item, now: EpochMs): Promise<void> {
  const key = picked(item, ['id', 'part']);
  if (item.part?.S === NODE_PART) {
    const node = toNode(item);
    const left = asKeptAt(node, now);
    await (left.state !== null || isNeeded(node) ? stripped(table, left) : removedNode(table, node));
  } else if (item.expiresAt?.N !== undefined) await removeExpired(table, key, now);
  else
    await dynamodb().send(new DeleteItemCommand({ TableName: table, Key: key, ...asRead(toPerson(item)) }));
}

const asRead = (
  node: Pick<StoredNode, 'version'>,
): { ConditionExpression: string; ExpressionAttributeValues: Item } => ({
  ConditionExpression: 'version = :version',
  ExpressionAttributeValues: { ':version': { N: String(node.version) } },
});

async function removedNode(table: string, node: StoredNode): Promise<void> {
  await dynamodb().send(new DeleteItemCommand({ TableName: table, Key: nodeKey(node.id), ...asRead(node) }));
}

/** Writes a node as it may still be. */
async function stripped(table: string, node: StoredNode): Promise<void> {
  await dynamodb().send(new PutItemCommand({ TableName: table, Item: nodeItem(node), ...asRead(node) }));
}

/** Subjects looked at in one look: the nodes of each are read too. */
const SUBJECTS_MAX = 50;

interface FoundSubject {
  readonly subjectId: SubjectId;
  readonly version: number;
  /** Whether anything is noted of what the outside was told. */
  readonly isPublished: boolean;
  readonly own: readonly StoredNode[];
}

/**
 * Subjects of several identifiers. One goes, with all its nodes, when nothing that was learnt of any of them is left. When
 * nothing but choices is, what was told of it goes; who is joined to whom stays, since the choices hold for all of them.
 */
export function subjectsShelf(
  name: string,
  tables: { readonly profiles: string; readonly subjects: string },
): Shelf {
  return {
    name,
    look: async (now, cursor, remove): Promise<Look> => {
      const page = await scan(tables.subjects, cursor, SUBJECTS_MAX);
      const subjects = judged(page.items, (item) => toSubject(item).length > 0);
      const nodes = await readNodes(
        tables.profiles,
        subjects.over.flatMap((item) => toSubject(item)[1].graph.nodes),
      );
      const { over, unjudged } = judged(subjects.over, (item) => {
        const subject = foundIn(item, nodes);
        return isGone(subject, now) || isToQuiet(subject, now);
      });
      const { removed, refused } = remove
        ? await removeEach(over, async (item) => {
            const subject = foundIn(item, nodes);
            await (isGone(subject, now)
              ? removedSubject(tables, subject)
              : quieted(tables.subjects, subject));
          })
        : NOTHING_REMOVED;
      return {
        looked: page.items.length,
        over: over.length,
        removed,
        unjudged: [...subjects.unjudged, ...unjudged, ...refused].map((item) =>
          refOf(name, textOf(item.subjectId)),
        ),
        cursor: page.cursor,
      };
    },
  };
}

/** @throws whatever is wrong with the subject, or with one of its nodes */
function foundIn(item: Item, nodes: NodesRead): FoundSubject {
  const [subjectId, { version, graph, published }] = toSubject(item);
  return {
    subjectId,
    version,
    isPublished: JSON.stringify(published) !== JSON.stringify(NOTHING_PUBLISHED),
    own: graph.nodes.flatMap((id) => nodes(id) ?? []),
  };
}

/** Whether something was told of a subject of which nothing but choices is left. */
const isToQuiet = (subject: FoundSubject, now: EpochMs): boolean =>
  subject.isPublished && isBare(subject, now);

const isGone = ({ subjectId, own }: FoundSubject, now: EpochMs): boolean =>
  own.every(
    (node) =>
      node.subjectId === subjectId &&
      node.restrictedUntil === null &&
      node.erasedAt === null &&
      (node.keptUntil === null || isOver(node, now)),
  );

const isBare = ({ subjectId, own }: FoundSubject, now: EpochMs): boolean =>
  own.every((node) => node.subjectId === subjectId && !hasFacts(node, now));

async function removedSubject(
  tables: { readonly profiles: string; readonly subjects: string },
  { subjectId, version, own }: FoundSubject,
): Promise<void> {
  await dynamodb().send(
    new TransactWriteItemsCommand({
      TransactItems: [
        { Delete: { TableName: tables.subjects, Key: subjectKey(subjectId), ...asRead({ version }) } },
        ...own.map((node) => ({
          Delete: { TableName: tables.profiles, Key: nodeKey(node.id), ...asRead(node) },
        })),
      ],
    }),
  );
}

/** Writes a subject of which nothing was told. */
async function quieted(table: string, { subjectId, version }: FoundSubject): Promise<void> {
  const read = asRead({ version });
  await dynamodb().send(
    new UpdateItemCommand({
      TableName: table,
      Key: subjectKey(subjectId),
      ConditionExpression: read.ConditionExpression,
      UpdateExpression: 'SET version = :next, published = :nothing',
      ExpressionAttributeValues: {
        ...read.ExpressionAttributeValues,
        ':next': { N: String(version + 1) },
        ':nothing': { S: JSON.stringify(NOTHING_PUBLISHED) },
      },
    }),
  );
}
