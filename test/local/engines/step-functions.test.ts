import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidExecutionInput,
  InvalidName,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RegionClock } from '../../../lib/local/clock.ts';
import type { Definition } from '../../../lib/local/engines/step-functions/states.ts';
import { type StepFunctionsEngine, startStepFunctions } from '../../../lib/local/engines/step-functions.ts';
import type { Json } from '../../../lib/local/template/template.ts';
import { listenersOf } from './listeners.ts';

const FUNCTION = 'arn:aws:lambda:eu-central-1:000000000000:function:step';
const DAY_MS = 86_400_000;

let folder: string;
let clock: RegionClock;
const open: { engine: StepFunctionsEngine; sfn: SFNClient }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rapport-states-'));
});
afterEach(async () => {
  for (const { engine, sfn } of open.splice(0)) {
    sfn.destroy();
    await engine.stop();
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let machineNumber = 0;
type Invoke = (input: Json) => Promise<Json> | Json;

/** An engine with one machine, and an SDK client for it. */
async function machineOf(
  definition: Definition,
  invoke: Invoke = (input) => input,
  options: { readonly directory?: string; readonly arn?: string } = {},
) {
  clock = new RegionClock();
  const { directory } = options;
  const engine = await startStepFunctions({ clock, ...(directory === undefined ? {} : { directory }) });
  machineNumber += 1;
  const arn = options.arn ?? `arn:aws:states:eu-central-1:000000000000:stateMachine:m${machineNumber}`;
  engine.createMachine({ arn, definition, invoke: async (_functionArn, input) => invoke(input) });
  const sfn = new SFNClient({
    endpoint: engine.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'LOCAL', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  open.push({ engine, sfn });
  const start = (name: string, input: unknown = {}) =>
    sfn.send(new StartExecutionCommand({ stateMachineArn: arn, name, input: JSON.stringify(input) }));
  const ended = async (executionArn: string | undefined) => {
    for (;;) {
      const told = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (told.status !== 'RUNNING') return told;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { engine, sfn, arn, start, ended };
}

const task = (rest: object): Definition['States'][string] =>
  ({ Type: 'Task', Resource: FUNCTION, TimeoutSeconds: 30, ...rest }) as Definition['States'][string];

const waits: Definition = {
  StartAt: 'Sleep',
  States: { Sleep: { Type: 'Wait', TimestampPath: '$.until', Next: 'Done' }, Done: { Type: 'Succeed' } },
};

describe('an execution', () => {
  it('carries one document through tasks and choices, also round a loop', async () => {
    const { start, ended } = await machineOf(
      {
        StartAt: 'Count',
        States: {
          Count: task({ Parameters: { step: 'count', 'input.$': '$' }, Next: 'Enough' }),
          Enough: {
            Type: 'Choice',
            Choices: [{ Variable: '$.enough', BooleanEquals: true, Next: 'Done' } as never],
            Default: 'Count',
          },
          Done: { Type: 'Succeed' },
        },
      },
      (given) => {
        const { step, input } = given as { step: string; input: { count: number } };
        return { count: input.count + 1, enough: input.count >= 4, step };
      },
    );
    const { executionArn } = await start('loop', { count: 1 });
    expect(JSON.parse((await ended(executionArn)).output ?? '')).toEqual({
      count: 5,
      enough: true,
      step: 'count',
    });
  });

  it('retries a task by the name of its error, then goes where the catcher leads, with the name', async () => {
    let attempts = 0;
    const { start, ended } = await machineOf(
      {
        StartAt: 'Fragile',
        States: {
          Fragile: task({
            Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 2, IntervalSeconds: 1, BackoffRate: 1 }],
            Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: 'Mend' }],
            End: true,
          }),
          Mend: { Type: 'Succeed' },
        },
      },
      () => {
        attempts += 1;
        throw Object.assign(new Error('no details'), { name: 'TransientError' });
      },
    );
    const { executionArn } = await start('fragile', { kept: 1 });
    const { output } = await ended(executionArn);
    expect(JSON.parse(output ?? '')).toMatchObject({ kept: 1, failure: { Error: 'TransientError' } });
    expect(attempts).toBe(3);
  });

  it('fails with the name of an error that nothing catches', async () => {
    const { start, ended } = await machineOf({ StartAt: 'T', States: { T: task({ End: true }) } }, () => {
      throw Object.assign(new Error('told so'), { name: 'InvariantError' });
    });
    const { executionArn } = await start('failing');
    expect(await ended(executionArn)).toMatchObject({ status: 'FAILED', error: 'InvariantError' });
  });

  it('runs a task for each element of a list', async () => {
    const seen: Json[] = [];
    const { start, ended } = await machineOf(
      {
        StartAt: 'Each',
        States: {
          Each: {
            Type: 'Map',
            ItemsPath: '$.days',
            MaxConcurrency: 2,
            ItemProcessor: { StartAt: 'One', States: { One: task({ End: true }) } },
            ResultPath: null,
            End: true,
          } as never,
        },
      },
      (day) => {
        seen.push(day);
        return null;
      },
    );
    const { executionArn } = await start('each', { days: ['a', 'b', 'c'] });
    expect(JSON.parse((await ended(executionArn)).output ?? '')).toEqual({ days: ['a', 'b', 'c'] });
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('a wait', () => {
  it('ends when the clock has come to its time and not before, however far that is', async () => {
    const { engine, start, ended } = await machineOf(waits);
    const { executionArn } = await start('far', {
      until: new Date(clock.now() + 300 * DAY_MS).toISOString(),
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(engine.isIdle(2_000)).toBe(true);
    await clock.advance(299 * DAY_MS);
    expect(engine.executions()[0]?.status).toBe('RUNNING');
    await clock.advance(DAY_MS);
    expect((await ended(executionArn)).status).toBe('SUCCEEDED');
  });

  it('counts as work when it is about to end', async () => {
    const { engine, start, ended } = await machineOf(waits);
    const { executionArn } = await start('near', { until: new Date(clock.now() + 300).toISOString() });
    expect(engine.isIdle(2_000)).toBe(false);
    expect((await ended(executionArn)).status).toBe('SUCCEEDED');
    expect(engine.isIdle(2_000)).toBe(true);
  });

  it('is cut off by the time limit of the machine', async () => {
    const { start, ended } = await machineOf({ ...waits, TimeoutSeconds: 60 });
    const { executionArn } = await start('long', { until: new Date(clock.now() + DAY_MS).toISOString() });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.advance(61_000);
    expect((await ended(executionArn)).status).toBe('TIMED_OUT');
  });
});

describe('StartExecution', () => {
  it('answers the same execution to the same name and input while it runs, and refuses other input', async () => {
    const { start } = await machineOf(waits);
    const until = new Date(Date.now() + DAY_MS).toISOString();
    const first = await start('once', { until });
    const again = await start('once', { until });
    expect(again).toMatchObject({ executionArn: first.executionArn, startDate: first.startDate });
    await expect(start('once', { until, other: true })).rejects.toThrow(ExecutionAlreadyExists);
  });

  it('does not take a name again when its execution has ended', async () => {
    const { start, ended } = await machineOf({ StartAt: 'Done', States: { Done: { Type: 'Succeed' } } });
    const { executionArn } = await start('used');
    await ended(executionArn);
    await expect(start('used')).rejects.toThrow(ExecutionAlreadyExists);
  });

  it('refuses what AWS refuses, by the same names', async () => {
    const { sfn, arn, start } = await machineOf(waits);
    await expect(start('not a name')).rejects.toThrow(InvalidName);
    await expect(
      sfn.send(new StartExecutionCommand({ stateMachineArn: arn, input: 'not JSON' })),
    ).rejects.toThrow(InvalidExecutionInput);
    await expect(
      sfn.send(new StartExecutionCommand({ stateMachineArn: `${arn}x`, input: '{}' })),
    ).rejects.toThrow(StateMachineDoesNotExist);
    await expect(sfn.send(new DescribeExecutionCommand({ executionArn: `${arn}:none` }))).rejects.toThrow(
      ExecutionDoesNotExist,
    );
  });
});

it('stops an execution, and lists executions by status', async () => {
  const { sfn, arn, start, ended } = await machineOf(waits);
  const { executionArn } = await start('stopped', { until: new Date(clock.now() + DAY_MS).toISOString() });
  await sfn.send(new StopExecutionCommand({ executionArn }));
  expect((await ended(executionArn)).status).toBe('ABORTED');
  const list = (statusFilter: 'RUNNING' | 'ABORTED') =>
    sfn.send(new ListExecutionsCommand({ stateMachineArn: arn, statusFilter }));
  expect((await list('RUNNING')).executions).toEqual([]);
  expect((await list('ABORTED')).executions?.map(({ name }) => name)).toEqual(['stopped']);
});

it('goes on after a restart where an execution stood, and runs a task again that was cut off', async () => {
  const directory = join(folder, 'kept');
  const definition: Definition = {
    StartAt: 'First',
    States: { First: task({ Next: 'Second' }), Second: task({ End: true }) },
  };
  const calls: string[] = [];
  let hang = true;
  const invoke: Invoke = (input) => {
    const { at = 0 } = input as { at?: number };
    calls.push(`step ${at}`);
    return at === 1 && hang ? new Promise<Json>(() => undefined) : { at: at + 1 };
  };
  const arn = 'arn:aws:states:eu-central-1:000000000000:stateMachine:kept';
  const before = await machineOf(definition, invoke, { directory, arn });
  const { executionArn } = await before.start('restarted', {});
  while (calls.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await before.engine.stop();
  hang = false;
  const after = await machineOf(definition, invoke, { directory, arn });
  after.engine.resume();
  expect(JSON.parse((await after.ended(executionArn)).output ?? '')).toEqual({ at: 2 });
  expect(calls).toEqual(['step 0', 'step 1', 'step 1']);
});

it.each([
  ['JSONata', { QueryLanguage: 'JSONata', StartAt: 'Done', States: { Done: { Type: 'Succeed' } } }],
  [
    'a task that is no function',
    {
      StartAt: 'T',
      States: { T: { Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true } },
    },
  ],
  [
    'a wait inside a Map',
    {
      StartAt: 'M',
      States: {
        M: {
          Type: 'Map',
          ItemProcessor: { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1, End: true } } },
          End: true,
        },
      },
    },
  ],
  ['a state that leads nowhere', { StartAt: 'T', States: { T: task({ Next: 'Gone' }) } }],
])('refuses %s rather than run it otherwise than AWS', async (_what, definition) => {
  const { engine } = await machineOf(waits);
  expect(() =>
    engine.createMachine({
      arn: 'arn:aws:states:eu-central-1:000000000000:stateMachine:bad',
      definition: definition as unknown as Definition,
      invoke: async () => null,
    }),
  ).toThrow(RangeError);
});

it('listens on loopback only', async () => {
  const { engine } = await machineOf(waits);
  expect(await listenersOf(engine.port)).toEqual(['127.0.0.1']);
});
