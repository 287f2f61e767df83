import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pack } from '../../functions/kernel/codec.ts';
import { TransientError } from '../../functions/kernel/invariant.ts';
import { count } from '../../functions/runtime/meter.ts';
import {
  type StreamEvent,
  type StreamRecord,
  streamHandler,
} from '../../functions/runtime/stream-handler.ts';

const NOW = Date.UTC(2026, 2, 5, 14);
const clock = () => NOW;
// A Lambda context of which the shell reads nothing.
const context = {} as Parameters<ReturnType<typeof streamHandler>>[1];

const eventOf = (...payloads: readonly Uint8Array[]): StreamEvent => ({
  Records: payloads.map((payload, at) => ({
    eventID: `shardId-000000000003:4959033827${at}`,
    kinesis: {
      data: Buffer.from(payload).toString('base64'),
      partitionKey: 'b05',
      sequenceNumber: `4959033827${at}`,
      approximateArrivalTimestamp: NOW / 1_000 - 2.5,
    },
  })),
});

let printed: string[] = [];
const lines = (): Record<string, unknown>[] => printed.map((line) => JSON.parse(line));

beforeEach(() => {
  printed = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('stream handler', () => {
  it('hands over records with their values, and poison with its bytes', async () => {
    const poison = new Uint8Array([1, 2, 3]);
    let seen: readonly StreamRecord[] = [];
    let at = 0;
    const handler = streamHandler({
      functionId: 'understand',
      reportItemFailures: true,
      clock,
      step: async (records, now) => {
        seen = records;
        at = now;
        return { failed: [] };
      },
    });
    expect(await handler(eventOf(pack([{ a: 1 }, 'b']), poison), context)).toEqual({ batchItemFailures: [] });
    expect(at).toBe(NOW);
    const delivery = { shardId: 'shardId-000000000003', partitionKey: 'b05', arrivedAt: NOW - 2_500 };
    expect(seen).toEqual([
      { ...delivery, sequenceNumber: '49590338270', values: [{ a: 1 }, 'b'] },
      { ...delivery, sequenceNumber: '49590338271', values: null, raw: Buffer.from(poison) },
    ]);
  });

  it('reports failed records alone where the event source takes partial failures', async () => {
    const handler = streamHandler({
      functionId: 'understand',
      reportItemFailures: true,
      step: async () => ({ failed: ['49590338271'] }),
    });
    expect(await handler(eventOf(pack([]), pack([])), context)).toEqual({
      batchItemFailures: [{ itemIdentifier: '49590338271' }],
    });
  });

  it('fails the batch for one failed record where the event source does not', async () => {
    const handler = streamHandler({
      functionId: 'archive',
      reportItemFailures: false,
      step: async () => ({ failed: ['49590338270'] }),
    });
    await expect(handler(eventOf(pack([])), context)).rejects.toMatchObject({ name: 'BatchFailure' });
  });

  it('fails with the name of an error and prints nothing of its message', async () => {
    const handler = streamHandler({
      functionId: 'understand',
      reportItemFailures: true,
      step: async () => {
        throw new TransientError('near ada@example.com', { cause: new TypeError('of ada@example.com') });
      },
    });
    const failure = await handler(eventOf(pack([1])), context).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'BatchFailure', message: 'understand: TransientError' });
    expect((failure as Error).cause).toBeUndefined();
    expect(lines()[0]).toMatchObject({ level: 'error', error: 'TransientError', cause: 'TypeError' });
    expect(`${printed.join()} ${(failure as Error).stack}`).not.toContain('ada@');
  });

  it('writes one metric line per invocation, also for one that fails', async () => {
    const handler = streamHandler({
      functionId: 'understand',
      reportItemFailures: true,
      clock,
      step: async (records) => {
        count('writeUnits', 3);
        if (records.length > 1) throw new Error('no');
        return { failed: [] };
      },
    });
    await handler(eventOf(pack(['a', 'b'])), context);
    await handler(eventOf(pack(['a', 'b']), pack(['c'])), context).catch(() => undefined);
    const metrics = lines().filter((line) => '_aws' in line);
    expect(metrics).toMatchObject([
      { function: 'understand', events: 2, writeUnits: 3, durationMs: 0, iteratorAgeMs: 2_500 },
      { function: 'understand', events: 3, writeUnits: 3, durationMs: 0, iteratorAgeMs: 2_500 },
    ]);
  });
});
