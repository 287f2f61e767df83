/**
 * State machines as plain values: `lib` writes them in the Amazon States Language, and the local region runs what it
 * wrote. An execution carries one document from step to step; every path is a JSONPath into it, such as `$.wakeAt`.
 */
export interface FlowMachine {
  /** After "that": the machine … */
  readonly purpose: string;
  readonly startAt: string;
  readonly states: Readonly<Record<string, MachineState>>;
  /** Longest an execution may take, waits included. */
  readonly timeoutSeconds: number;
  /** Starts an execution each so many minutes, with `{}` as its document. Absent: functions start it. */
  readonly everyMinutes?: number;
}

export type MachineState = TaskState | WaitState | ChoiceState | EachState | SucceedState | FailState;

/** Invokes a function whose trigger is `task`. What it answers becomes the document, unless `result` says where. */
export interface TaskState {
  readonly kind: 'task';
  /** Id in `flow`. */
  readonly function: string;
  /** Constant members put beside the document: the function is sent `{ ...with, input: <document> }`. Absent: the
   * function is sent the document itself. */
  readonly with?: Readonly<Record<string, string | number | boolean>>;
  /** Where the answer goes: the whole document (absent), one member (`$.plan`), or nowhere. */
  readonly result?: `$.${string}` | 'discarded';
  readonly timeoutSeconds: number;
  readonly retry: MachineRetry;
  /** State to go on at when all attempts failed; the document then has the error's name at `$.failure`. */
  readonly catch?: string;
  /** Absent: the execution ends. */
  readonly next?: string;
}

/** Attempts after the first, whatever the error was, and the pause before each: `intervalSeconds`, doubled each time. */
export interface MachineRetry {
  readonly attempts: number;
  readonly intervalSeconds: number;
}

export interface WaitState {
  readonly kind: 'wait';
  /** ISO 8601 UTC time in the document, or a fixed number of seconds. */
  readonly until: { readonly timestampPath: `$.${string}` } | { readonly seconds: number };
  readonly next: string;
}

/** Goes on at the first case whose member equals the value. */
export interface ChoiceState {
  readonly kind: 'choice';
  readonly cases: readonly {
    readonly path: `$.${string}`;
    readonly equals: string | boolean;
    readonly next: string;
  }[];
  readonly otherwise: string;
}

/** Runs a task for each element of a list in the document, which stays as it is. */
export interface EachState {
  readonly kind: 'each';
  readonly listPath: `$.${string}`;
  /** Elements at a time. */
  readonly concurrency: number;
  readonly task: Omit<TaskState, 'kind' | 'next' | 'catch' | 'result'>;
  readonly next?: string;
}

export interface SucceedState {
  readonly kind: 'succeed';
}
export interface FailState {
  readonly kind: 'fail';
  /** A name, without personal data. */
  readonly error: string;
}
