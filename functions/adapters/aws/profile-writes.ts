import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchWriteItemCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { invariant, ThrottledError, TransientError } from '../../kernel/invariant.ts';
import type {
  NodeWrite,
  PageWrite,
  PersonWrite,
  SubjectWrite,
  WriteUnit,
} from '../../pipeline/understand/ports.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, THROTTLING, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translate, translated } from './errors.ts';
import {
  type Item,
  NODE_ATTRIBUTES,
  NODE_PART,
  nodeItem,
  nodeValues,
  PERSON_PART,
  personItem,
  SUBJECT_ATTRIBUTES,
  seconds,
  subjectItem,
  subjectKey,
  subjectValues,
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
  for (const node of unit.nodes) {
    count('writeUnits', writeUnitsOf(nodeItem(node)));
    yield { unit: index, ...nodeStatement(tables.profiles, node) };
  }
  for (const subject of unit.subjects) {
    if (subject.next !== null)
      count('writeUnits', writeUnitsOf(subjectItem(subject.subjectId, subject.version, subject.next)));
    yield { unit: index, ...subjectStatement(tables.subjects, subject) };
  }
}

const assignments = (names: readonly string[]): string =>
  ['version', ...names].map((name) => `SET "${name}"=?`).join(' ');
const members = (names: readonly string[]): string =>
  ['version', ...names].map((name) => `'${name}':?`).join();

function nodeStatement(table: string, node: NodeWrite): Omit<Statement, 'unit'> {
  const values = [{ N: String(node.version + 1) }, ...nodeValues(node)];
  if (node.version === 0) {
    return {
      text: `INSERT INTO "${table}" VALUE {'id':?,'part':'${NODE_PART}',${members(NODE_ATTRIBUTES)}}`,
      values: [{ S: node.id }, ...values],
    };
  }
  return {
    text: `UPDATE "${table}" ${assignments(NODE_ATTRIBUTES)} WHERE "id"=? AND "part"='${NODE_PART}' AND "version"=?`,
    values: [...values, { S: node.id }, { N: String(node.version) }],
  };
}

/** Persons need no transaction with the rest: what they state is folded again when the rest comes again. */
function* personStatements(table: string, unit: WriteUnit, index: number): Generator<Statement> {
  for (const person of unit.persons ?? []) {
    count('writeUnits', writeUnitsOf(personItem(person)));
    yield { unit: index, ...personStatement(table, person) };
  }
}

const PERSON_ATTRIBUTES = ['sealed', 'writtenAt'];

function personStatement(
  table: string,
  { id, version, sealed, writtenAt }: PersonWrite,
): Omit<Statement, 'unit'> {
  const values = [{ N: String(version + 1) }, { B: sealed }, { N: String(writtenAt) }];
  if (version === 0) {
    return {
      text: `INSERT INTO "${table}" VALUE {'id':?,'part':'${PERSON_PART}',${members(PERSON_ATTRIBUTES)}}`,
      values: [{ S: id }, ...values],
    };
  }
  return {
    text: `UPDATE "${table}" ${assignments(PERSON_ATTRIBUTES)} WHERE "id"=? AND "part"='${PERSON_PART}' AND "version"=?`,
    values: [...values, { S: id }, { N: String(version) }],
  };
}

function subjectStatement(
  table: string,
  { subjectId, version, next }: SubjectWrite,
): Omit<Statement, 'unit'> {
  invariant(next !== null, 'a subject goes away only together with what takes its place');
  const values = [{ N: String(version + 1) }, ...subjectValues(next)];
  if (version === 0) {
    return {
      text: `INSERT INTO "${table}" VALUE {'subjectId':?,${members(SUBJECT_ATTRIBUTES)}}`,
      values: [{ S: subjectId }, ...values],
    };
  }
  return {
    text: `UPDATE "${table}" ${assignments(SUBJECT_ATTRIBUTES)} WHERE "subjectId"=? AND "version"=?`,
    values: [...values, { S: subjectId }, { N: String(version) }],
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
