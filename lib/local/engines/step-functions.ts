import { randomUUID } from 'node:crypto';
import type { Json, JsonMap } from '../template/template.ts';
import { AwsError, awsJsonHandler, type JsonObject } from './aws-json.ts';
import type { Engine } from './engine.ts';
import type { Clock } from './event-bridge/schedule.ts';
import { serveLoopback } from './loopback-server.ts';
import { type Execution, Executions } from './step-functions/executions.ts';
import { type Definition, notRunnable, runState, StateFailure, waitUntil } from './step-functions/states.ts';

export type { Execution } from './step-functions/executions.ts';

export type Machine = {
  readonly arn: string;
  readonly definition: Definition;
  /** Invokes a task's function; an error's name is the function's error type. */
  readonly invoke: (functionArn: string, input: Json) => Promise<Json>;
};

export type StepFunctionsOptions = {
  readonly port?: number;
  readonly clock: Clock;
  /** Folder for executions; absent, they are kept in memory and gone at stop. */
  readonly directory?: string;
  /** Pause before each retry of a task, ms; absent: as its state says, in real time. */
  readonly retryPauseMs?: number;
  /** Told when the engine itself fails; an execution that fails is no fault. */
  readonly onFault?: (cause: unknown) => void;
};

export type StepFunctionsEngine = Engine & {
  /** @throws RangeError when this engine cannot run the definition as AWS would. */
  createMachine(machine: Machine): void;
  /** Starts an execution as the HTTP API does. @returns its ARN. */
  start(machineArn: string, input: Json, name?: string): Promise<string>;
  /** Goes on with executions that an earlier run left. A task that ran then is run again. */
  resume(): void;
  /** All executions, finished ones too, in the order of their start. */
  executions(): readonly Execution[];
  /** Whether every execution has ended or waits for longer than `waitMs` from now. */
  isIdle(waitMs: number): boolean;
};

const NAME = /^[A-Za-z0-9_-]{1,80}$/;
const INPUT_BYTES_MAX = 262_144;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Starts Step Functions: StartExecution, DescribeExecution, ListExecutions and StopExecution over HTTP; machines are made by
 * the program. States are interpreted by aws-local-stepfunctions one at a time; waits follow the clock.
 * @throws EngineError when the port is taken. */
export async function startStepFunctions(options: StepFunctionsOptions): Promise<StepFunctionsEngine> {
  const runner = new Runner(options, await Executions.open(options.directory));
  const engine = await serveLoopback(
    awsJsonHandler('AWSStepFunctions', {
      StartExecution: (input) => runner.startExecution(input),
      DescribeExecution: (input) => describe(runner.find(input)),
      ListExecutions: (input) => runner.list(input),
      StopExecution: (input) => runner.stopExecution(input),
    }),
    options.port,
  );
  return {
    ...engine,
    createMachine: (machine) => runner.createMachine(machine),
    start: async (machineArn, input, name) => {
      const started = await runner.startExecution({
        stateMachineArn: machineArn,
        input: JSON.stringify(input),
        ...(name === undefined ? {} : { name }),
      });
      return text(started.executionArn);
    },
    resume: () => runner.resume(),
    executions: () => runner.executions.all(),
    isIdle: (waitMs) => runner.isIdle(waitMs),
    stop: async () => {
      await runner.stop();
      await engine.stop();
    },
  };
}

const seconds = (ms: number): number => ms / 1_000;

function describe(execution: Execution): JsonObject {
  const { stoppedAt, output, error, cause } = execution;
  return {
    executionArn: execution.executionArn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: seconds(execution.startedAt),
    input: execution.input,
    ...(stoppedAt === undefined ? {} : { stopDate: seconds(stoppedAt) }),
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  };
}

class Runner {
  readonly executions: Executions;
  readonly #options: StepFunctionsOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  #stopped = false;

  constructor(options: StepFunctionsOptions, executions: Executions) {
    this.#options = options;
    this.executions = executions;
  }

  createMachine(machine: Machine): void {
    const fault = notRunnable(machine.definition);
    if (fault !== undefined) throw new RangeError(fault);
    this.#machines.set(machine.arn, machine);
  }

  /** An open execution of the same name and input is answered again; a name is used once
   * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html). */
  async startExecution(input: JsonObject): Promise<JsonObject> {
    const machine = this.#machine(input.stateMachineArn);
    const name = input.name === undefined ? randomUUID() : text(input.name);
    const given = input.input === undefined ? '{}' : text(input.input);
    if (!NAME.test(name)) throw new AwsError('InvalidName', 'Invalid Name');
    if (Buffer.byteLength(given) > INPUT_BYTES_MAX)
      throw new AwsError('InvalidExecutionInput', 'The input is too long.');
    const document = parseInput(given);
    const executionArn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const present = this.executions.get(executionArn);
    if (present !== undefined && (present.status !== 'RUNNING' || present.input !== given))
      throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
    if (present !== undefined) return { executionArn, startDate: seconds(present.startedAt) };
    const execution: Execution = {
      executionArn,
      machineArn: machine.arn,
      name,
      input: given,
      startedAt: this.#options.clock.now(),
      status: 'RUNNING',
      state: machine.definition.StartAt,
      document,
    };
    await this.executions.put(execution);
    this.#run(machine, execution);
    return { executionArn, startDate: seconds(execution.startedAt) };
  }

  list(input: JsonObject): JsonObject {
    const machine = this.#machine(input.stateMachineArn);
    const executions = this.executions
      .all()
      .filter(
        ({ machineArn, status }) => machineArn === machine.arn && status === (input.statusFilter ?? status),
      )
      .map((execution) => {
        const { input: _input, output: _output, error: _error, cause: _cause, ...told } = describe(execution);
        return told;
      });
    return { executions: executions.reverse() };
  }

  find(input: JsonObject): Execution {
    const execution = this.executions.get(text(input.executionArn));
    if (execution === undefined)
      throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${text(input.executionArn)}'`);
    return execution;
  }

  async stopExecution(input: JsonObject): Promise<JsonObject> {
    const { executionArn } = this.find(input);
    const running = this.#running.get(executionArn);
    running?.abort.abort('stopped');
    await running?.ended;
    return { stopDate: seconds(this.executions.get(executionArn)?.stoppedAt ?? this.#options.clock.now()) };
  }

  resume(): void {
    for (const execution of this.executions.all()) {
      const machine = this.#machines.get(execution.machineArn);
      if (
        execution.status === 'RUNNING' &&
        machine !== undefined &&
        !this.#running.has(execution.executionArn)
      )
        this.#run(machine, execution);
    }
  }

  isIdle(waitMs: number): boolean {
    const horizon = this.#options.clock.now() + waitMs;
    return [...this.#running.keys()].every(
      (executionArn) => (this.executions.get(executionArn)?.waitUntil ?? 0) > horizon,
    );
  }

  /** Lets go of all executions where they stand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort('region stops');
    await Promise.all(running.map(({ ended }) => ended));
  }

  #machine(arn: unknown): Machine {
    const machine = this.#machines.get(text(arn));
    if (machine === undefined)
      throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${text(arn)}'`);
    return machine;
  }

  #run(machine: Machine, execution: Execution): void {
    const abort = new AbortController();
    const ended = this.#carry(machine, execution, abort.signal)
      .catch((cause: unknown) => this.#options.onFault?.(cause))
      .finally(() => this.#running.delete(execution.executionArn));
    this.#running.set(execution.executionArn, { abort, ended });
  }

  /** Carries an execution from state to state until it ends, and writes down each step. */
  async #carry(machine: Machine, begun: Execution, signal: AbortSignal): Promise<void> {
    let execution = begun;
    const end = (status: Execution['status'], told: Partial<Execution>): Promise<void> => {
      const { waitUntil: _waitUntil, ...rest } = execution;
      return this.executions.put({ ...rest, status, stoppedAt: this.#options.clock.now(), ...told });
    };
    for (;;) {
      const deadline = execution.startedAt + (machine.definition.TimeoutSeconds ?? Infinity) * 1_000;
      let step: Awaited<ReturnType<typeof runState>>;
      try {
        step = await this.#state(machine, execution, { signal, deadline });
      } catch (cause) {
        if (this.#stopped) return;
        if (signal.aborted) return end('ABORTED', {});
        if (!(cause instanceof StateFailure)) throw cause;
        const status = cause.error === EXECUTION_TIMEOUT ? 'TIMED_OUT' : 'FAILED';
        return end(status, { error: cause.error, cause: cause.message });
      }
      if (this.#stopped) return;
      if (signal.aborted) return end('ABORTED', {});
      if (step.next === undefined) return end('SUCCEEDED', { output: JSON.stringify(step.document) });
      const { waitUntil: _waitUntil, ...rest } = execution;
      execution = { ...rest, state: step.next, document: step.document };
      await this.executions.put(execution);
    }
  }

  async #state(
    machine: Machine,
    execution: Execution,
    { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: number },
  ): Promise<Awaited<ReturnType<typeof runState>>> {
    const { clock } = this.#options;
    const state = machine.definition.States[execution.state];
    if (state === undefined) throw new StateFailure('States.Runtime', `no state ${execution.state}`);
    if (clock.now() >= deadline) throw new StateFailure(EXECUTION_TIMEOUT, 'the execution took too long');
    if (state.Type !== 'Wait')
      return runState(execution.state, state, execution.document, {
        invoke: machine.invoke,
        context: contextOf(execution),
        signal,
        retryPauseMs: this.#options.retryPauseMs,
      });
    const until = execution.waitUntil ?? waitUntil(state, execution.document, clock.now());
    await this.executions.put({ ...execution, waitUntil: until });
    await pause(clock, Math.min(until, deadline) - clock.now(), signal);
    if (until > deadline && !signal.aborted)
      throw new StateFailure(EXECUTION_TIMEOUT, 'the execution took too long');
    return { next: state.Next, document: execution.document };
  }
}

const EXECUTION_TIMEOUT = 'States.Timeout of the execution';

/** The context object (`$$`), as far as it does not change from state to state. */
const contextOf = (execution: Execution): JsonMap => ({
  Execution: {
    Id: execution.executionArn,
    Name: execution.name,
    StartTime: new Date(execution.startedAt).toISOString(),
  },
  State: { Name: execution.state },
  StateMachine: { Id: execution.machineArn, Name: execution.machineArn.split(':').at(-1) ?? '' },
});

function parseInput(given: string): Json {
  try {
    return JSON.parse(given) as Json;
  } catch {
    throw new AwsError('InvalidExecutionInput', 'The input is not JSON.');
  }
}

/** Waits by the clock; ends at once when aborted. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
