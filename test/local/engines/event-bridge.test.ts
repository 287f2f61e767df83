import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BusEvent,
  type Clock,
  type EventBridgeEngine,
  type EventPattern,
  startEventBridge,
} from '../../../lib/local/engines/event-bridge.ts';
import { listenersOf } from './listeners.ts';

/** A clock that a test moves; only what is due is woken. */
const handClock = (): Clock & { move(ms: number): Promise<void> } => {
  let at = 1_700_000_000_000;
  let waiting: { due: number; wake: () => void }[] = [];
  return {
    now: () => at,
    after: (ms, wake) => {
      const entry = { due: at + ms, wake };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((one) => one !== entry);
      };
    },
    move: async (ms) => {
      at += ms;
      const due = waiting.filter((one) => one.due <= at);
      waiting = waiting.filter((one) => one.due > at);
      for (const { wake } of due) wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
};

let folder: string;
let engine: EventBridgeEngine;
let bridge: EventBridgeClient;
let clock: ReturnType<typeof handClock>;
let failures: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'events-'));
  clock = handClock();
  failures = [];
  engine = await startEventBridge({
    clock,
    region: 'eu-central-1',
    accountId: '111122223333',
    recentMax: 5,
    file: join(folder, 'events.ndjson'),
    onTargetError: (cause, name) => void failures.push(`${name}: ${String(cause)}`),
  });
  engine.createBus('decisions');
  bridge = new EventBridgeClient({
    endpoint: engine.url,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});

afterEach(async () => {
  bridge.destroy();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const entry = (detail: object, more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  EventBusName: 'decisions',
  Source: 'rapport.alerts',
  DetailType: 'Alert Opened',
  Detail: JSON.stringify(detail),
  ...more,
});

const put = (...Entries: PutEventsRequestEntry[]) => bridge.send(new PutEventsCommand({ Entries }));

describe('PutEvents', () => {
  it('brings an event, whole, to the targets of the rules that match it on its bus, and to no others', async () => {
    const taken: BusEvent[] = [];
    const other: BusEvent[] = [];
    const target = (event: BusEvent) => void taken.push(event);
    const pattern = { source: ['rapport.alerts'] };
    engine.addRule({ name: 'one', bus: 'decisions', pattern, targets: [target] });
    engine.addRule({ name: 'two', pattern, targets: [(event) => void other.push(event)] });
    const answer = await put(entry({ rule: 'refund-surge' }, { Time: new Date('2026-01-02T03:04:05Z') }));
    await engine.settled();
    expect(answer.FailedEntryCount).toBe(0);
    expect(taken).toEqual([
      {
        version: '0',
        id: answer.Entries?.[0]?.EventId,
        source: 'rapport.alerts',
        'detail-type': 'Alert Opened',
        detail: { rule: 'refund-surge' },
        time: '2026-01-02T03:04:05Z',
        region: 'eu-central-1',
        account: '111122223333',
        resources: [],
      },
    ]);
    expect(other).toEqual([]);
  });

  it('answers each entry for itself', async () => {
    const answer = await put(
      entry({ at: 1 }),
      entry({}, { Detail: 'no json' }),
      entry({}, { Detail: '[1]' }),
      entry({}, { Source: '' }),
      entry({}, { EventBusName: 'unknown' }),
      entry({ at: 2 }, { EventBusName: 'arn:aws:events:eu-central-1:111122223333:event-bus/decisions' }),
    );
    expect(answer.FailedEntryCount).toBe(4);
    expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      'MalformedDetail',
      'MalformedDetail',
      'InvalidArgument',
      'ResourceNotFoundException',
      undefined,
    ]);
    expect(engine.recent().map(({ event }) => event.detail)).toEqual([{ at: 1 }, { at: 2 }]);
  });

  it('refuses no entries, more than ten, and too many bytes', async () => {
    const refused = { name: 'ValidationException' };
    await expect(put()).rejects.toMatchObject(refused);
    await expect(put(...Array.from({ length: 11 }, () => entry({})))).rejects.toMatchObject(refused);
    await expect(put(entry({ long: 'x'.repeat(262_144) }))).rejects.toMatchObject(refused);
    expect((await put(...Array.from({ length: 10 }, () => entry({})))).FailedEntryCount).toBe(0);
  });

  it('remembers the newest and writes all to its file', async () => {
    await put(...Array.from({ length: 8 }, (_, at) => entry({ at })));
    await engine.settled();
    expect(engine.recent().map(({ event }) => event.detail.at)).toEqual([3, 4, 5, 6, 7]);
    const lines = (await readFile(join(folder, 'events.ndjson'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).event.detail.at)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('goes on when a target fails, and says so', async () => {
    const taken: unknown[] = [];
    const broken = () => Promise.reject(new Error('broken'));
    engine.addRule({
      name: 'both',
      bus: 'decisions',
      pattern: { source: ['rapport.alerts'] },
      targets: [broken, (event) => void taken.push(event.detail)],
    });
    await put(entry({ at: 1 }));
    await engine.settled();
    expect(taken).toEqual([{ at: 1 }]);
    expect(failures).toEqual(['both: Error: broken']);
  });

  it('listens on 127.0.0.1 only', async () => {
    expect(await listenersOf(engine.port)).toEqual(['127.0.0.1']);
  });
});

describe('patterns', () => {
  const matches = async (pattern: EventPattern, detail: object): Promise<boolean> => {
    let count = 0;
    engine.addRule({ name: 'p', bus: 'decisions', pattern, targets: [() => void count++] });
    await put(entry(detail));
    await engine.settled();
    return count === 1;
  };

  it.each<[string, EventPattern, object, object]>([
    ['exact', { detail: { kind: ['a', 'b'] } }, { kind: 'b' }, { kind: 'c' }],
    ['exact number', { detail: { n: [1] } }, { n: 1 }, { n: '1' }],
    ['null', { detail: { n: [null] } }, { n: null }, {}],
    ['element of an array', { detail: { kinds: ['a'] } }, { kinds: ['x', 'a'] }, { kinds: ['x'] }],
    ['prefix', { detail: { kind: [{ prefix: 'ref' }] } }, { kind: 'refund' }, { kind: 'order' }],
    ['suffix', { detail: { kind: [{ suffix: 'und' }] } }, { kind: 'refund' }, { kind: 'order' }],
    ['anything-but', { detail: { kind: [{ 'anything-but': ['a'] }] } }, { kind: 'b' }, { kind: 'a' }],
    [
      'anything-but prefix',
      { detail: { kind: [{ 'anything-but': { prefix: 'a' } }] } },
      { kind: 'b' },
      { kind: 'ab' },
    ],
    [
      'anything-but any of several prefixes',
      { detail: { kind: [{ 'anything-but': { prefix: ['a', 'b'] } }] } },
      { kind: 'cb' },
      { kind: 'ba' },
    ],
    [
      'an object in an array, whole',
      { detail: { kinds: { a: [1], b: [2] } } },
      { kinds: [{ a: 0 }, { a: 1, b: 2 }] },
      {
        kinds: [
          { a: 1, b: 0 },
          { a: 0, b: 2 },
        ],
      },
    ],
    ['anything-but of nothing', { detail: { kind: [{ 'anything-but': 'a' }] } }, { kind: 'b' }, {}],
    ['exists', { detail: { kind: [{ exists: true }] } }, { kind: null }, {}],
    ['exists not', { detail: { kind: [{ exists: false }] } }, {}, { kind: 1 }],
    ['numeric', { detail: { n: [{ numeric: ['>', 1, '<=', 5] }] } }, { n: 5 }, { n: 1 }],
    [
      'all fields',
      { source: ['rapport.alerts'], detail: { a: [1], b: { c: [2] } } },
      { a: 1, b: { c: 2 } },
      { a: 1, b: 2 },
    ],
    ['an inherited name', { detail: { constructor: [{ exists: false }] } }, {}, { constructor: 1 }],
  ])('match by %s', async (_, pattern, matching, other) => {
    expect(await matches(pattern, matching)).toBe(true);
    expect(await matches(pattern, other)).toBe(false);
  });

  it('that are not valid or not known are refused when the rule is added', () => {
    for (const pattern of [
      { source: 'text' },
      { source: [] },
      { n: [{ numeric: ['>'] }] },
      { ip: [{ cidr: '10.0.0.0/8' }] },
    ])
      expect(() => engine.addRule({ name: 'bad', pattern, targets: [] })).toThrow(
        'Event pattern is not valid',
      );
  });
});

describe('schedules', () => {
  it('call their target each period until they end, with a scheduled event', async () => {
    const times: string[] = [];
    const end = engine.addSchedule({ everyMs: 60_000, target: (event) => void times.push(event.time) });
    await clock.move(59_999);
    expect(times).toEqual([]);
    await clock.move(1);
    await clock.move(60_000);
    expect(times).toEqual(['2023-11-14T22:14:20Z', '2023-11-14T22:15:20Z']);
    end();
    await clock.move(60_000);
    expect(times).toHaveLength(2);
  });

  it('do not overlap: a slow run leaves out the periods it took', async () => {
    let finish = (): void => {};
    let runs = 0;
    const target = () => {
      runs += 1;
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    };
    engine.addSchedule({ everyMs: 1_000, target });
    await clock.move(1_000);
    await clock.move(5_000);
    expect(runs).toBe(1);
    finish();
    await clock.move(0);
    await clock.move(1_000);
    expect(runs).toBe(2);
    finish();
  });
});
