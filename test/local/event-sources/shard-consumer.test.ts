import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterInvocation,
  batchLength,
  consumeBatch,
  dropAged,
  type GivenUp,
  outcomeOf,
  PAYLOAD_BYTES_MAX,
  type RetryPolicy,
  type StreamRecord,
} from '../../../lib/local/event-sources/shard-consumer.ts';
import { laneOf } from '../../../lib/local/event-sources/shard-reader.ts';

const record = (at: number, partitionKey = 'k', arrivedAt = 0): StreamRecord => ({
  sequenceNumber: String(1_000 + at),
  partitionKey,
  data: 'eA==',
  arrivedAt,
});
const records = (count: number): StreamRecord[] => Array.from({ length: count }, (_none, at) => record(at));
const policy: RetryPolicy = {
  bisectOnError: true,
  reportFailures: true,
  retryAttemptsMax: 2,
  recordAgeMsMax: -1,
};

interface Run {
  readonly invocations: (readonly string[])[];
  readonly givenUp: GivenUp[];
  readonly ended: boolean;
}

/** Runs one batch against a function described by what it answers to sequence numbers. */
async function run(
  batch: readonly StreamRecord[],
  rules: RetryPolicy,
  answer: (numbers: readonly string[], call: number) => { ok: true; response: unknown } | { ok: false },
): Promise<Run> {
  const invocations: (readonly string[])[] = [];
  const givenUp: GivenUp[] = [];
  const ended = await consumeBatch(batch, rules, {
    invoke: async (given) => {
      const numbers = given.map(({ sequenceNumber }) => sequenceNumber);
      invocations.push(numbers);
      return answer(numbers, invocations.length);
    },
    giveUp: async (lost) => void givenUp.push(lost),
    now: () => 0,
    pause: async () => undefined,
    stopped: () => false,
  });
  return { invocations, givenUp, ended };
}

const reporting = (poison: ReadonlySet<string>) => (numbers: readonly string[]) => {
  const first = numbers.find((number) => poison.has(number));
  return {
    ok: true as const,
    response: { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first }] },
  };
};
const throwing = (poison: ReadonlySet<string>) => (numbers: readonly string[]) =>
  numbers.some((number) => poison.has(number))
    ? { ok: false as const }
    : { ok: true as const, response: null };

const batchWithPoison = fc.integer({ min: 1, max: 40 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    poison: fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 4 }),
    reports: fc.boolean(),
    retries: fc.integer({ min: 0, max: 3 }),
  }),
);

describe('consumeBatch', () => {
  it('isolates exactly the poison records by bisecting, and applies all others', async () => {
    await fc.assert(
      fc.asyncProperty(batchWithPoison, async ({ size, poison, reports, retries }) => {
        const bad = new Set(poison.map((at) => String(1_000 + at)));
        const rules = { ...policy, reportFailures: reports, retryAttemptsMax: retries };
        const { invocations, givenUp, ended } = await run(
          records(size),
          rules,
          reports ? reporting(bad) : throwing(bad),
        );
        const lost = givenUp.flatMap((one) => one.records.map(({ sequenceNumber }) => sequenceNumber));
        expect(ended).toBe(true);
        expect(lost.sort()).toEqual([...bad].sort());
        expect(new Set(invocations.flat()).size).toBe(size);
        for (const one of givenUp)
          expect(one).toMatchObject({ reason: 'RetryAttemptsExhausted', invocations: retries + 1 });
      }),
      { numRuns: 300 },
    );
  });

  it('never hands a record over before an earlier one is applied or given up', async () => {
    await fc.assert(
      fc.asyncProperty(batchWithPoison, async ({ size, poison, reports }) => {
        const bad = new Set(poison.map((at) => String(1_000 + at)));
        const { invocations } = await run(
          records(size),
          { ...policy, reportFailures: reports },
          reports ? reporting(bad) : throwing(bad),
        );
        const firsts = [...new Set(invocations.flat())];
        const applied = invocations.filter((numbers) => !numbers.some((number) => bad.has(number))).flat();
        expect(firsts).toEqual([...firsts].sort());
        expect(applied).toEqual([...applied].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('hands every record over again after failures that pass, whatever their pattern', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.boolean(),
        async (size, failures, bisectOnError) => {
          const done: string[] = [];
          const { givenUp, ended } = await run(
            records(size),
            { ...policy, bisectOnError, retryAttemptsMax: -1 },
            (numbers, call) => {
              if (failures[call - 1] === true) return { ok: false };
              done.push(...numbers);
              return { ok: true, response: null };
            },
          );
          expect(ended).toBe(true);
          expect(givenUp).toEqual([]);
          expect(done).toEqual(records(size).map(({ sequenceNumber }) => sequenceNumber));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('resumes at the lowest failed sequence number', async () => {
    const { invocations } = await run(records(6), policy, (_numbers, call) =>
      call === 1
        ? {
            ok: true,
            response: { batchItemFailures: [{ itemIdentifier: '1004' }, { itemIdentifier: '1002' }] },
          }
        : { ok: true, response: null },
    );
    expect(invocations[1]).toEqual(['1002', '1003', '1004', '1005']);
    expect(invocations).toHaveLength(2);
  });

  it('gives the whole batch up when it may not be bisected', async () => {
    const { invocations, givenUp } = await run(records(4), { ...policy, bisectOnError: false }, () => ({
      ok: false,
    }));
    expect(invocations).toHaveLength(3);
    expect(givenUp).toMatchObject([
      { records: records(4), reason: 'RetryAttemptsExhausted', invocations: 3 },
    ]);
  });
});

describe('outcomeOf', () => {
  const segment = { records: records(2), failures: 0 };
  it.each([
    ['nothing', null, 'applied'],
    ['an empty object', {}, 'applied'],
    ['an empty list', { batchItemFailures: [] }, 'applied'],
    ['a list of null', { batchItemFailures: null }, 'applied'],
    ['an unknown sequence number', { batchItemFailures: [{ itemIdentifier: 'elsewhere' }] }, 'failed'],
    ['an empty sequence number', { batchItemFailures: [{ itemIdentifier: '' }] }, 'failed'],
    ['something that is no list', { batchItemFailures: 'all' }, 'failed'],
    ['text', 'ok', 'failed'],
  ])('takes %s for what Lambda takes it for', (_name, response, kind) => {
    expect(outcomeOf(response, segment, policy).kind).toBe(kind);
  });

  it('does not read failures of a function that does not report them', () => {
    expect(
      outcomeOf({ batchItemFailures: [{ itemIdentifier: '1000' }] }, segment, {
        ...policy,
        reportFailures: false,
      }).kind,
    ).toBe('applied');
  });
});

describe('afterInvocation', () => {
  it('does not count a split as a retry', () => {
    const { segments } = afterInvocation({ records: records(3), failures: 1 }, { kind: 'failed' }, policy);
    expect(segments.map((segment) => [segment.records.length, segment.failures])).toEqual([
      [2, 1],
      [1, 1],
    ]);
  });
});

describe('dropAged', () => {
  it('gives up the records that are too old and keeps the others', () => {
    const segment = { records: [record(0, 'k', 0), record(1, 'k', 50), record(2, 'k', 90)], failures: 1 };
    const { segment: rest, givenUp } = dropAged(segment, { ...policy, recordAgeMsMax: 20 }, 100);
    expect(givenUp).toMatchObject({ reason: 'RecordAgeExceeded', records: segment.records.slice(0, 2) });
    expect(rest.records).toEqual(segment.records.slice(2));
  });
});

describe('batchLength', () => {
  it('ends a batch before its payload is over 6 MB, and always takes one record', () => {
    const large = (share: number): StreamRecord => ({
      ...record(0),
      data: 'A'.repeat(Math.floor(PAYLOAD_BYTES_MAX * share)),
    });
    expect(batchLength([large(0.4), large(0.4), large(0.4)], 100)).toBe(2);
    expect(batchLength([large(1.5), large(0.1)], 100)).toBe(1);
    expect(batchLength(records(30), 10)).toBe(10);
  });
});

describe('laneOf', () => {
  it('gives a partition key one lane, and uses all lanes', () => {
    const lanes = Array.from({ length: 64 }, (_none, at) => laneOf(`b${at}`, 4));
    expect(lanes).toEqual(Array.from({ length: 64 }, (_none, at) => laneOf(`b${at}`, 4)));
    expect(new Set(lanes)).toEqual(new Set([0, 1, 2, 3]));
  });
});
