import {
  DeleteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import { NOTHING_PUBLISHED } from '../../contracts/subject.ts';
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
  subjectKey,
  toNode,
  toPerson,
  toSubject,
} from './profile-items.ts';
import { readNodes, removeEach, scan } from './retention-pages.ts';

const wholeSeconds = (now: EpochMs): string => String(Math.floor(now / 1_000));
export const isExpired = (item: Item, now: EpochMs): boolean =>
  item.expiresAt?.N !== undefined && Number(item.expiresAt.N) * 1_000 <= now;

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
      const over = page.items.filter((item) => isExpired(item, now));
      const removed = remove
        ? await removeEach(over, (item) => removeExpired(table, picked(item, keys), now))
        : 0;
      return { looked: page.items.length, over: over.length, removed, cursor: page.cursor };
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
      const nodes = page.items
        .filter((item) => item.part?.S === NODE_PART)
        .map(toNode)
        .filter((node) => asKeptAt(node, now) !== node);
      const beside = page.items.filter((item) => item.part?.S !== NODE_PART);
      const expired = beside.filter((item) => isExpired(item, now));
      const orphans = await withoutNode(
        table,
        beside.filter((item) => item.expiresAt?.N === undefined),
        now,
      );
      const over = nodes.length + expired.length + orphans.length;
      const found = { looked: page.items.length, over, cursor: page.cursor };
      if (!remove) return { ...found, removed: 0 };
      if (orphans.length > 0) await forget(orphans.map((item) => toPerson(item).id));
      const removed = [
        await removeEach(nodes, async (node) => {
          const left = asKeptAt(node, now);
          await (left.state !== null || isNeeded(node) ? stripped(table, left) : removedNode(table, node));
        }),
        await removeEach(expired, (item) => removeExpired(table, picked(item, ['id', 'part']), now)),
        await removeEach(orphans, async (item) => {
          await dynamodb().send(
            new DeleteItemCommand({
              TableName: table,
              Key: picked(item, ['id', 'part']),
              ...asRead(toPerson(item)),
            }),
          );
        }),
      ];
      return { ...found, removed: removed.reduce((sum, count) => sum + count, 0) };
    },
  };
}

/** What lies beside a node and has no time of its own goes with what was learnt from the node's signals. */
async function withoutNode(table: string, beside: readonly Item[], now: EpochMs): Promise<readonly Item[]> {
  if (beside.length === 0) return [];
  const nodes = await readNodes(table, [...new Set(beside.map((item) => item.id?.S ?? ''))]);
  return beside.filter((item) => !mayBeKnown(toPerson(item), nodes.get(item.id?.S ?? ''), now));
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
      const subjects = await withNodes(page.items, tables.profiles);
      const gone = subjects.filter((subject) => isGone(subject, now));
      const quiet = subjects.filter(
        (subject) => subject.isPublished && !isGone(subject, now) && isBare(subject, now),
      );
      const removed = remove
        ? (await removeEach(gone, (subject) => removedSubject(tables, subject))) +
          (await removeEach(quiet, (subject) => quieted(tables.subjects, subject)))
        : 0;
      return { looked: page.items.length, over: gone.length + quiet.length, removed, cursor: page.cursor };
    },
  };
}

async function withNodes(items: readonly Item[], profiles: string): Promise<readonly FoundSubject[]> {
  const subjects = items.map(toSubject);
  const nodes = await readNodes(
    profiles,
    subjects.flatMap(([, { graph }]) => graph.nodes),
  );
  return subjects.map(([subjectId, { version, graph, published }]) => ({
    subjectId,
    version,
    isPublished: JSON.stringify(published) !== JSON.stringify(NOTHING_PUBLISHED),
    own: graph.nodes.flatMap((id) => nodes.get(id) ?? []),
  }));
}

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
