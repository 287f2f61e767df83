import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ThrottledError, TransientError } from '../../kernel/invariant.ts';
import type {
  Block,
  CandidateKey,
  CandidateStore,
  CandidateWrite,
  DistinctSample,
  Stored,
} from '../../pipeline/2-identify/probabilistic/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, THROTTLING, unitsOf, untilDone } from './batching.ts';
import { CANDIDATE_ATTRIBUTES, candidateValues, toCandidateEntry } from './candidate-items.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';
import { writeUnitsOf } from './profile-items.ts';

/** Limits of the DynamoDB API. */
const GETS_PER_CALL_MAX = 100;
const STATEMENTS_PER_CALL_MAX = 25;

/** Answers of a single statement that mean "somebody else wrote first". */
const CONFLICTS: ReadonlySet<string> = new Set([
  'ConditionalCheckFailed',
  'DuplicateItem',
  'TransactionConflict',
]);

/** The index of records by what they say, in DynamoDB: keyed hashes and atom ids. An entry is a kilobyte at most, which is
 * one write unit. */
export function candidateStore(table = required('CANDIDATES_TABLE')): CandidateStore {
  return {
    async read(blocks, samples, consistent) {
      const found = {
        blocks: new Map<CandidateKey, Stored<Block>>(),
        samples: new Map<CandidateKey, Stored<DistinctSample>>(),
      };
      await inTurns(chunks([...new Set([...blocks, ...samples])], GETS_PER_CALL_MAX), (chunk) =>
        untilDone('dynamodb', chunk, async (keys) => {
          const answer = await dynamodb().send(
            new BatchGetItemCommand({
              RequestItems: {
                [table]: { Keys: keys.map((id) => ({ id: { S: id } })), ConsistentRead: consistent },
              },
              ReturnConsumedCapacity: 'TOTAL',
            }),
          );
          count('readUnits', unitsOf(answer.ConsumedCapacity));
          for (const item of answer.Responses?.[table] ?? []) {
            const entry = toCandidateEntry(item);
            if ('block' in entry) found.blocks.set(entry.key, entry.block);
            else found.samples.set(entry.key, entry.sample);
          }
          return (answer.UnprocessedKeys?.[table]?.Keys ?? []).map((key) => key.id?.S ?? '');
        }),
      );
      return found;
    },
    async write(writes) {
      const conflicts: CandidateKey[] = [];
      await inTurns(chunks(writes, STATEMENTS_PER_CALL_MAX), async (chunk) => {
        conflicts.push(...(await execute(table, chunk)));
      });
      return conflicts;
    },
  };
}

/** @returns the keys that somebody else wrote first */
async function execute(table: string, writes: readonly CandidateWrite[]): Promise<readonly CandidateKey[]> {
  const answer = await translated('dynamodb', () =>
    dynamodb().send(
      new BatchExecuteStatementCommand({ Statements: writes.map((write) => statementOf(table, write)) }),
    ),
  );
  const conflicts: CandidateKey[] = [];
  for (const [index, { Error: error }] of (answer.Responses ?? []).entries()) {
    const code = error?.Code;
    const write = writes[index];
    if (code === undefined || write === undefined) continue;
    if (THROTTLING.test(code)) throw new ThrottledError('dynamodb asks to slow down');
    if (!CONFLICTS.has(code)) throw new TransientError(`dynamodb: ${code}`);
    conflicts.push(write.key);
  }
  return conflicts;
}

function statementOf(
  table: string,
  write: CandidateWrite,
): { readonly Statement: string; readonly Parameters: AttributeValue[] } {
  const values = candidateValues(write);
  const id = { S: write.key };
  const item = Object.fromEntries(values.map((value, at) => [CANDIDATE_ATTRIBUTES[at] ?? '', value]));
  count('writeUnits', writeUnitsOf({ id, ...item }));
  if (write.version === 0) {
    const members = CANDIDATE_ATTRIBUTES.map((name) => `'${name}':?`).join();
    return { Statement: `INSERT INTO "${table}" VALUE {'id':?,${members}}`, Parameters: [id, ...values] };
  }
  const assignments = CANDIDATE_ATTRIBUTES.map((name) => `SET "${name}"=?`).join(' ');
  return {
    Statement: `UPDATE "${table}" ${assignments} WHERE "id"=? AND "version"=?`,
    Parameters: [...values, id, { N: String(write.version) }],
  };
}
