import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchWriteItemCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { invariant, ThrottledError, TransientError } from '../../kernel/invariant.ts';
import type { PageWrite, WriteUnit } from '../../pipeline/understand/ports.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, THROTTLING, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import {
  type Item,
  nodeItem,
  personItem,
  seconds,
  subjectItem,
  subjectKey,
  writeUnitsOf,
} from './profile-items.ts';

/** Limits of the DynamoDB API. */
const STATEMENTS_PER_CALL_MAX = 25;
const PUTS_PER_CALL_MAX = 25;
const TRANSACTION_ITEMS_MAX = 100;

/** Answers of a single statement that mean "somebody else wrote first". */
const CONFLICTS: ReadonlySet<string> = new Set([
  'ConditionalCheckFailed',
  'DuplicateItem',
  'TransactionConflict',
]);

export interface ProfileTables {
  readonly profiles: string;
  readonly subjects: string;
}

/** Writes units as `ProfileStore.write` says. */
export async function writeProfiles(
  tables: ProfileTables,
  units: readonly WriteUnit[],
): Promise<readonly ('written' | 'conflict')[]> {
  await writePages(
    tables.profiles,
    units.flatMap((unit) => unit.pages),
  );
  const results = units.map((): 'written' | 'conflict' => 'written');
  const statements: Statement[] = [];
  const transactions: number[] = [];
  for (const [index, unit] of units.entries()) {
    statements.push(...personStatements(tables.profiles, unit, index));
    if (unit.atomic && unit.nodes.length + unit.subjects.length > 1) transactions.push(index);
    else statements.push(...statementsOf(tables, unit, index));
  }
  const noteConflict = (index: number): void => {
    results[index] = 'conflict';
    count('conflicts');
  };
  await Promise.all([
    inTurns(chunks(statements, STATEMENTS_PER_CALL_MAX), (batch) => execute(batch, noteConflict)),
    inTurns(
      transactions.map((index) => ({ index, unit: units[index] })),
      async ({ index, unit }) => {
        if (unit !== undefined && !(await transact(tables, unit))) noteConflict(index);
      },
    ),
  ]);
  return results;
}

async function writePages(table: string, pages: readonly PageWrite[]): Promise<void> {
  const requests = pages.map((page) => {
    const Item: Item = {
      id: { S: page.atomId },
      part: { S: page.key },
      messages: { B: Buffer.from(page.messages.join(''), 'base64url') },
      expiresAt: seconds(page.keptUntil),
    };
    count('writeUnits', writeUnitsOf(Item));
    return { PutRequest: { Item } };
  });
  await inTurns(chunks(requests, PUTS_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (puts) => {
      const answer = await dynamodb().send(new BatchWriteItemCommand({ RequestItems: { [table]: puts } }));
      return (answer.UnprocessedItems?.[table] ?? []).map(({ PutRequest }) => ({
        PutRequest: { Item: PutRequest?.Item ?? {} },
      }));
    }),
  );
}

interface Statement {
  readonly unit: number;
  readonly text: string;
  readonly values: AttributeValue[];
}

/** One PartiQL statement an item, each with its own condition: 25 conditional writes in one call, where the plain API
 * takes a call each, and half a millisecond of CPU. */
function* statementsOf(tables: ProfileTables, unit: WriteUnit, index: number): Generator<Statement> {
  for (const node of unit.nodes)
    yield { unit: index, ...statementOf(tables.profiles, PROFILE_KEYS, nodeItem(node), node.version) };
  for (const { subjectId, version, next } of unit.subjects) {
    invariant(next !== null, 'a subject goes away only together with what takes its place');
    const item = subjectItem(subjectId, version, next);
    yield { unit: index, ...statementOf(tables.subjects, SUBJECT_KEYS, item, version) };
  }
}

/** Persons need no transaction with the rest: what they state is folded again when the rest comes again. */
function* personStatements(table: string, unit: WriteUnit, index: number): Generator<Statement> {
  for (const person of unit.persons ?? [])
    yield { unit: index, ...statementOf(table, PROFILE_KEYS, personItem(person), person.version) };
}

const PROFILE_KEYS = ['id', 'part'];
const SUBJECT_KEYS = ['subjectId'];

/** Writes an item where that of this version lies, or (of version 0) where none does. */
function statementOf(
  table: string,
  keys: readonly string[],
  item: Item,
  version: number,
): Omit<Statement, 'unit'> {
  count('writeUnits', writeUnitsOf(item));
  const others = Object.keys(item).filter((name) => !keys.includes(name));
  const valuesOf = (names: readonly string[]): AttributeValue[] => names.flatMap((name) => item[name] ?? []);
  if (version === 0) {
    const members = [...keys, ...others].map((name) => `'${name}':?`);
    return {
      text: `INSERT INTO "${table}" VALUE {${members.join()}}`,
      values: valuesOf([...keys, ...others]),
    };
  }
  const assigned = others.map((name) => `SET "${name}"=?`);
  const conditions = [...keys, 'version'].map((name) => `"${name}"=?`);
  return {
    text: `UPDATE "${table}" ${assigned.join(' ')} WHERE ${conditions.join(' AND ')}`,
    values: [...valuesOf([...others, ...keys]), { N: String(version) }],
  };
}

async function execute(batch: readonly Statement[], noteConflict: (unit: number) => void): Promise<void> {
  const answer = await translated('dynamodb', () =>
    dynamodb().send(
      new BatchExecuteStatementCommand({
        Statements: batch.map(({ text, values }) => ({ Statement: text, Parameters: values })),
      }),
    ),
  );
  for (const [index, response] of (answer.Responses ?? []).entries()) {
    const code = response.Error?.Code;
    if (code === undefined) continue;
    if (THROTTLING.test(code)) throw new ThrottledError('dynamodb asks to slow down');
    if (!CONFLICTS.has(code)) throw new TransientError(`dynamodb: ${code}`);
    noteConflict(batch[index]?.unit ?? 0);
  }
}

const unchanged = (
  version: number,
  key: string,
): { ConditionExpression: string; ExpressionAttributeValues?: Item } =>
  version === 0
    ? { ConditionExpression: `attribute_not_exists(${key})` }
    : {
        ConditionExpression: 'version = :version',
        ExpressionAttributeValues: { ':version': { N: String(version) } },
      };

/** Identity changes are all or nothing. @returns false when somebody else wrote first */
async function transact(tables: ProfileTables, unit: WriteUnit): Promise<boolean> {
  const items: TransactWriteItem[] = [
    ...unit.nodes.map((node) => ({
      Put: { TableName: tables.profiles, Item: nodeItem(node), ...unchanged(node.version, 'id') },
    })),
    ...unit.subjects.map(({ subjectId, version, next }) =>
      next === null
        ? {
            Delete: {
              TableName: tables.subjects,
              Key: subjectKey(subjectId),
              ...unchanged(version, 'subjectId'),
            },
          }
        : {
            Put: {
              TableName: tables.subjects,
              Item: subjectItem(subjectId, version, next),
              ...unchanged(version, 'subjectId'),
            },
          },
    ),
  ];
  invariant(items.length <= TRANSACTION_ITEMS_MAX, 'an identity change beyond what one transaction holds');
  // A transaction writes every item twice over.
  for (const { Put } of items)
    count('writeUnits', 2 * (Put?.Item === undefined ? 1 : writeUnitsOf(Put.Item)));
  try {
    await dynamodb().send(new TransactWriteItemsCommand({ TransactItems: items }));
    return true;
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw translate('dynamodb', error);
    const codes = (error.CancellationReasons ?? [])
      .map((reason) => reason.Code ?? 'None')
      .filter((code) => code !== 'None');
    if (codes.some((code) => THROTTLING.test(code))) throw new ThrottledError('dynamodb asks to slow down');
    if (codes.every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict'))
      return false;
    throw new TransientError(`dynamodb: transaction cancelled, ${codes.join('+')}`, { cause: error });
  }
}
