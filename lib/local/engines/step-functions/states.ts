import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import type { Json, JsonMap } from '../../template/template.ts';

/** The parts of a state that decide where an execution goes; the rest is the interpreter's. */
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly Choices?: readonly { readonly Next: string }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly Seconds?: number;
  readonly SecondsPath?: string;
  readonly Timestamp?: string;
  readonly TimestampPath?: string;
  readonly TimeoutSeconds?: number;
  readonly Branches?: readonly Definition[];
  readonly ItemProcessor?: Definition;
  readonly Iterator?: Definition;
}
export interface Definition {
  readonly QueryLanguage?: string;
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}

/** Invokes a task's function and answers what it returns. Throws an error whose name is the function's error type. */
export type InvokeTask = (functionArn: string, input: Json) => Promise<Json>;

/** An execution cannot go on. `error` is a name of the States Language or of the function. */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  readonly error: string;
  constructor(error: string, message: string) {
    super(message);
    this.error = error;
  }
}

/** Longest that one task may take: a timer of Node cannot wait longer, and fires at once. */
const TASK_SECONDS_MAX = 2_000_000;

/** What about a definition this engine cannot run as AWS would, if anything. */
export function notRunnable(definition: Definition): string | undefined {
  try {
    new StateMachine(definition as unknown as StateMachineDefinition, {
      validationOptions: { checkArn: false },
    });
  } catch (cause) {
    return cause instanceof Error ? cause.message.replaceAll('\n', ' ') : String(cause);
  }
  return fault(definition, false);
}

function fault(definition: Definition, nested: boolean): string | undefined {
  // Without it the interpreter would take expressions for plain text.
  if ((definition.QueryLanguage ?? 'JSONPath') !== 'JSONPath') return 'the query language is not JSONPath';
  for (const [name, state] of Object.entries(definition.States)) {
    if (state.Type === 'Task') {
      if (!/^arn:[^:]+:lambda:/.test(state.Resource ?? ''))
        return `the task ${name} is not a Lambda function`;
      if ((state.TimeoutSeconds ?? 60) > TASK_SECONDS_MAX)
        return `the task ${name} may take more than ${TASK_SECONDS_MAX} s`;
    }
    if (nested && state.Type === 'Wait') return `${name} waits inside a Map or Parallel state`;
    for (const inner of innerDefinitions(state)) {
      const found = fault(inner, true);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const innerDefinitions = (state: State): readonly Definition[] => [
  ...(state.Branches ?? []),
  ...(state.ItemProcessor === undefined ? [] : [state.ItemProcessor]),
  ...(state.Iterator === undefined ? [] : [state.Iterator]),
];

/** Task states of a state, nested ones too, by name. */
function tasksIn(name: string, state: State): readonly (readonly [name: string, functionArn: string])[] {
  const own = state.Type === 'Task' && state.Resource !== undefined ? [[name, state.Resource] as const] : [];
  const inner = innerDefinitions(state).flatMap((definition) =>
    Object.entries(definition.States).flatMap(([innerName, innerState]) => tasksIn(innerName, innerState)),
  );
  return [...own, ...inner];
}

const STUB = 'then:';
const stub = (name: string): string => `${STUB}${name}`;

/** The state with stubs for the states it leads to, and their names. */
function withStubs(state: State): { readonly state: State; readonly leadsTo: readonly string[] } {
  const leadsTo = new Set<string>();
  const to = (name: string): string => {
    leadsTo.add(stub(name));
    return stub(name);
  };
  const renamed: State = {
    ...state,
    ...(state.Next === undefined ? {} : { Next: to(state.Next) }),
    ...(state.Default === undefined ? {} : { Default: to(state.Default) }),
    ...(state.Choices === undefined
      ? {}
      : { Choices: state.Choices.map((choice) => ({ ...choice, Next: to(choice.Next) })) }),
    ...(state.Catch === undefined
      ? {}
      : { Catch: state.Catch.map((catcher) => ({ ...catcher, Next: to(catcher.Next) })) }),
  };
  return { state: renamed, leadsTo: [...leadsTo] };
}

export interface Step {
  /** Absent: the execution has ended well. */
  readonly next: string | undefined;
  readonly document: Json;
}

/**
 * Runs one state other than Wait, with its retries and catchers, and says where it leads. One at a time, so that the engine
 * can write down each step: an execution then outlives the process.
 * @throws StateFailure
 */
export async function runState(
  name: string,
  given: State,
  document: Json,
  surroundings: {
    readonly invoke: InvokeTask;
    readonly context: JsonMap;
    readonly signal: AbortSignal;
    /** Pause before each retry, ms; absent: as the state says. */
    readonly retryPauseMs?: number | undefined;
  },
): Promise<Step> {
  const { state, leadsTo } = withStubs(given);
  const definition = {
    StartAt: name,
    States: {
      [name]: state,
      ...Object.fromEntries(leadsTo.map((stubName) => [stubName, { Type: 'Succeed' }])),
    },
  };
  // Checked when the machine was made.
  const machine = new StateMachine(definition as unknown as StateMachineDefinition, {
    validationOptions: { noValidate: true },
  });
  const tasks = tasksIn(name, given);
  const { retryPauseMs } = surroundings;
  const run = machine.run(document as never, {
    context: surroundings.context as never,
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(
        tasks.map(([task, functionArn]) => [
          task,
          async (input: unknown) => (await surroundings.invoke(functionArn, input as Json)) as never,
        ]),
      ),
      ...(retryPauseMs === undefined
        ? {}
        : { retryIntervalOverrides: Object.fromEntries(tasks.map(([task]) => [task, retryPauseMs])) }),
    },
  });
  surroundings.signal.addEventListener('abort', run.abort, { once: true });
  const entered = lastEntered(run.eventLogs);
  try {
    const output = (await run.result) as Json;
    const last = await entered;
    return { next: last?.startsWith(STUB) ? last.slice(STUB.length) : undefined, document: output };
  } catch (cause) {
    await entered;
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw inner instanceof Error
      ? new StateFailure(inner.name, inner.message)
      : new StateFailure('States.Runtime', String(inner));
  } finally {
    surroundings.signal.removeEventListener('abort', run.abort);
  }
}

async function lastEntered(events: AsyncIterable<unknown>): Promise<string | undefined> {
  let last: string | undefined;
  for await (const event of events) {
    const { type, state } = event as { readonly type: string; readonly state?: { readonly name: string } };
    // Events of nested states come too; stubs are never nested.
    if (type === 'StateEntered' && state !== undefined && (last === undefined || state.name.startsWith(STUB)))
      last = state.name;
  }
  return last;
}

/** When a Wait state ends, epoch ms.
 * @throws StateFailure when its path leads to no time */
export function waitUntil(state: State, document: Json, now: number): number {
  if (state.Seconds !== undefined) return now + state.Seconds * 1_000;
  if (state.SecondsPath !== undefined) return now + Number(at(document, state.SecondsPath)) * 1_000;
  const time = Date.parse(String(state.Timestamp ?? at(document, state.TimestampPath ?? '$')));
  if (Number.isNaN(time)) throw new StateFailure('States.Runtime', 'a Wait state was given no time');
  return time;
}

/** The value at a reference path of members, such as `$.plan.wakeAt`. */
function at(document: Json, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const member of path.split('.').slice(1)) value = (value as JsonMap | null | undefined)?.[member];
  return value;
}
