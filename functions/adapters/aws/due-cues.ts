import { crc32 } from 'node:zlib';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
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
import { readItem } from './read-item.ts';

/** Each minute is spread over this many partitions, so that one busy minute is no hot key. */
const SLOTS_PER_MINUTE = 4;
const WRITES_PER_CALL_MAX = 25;
const PAGE_MAX = 200;
/** Minutes before the last sweep that are looked at again: a slow writer may have armed a cue in one of them. */
const OVERLAP_MINUTES = 5;
/** Missed minutes that are looked at one by one; after more of them the whole table is looked through. */
const MINUTES_ONE_BY_ONE_MAX = 2 * 60;
/** Items of one look through the table: some 100 KB. */
const SCANNED_MAX = 1_000;
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
    due: (now: EpochMs, isInTime: () => boolean = () => true) => due(table, now, isInTime, left),
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

/** How far the sweep has come. */
interface Progress {
  /** First minute to look at. */
  readonly minute: number;
  /** Of a look through the whole table that is not over: where to go on, and the first minute to look at when it is over. */
  readonly through?: { readonly after: Item | null; readonly thenFrom: number };
}

const nameOf = ({ slot, subjectId }: FallenDue): string => `${slot} ${subjectId}`;
/** Where the next sweep begins, which is never past a cue that this one left. */
const nextMinute = (minute: number, left: ReadonlyMap<string, number>): number => {
  let least = minute;
  for (const own of left.values()) least = Math.min(least, own);
  return least;
};

/** Cues due by `now`, page by page. Progress is noted when the consumer has taken them, so that a sweep that fails is
 * repeated by the next. Minutes that were missed are not looked at one by one when they are many: what is armed is. */
async function* due(
  table: string,
  now: EpochMs,
  isInTime: () => boolean,
  left: Map<string, number>,
): AsyncGenerator<readonly FallenDue[]> {
  left.clear();
  const { minute: from, through } = await progress(table, now);
  const present = minuteOf(now);
  const isLong = through !== undefined || present - from > MINUTES_ONE_BY_ONE_MAX;
  const pages = isLong
    ? dueAnywhere(
        table,
        now,
        isInTime,
        from,
        through ?? { after: null, thenFrom: present - OVERLAP_MINUTES },
        left,
      )
    : dueByMinute(table, now, from, left);
  for await (const page of pages) {
    for (const cue of page) left.set(nameOf(cue), minuteOf(cue.dueAt));
    yield page;
  }
}

async function* dueByMinute(
  table: string,
  now: EpochMs,
  from: number,
  left: ReadonlyMap<string, number>,
): AsyncGenerator<readonly FallenDue[]> {
  const present = minuteOf(now);
  for (let minute = from; minute <= present; minute += 1) {
    for (let spread = 0; spread < SLOTS_PER_MINUTE; spread += 1)
      yield* dueIn(table, slotOf(minute, spread), now);
  }
  await note(table, { minute: nextMinute(present - OVERLAP_MINUTES, left) });
}

async function note(table: string, { minute, through }: Progress): Promise<void> {
  const item: Item = {
    ...PROGRESS_KEY,
    minute: { N: String(minute) },
    ...(through === undefined
      ? {}
      : {
          thenFrom: { N: String(through.thenFrom) },
          after: through.after === null ? { NULL: true } : { M: through.after },
        }),
  };
  await translated('dynamodb', () => dynamodb().send(new PutItemCommand({ TableName: table, Item: item })));
  count('writeUnits');
}

async function progress(table: string, now: EpochMs): Promise<Progress> {
  const item = await readItem(table, PROGRESS_KEY);
  const minute = Number(item?.minute?.N ?? minuteOf(now - FIRST_LOOK_BACK_MS));
  return item?.thenFrom?.N === undefined
    ? { minute }
    : { minute, through: { after: item.after?.M ?? null, thenFrom: Number(item.thenFrom.N) } };
}

/** Looks through the whole table after a long absence: it holds what is armed, however long the absence was. Where it stands
 * is noted after each page, so that one that has no time left is gone on with by the next sweep. */
async function* dueAnywhere(
  table: string,
  now: EpochMs,
  isInTime: () => boolean,
  minute: number,
  { after: begin, thenFrom: first }: NonNullable<Progress['through']>,
  left: ReadonlyMap<string, number>,
): AsyncGenerator<readonly FallenDue[]> {
  let [after, thenFrom] = [begin, first];
  do {
    if (!isInTime()) return;
    const start = after;
    const answer = await translated('dynamodb', () =>
      dynamodb().send(
        new ScanCommand({
          TableName: table,
          FilterExpression: 'dueAt BETWEEN :oldest AND :now',
          ExpressionAttributeValues: {
            ':oldest': { N: String(now - CUE_DAYS * DAY_MS) },
            ':now': { N: String(now) },
          },
          Limit: SCANNED_MAX,
          ConsistentRead: true,
          ReturnConsumedCapacity: 'TOTAL',
          ...(start === null ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
    count('readUnits', answer.ConsumedCapacity?.CapacityUnits ?? 0);
    for (const page of chunks((answer.Items ?? []).map(toFallen), PAGE_MAX)) yield page;
    after = answer.LastEvaluatedKey ?? null;
    thenFrom = nextMinute(thenFrom, left);
    if (after !== null) await note(table, { minute, through: { after, thenFrom } });
  } while (after !== null);
  await note(table, { minute: thenFrom });
}

const toFallen = ({ slot, cue, dueAt }: Item): FallenDue => ({
  slot: slot?.S ?? '',
  subjectId: asSubjectId(cue?.S ?? ''),
  dueAt: Number(dueAt?.N),
});

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
    const fallen = (answer.Items ?? []).map(toFallen).filter((cue) => cue.dueAt <= now);
    if (fallen.length > 0) yield fallen;
    start = answer.LastEvaluatedKey;
  } while (start !== undefined);
}
