import type {
  EachState,
  FlowMachine,
  MachineRetry,
  MachineState,
  TaskState,
} from '../../functions/contracts/machines.ts';

/** Resolves a function of the map to its ARN. */
type ArnOf = (functionId: string) => string;
type Asl = Readonly<Record<string, unknown>>;

/**
 * A machine in the Amazon States Language (https://states-language.net/spec.html): JSONPath, with tasks that are Lambda
 * functions by ARN, which is the part of the language that AWS and the local region run alike.
 */
export function statesLanguage(machine: FlowMachine, arnOf: ArnOf): Asl {
  return {
    Comment: `The machine ${machine.purpose}`,
    QueryLanguage: 'JSONPath',
    StartAt: machine.startAt,
    TimeoutSeconds: machine.timeoutSeconds,
    States: Object.fromEntries(
      Object.entries(machine.states).map(([name, state]) => [name, stateOf(state, arnOf)]),
    ),
  };
}

function stateOf(state: MachineState, arnOf: ArnOf): Asl {
  switch (state.kind) {
    case 'task':
      return {
        ...taskOf(state, arnOf),
        ...resultOf(state),
        ...(state.catch === undefined
          ? {}
          : { Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.failure', Next: state.catch }] }),
        ...thenOf(state.next),
      };
    case 'wait':
      return {
        Type: 'Wait',
        ...('seconds' in state.until
          ? { Seconds: state.until.seconds }
          : { TimestampPath: state.until.timestampPath }),
        Next: state.next,
      };
    case 'choice':
      return {
        Type: 'Choice',
        Choices: state.cases.map(({ path, equals, next }) => ({
          Variable: path,
          ...(typeof equals === 'boolean' ? { BooleanEquals: equals } : { StringEquals: equals }),
          Next: next,
        })),
        Default: state.otherwise,
      };
    case 'each':
      return eachOf(state, arnOf);
    case 'succeed':
      return { Type: 'Succeed' };
    case 'fail':
      return { Type: 'Fail', Error: state.error };
  }
}

const taskOf = (task: EachState['task'], arnOf: ArnOf): Asl => ({
  Type: 'Task',
  Resource: arnOf(task.function),
  ...(task.with === undefined ? {} : { Parameters: { ...task.with, 'input.$': '$' } }),
  TimeoutSeconds: task.timeoutSeconds,
  Retry: retriesOf(task.retry),
});

const eachOf = (state: EachState, arnOf: ArnOf): Asl => ({
  Type: 'Map',
  ItemsPath: state.listPath,
  MaxConcurrency: state.concurrency,
  ItemProcessor: {
    ProcessorConfig: { Mode: 'INLINE' },
    StartAt: 'One',
    States: { One: { ...taskOf(state.task, arnOf), End: true } },
  },
  ResultPath: null,
  ...thenOf(state.next),
});

const retriesOf = (retry: MachineRetry): readonly Asl[] =>
  retry.attempts === 0
    ? []
    : [
        {
          ErrorEquals: ['States.ALL'],
          MaxAttempts: retry.attempts,
          IntervalSeconds: retry.intervalSeconds,
          BackoffRate: 2,
        },
      ];

function resultOf({ result }: TaskState): Asl {
  if (result === undefined) return {};
  return { ResultPath: result === 'discarded' ? null : result };
}

const thenOf = (next: string | undefined): Asl => (next === undefined ? { End: true } : { Next: next });
