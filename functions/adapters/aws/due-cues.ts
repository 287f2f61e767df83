import { crc32 } from 'node:zlib';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { asSubjectId } from '../../contracts/ids.ts';
import { CUE_DAYS } from '../../contracts/retention.ts';
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import type { DueCue, FallenDue } from '../../pipeline/understand/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, untilDone } from './batching.ts';
import { dynamodb } from './clients.ts';
import { translated } from './errors.ts';

/** Each minute is spread over this many partitions, so that one busy minute is no hot key. */
const SLOTS_PER_MINUTE = 4;
const WRITES_PER_CALL_MAX = 25;
const PAGE_MAX = 200;
/** Minutes before the last sweep that are looked at again: a slow writer may have armed a cue in one of them. */
const OVERLAP_MINUTES = 5;
/** After a long time without a sweep one may not get through in the time that it has: it notes how far it came this often. */
const NOTED_EVERY_MINUTES = 60;
/** Where a stack's first sweep begins. */
const FIRST_LOOK_BACK_MS = HOUR_MS;
const PROGRESS_KEY = { slot: { S: 'progress' }, cue: { S: 'progress' } };

type Item = Record<string, AttributeValue>;

const slotOf = (minute: number, spread: number): string =>
  `${new Date(minute * MINUTE_MS).toISOString().slice(0, 16)}#${spread}`;
const minuteOf = (at: EpochMs): number => Math.floor(at / MINUTE_MS);
const slotFor = ({ subjectId, dueAt }: DueCue): string =>
  slotOf(minuteOf(dueAt), crc32(subjectId) % SLOTS_PER_MINUTE);

/** Absence cues by the minute in which they fall due. */
export function dueCues(table = required('DUE_CUES_TABLE')) {
  /** Minutes of the cues that the sweep was given and has not forgotten. */
  const left = new Map<string, number>();
  return {
    /** Arms cues; arming one twice changes nothing. @throws ThrottledError, TransientError */
    arm: async (cues: readonly DueCue[]): Promise<void> => {
      const items = new Map<string, Item>();
      for (const cue of cues) {
        const slot = slotFor(cue);
        items.set(`${slot} ${cue.subjectId}`, {
          slot: { S: slot },
          cue: { S: cue.subjectId },
          dueAt: { N: String(cue.dueAt) },
          expiresAt: { N: String(Math.ceil((cue.dueAt + CUE_DAYS * DAY_MS) / 1_000)) },
        });
      }
      await writeAll(
        table,
        [...items.values()].map((item) => ({ PutRequest: { Item: item } })),
      );
    },
    due: (now: EpochMs) => due(table, now, left),
    /** Forgets cues that have not fallen due. @throws ThrottledError, TransientError */
    disarm: async (cues: readonly DueCue[]): Promise<void> => {
      const keys = new Map(cues.map((cue) => [`${slotFor(cue)} ${cue.subjectId}`, cue]));
      await writeAll(
        table,
        [...keys.values()].map((cue) => ({
          DeleteRequest: { Key: { slot: { S: slotFor(cue) }, cue: { S: cue.subjectId } } },
        })),
      );
    },
    /** Forgets cues that were looked at. @throws ThrottledError, TransientError */
    forget: async (cues: readonly FallenDue[]): Promise<void> => {
      await writeAll(
        table,
        cues.map((cue) => ({ DeleteRequest: { Key: { slot: { S: cue.slot }, cue: { S: cue.subjectId } } } })),
      );
      for (const cue of cues) left.delete(nameOf(cue));
    },
  };
}

type WriteRequest = { PutRequest: { Item: Item } } | { DeleteRequest: { Key: Item } };

async function writeAll(table: string, requests: readonly WriteRequest[]): Promise<void> {
  count('writeUnits', requests.length);
  await inTurns(chunks(requests, WRITES_PER_CALL_MAX), (chunk) =>
    untilDone('dynamodb', chunk, async (batch) => {
      const answer = await dynamodb().send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }));
      return (answer.UnprocessedItems?.[table] ?? []) as WriteRequest[];
    }),
  );
}

const nameOf = ({ slot, subjectId }: FallenDue): string => `${slot} ${subjectId}`;

/** Cues due by `now`, page by page. Progress is noted as the consumer takes them, and never past one that it left: what it
 * did not come to, or could not settle, is there for the next sweep. */
async function* due(
  table: string,
  now: EpochMs,
  left: Map<string, number>,
): AsyncGenerator<readonly FallenDue[]> {
  left.clear();
  const note = (minute: number): Promise<void> => noteProgress(table, Math.min(minute, ...left.values()));
  const from = await progress(table, now);
  for (let minute = from; minute <= minuteOf(now); minute += 1) {
    for (let spread = 0; spread < SLOTS_PER_MINUTE; spread += 1) {
      for await (const page of dueIn(table, slotOf(minute, spread), now)) {
        for (const cue of page) left.set(nameOf(cue), minute);
        yield page;
      }
    }
    if ((minute - from + 1) % NOTED_EVERY_MINUTES === 0) await note(minute - OVERLAP_MINUTES);
  }
  await note(minuteOf(now) - OVERLAP_MINUTES);
}

/** @param minute where the next sweep begins */
async function noteProgress(table: string, minute: number): Promise<void> {
  await translated('dynamodb', () =>
    dynamodb().send(
      new PutItemCommand({ TableName: table, Item: { ...PROGRESS_KEY, minute: { N: String(minute) } } }),
    ),
  );
  count('writeUnits');
}

async function progress(table: string, now: EpochMs): Promise<number> {
  const { Item } = await translated('dynamodb', () =>
    dynamodb().send(new GetItemCommand({ TableName: table, Key: PROGRESS_KEY, ConsistentRead: true })),
  );
  count('readUnits');
  const oldest = minuteOf(now - CUE_DAYS * DAY_MS);
  return Math.max(oldest, Number(Item?.minute?.N ?? minuteOf(now - FIRST_LOOK_BACK_MS)));
}

async function* dueIn(table: string, slot: string, now: EpochMs): AsyncGenerator<readonly FallenDue[]> {
  let start: Item | undefined;
  do {
    const from = start;
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'slot = :slot',
          ExpressionAttributeValues: { ':slot': { S: slot } },
          Limit: PAGE_MAX,
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    const cues = (answer.Items ?? []).map((item) => ({
      slot,
      subjectId: asSubjectId(item.cue?.S ?? ''),
      dueAt: Number(item.dueAt?.N),
    }));
    const fallen = cues.filter((cue) => cue.dueAt <= now);
    if (fallen.length > 0) yield fallen;
    start = answer.LastEvaluatedKey;
  } while (start !== undefined);
}
