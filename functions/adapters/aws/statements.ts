import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  type BatchStatementRequest,
} from '@aws-sdk/client-dynamodb';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, THROTTLING } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';

const STATEMENTS_PER_CALL_MAX = 25;

/** Codes of a statement that found nothing to do. */
type Expected = ReadonlySet<string>;
export const NONE: Expected = new Set();
/** There is no such item, or its condition does not hold. */
export const UNMET: Expected = new Set(['ConditionalCheckFailed']);
const TAKEN: Expected = new Set(['DuplicateItem']);

/**
 * Runs statements, each of an item of its own, in few calls.
 * @returns the places of those that found nothing to do @throws ThrottledError, TransientError
 */
export async function execute(
  statements: readonly BatchStatementRequest[],
  expected: Expected,
): Promise<ReadonlySet<number>> {
  const idle = new Set<number>();
  const places = chunks([...statements.keys()], STATEMENTS_PER_CALL_MAX);
  await inTurns(places, async (chunk) => {
    const Statements = chunk.flatMap((at) => statements[at] ?? []);
    const { Responses = [] } = await translated('dynamodb', () =>
      dynamodb().send(new BatchExecuteStatementCommand({ Statements })),
    );
    count('writeUnits', Statements.length);
    for (const [index, { Error: failure }] of Responses.entries()) {
      if (failure?.Code === undefined) continue;
      if (THROTTLING.test(failure.Code)) throw new ThrottledError('dynamodb asks to slow down');
      if (!expected.has(failure.Code)) throw new TransientError(`dynamodb: ${failure.Code}`);
      idle.add(chunk[index] ?? -1);
    }
  });
  return idle;
}

/** Inserts rows. @returns the places of those whose key is taken @throws ThrottledError, TransientError */
export const insertNew = (
  table: string,
  rows: readonly Readonly<Record<string, AttributeValue>>[],
): Promise<ReadonlySet<number>> =>
  execute(
    rows.map((row) => ({
      Statement: `INSERT INTO "${table}" VALUE {${Object.keys(row)
        .map((name) => `'${name}':?`)
        .join()}}`,
      Parameters: Object.values(row),
    })),
    TAKEN,
  );
