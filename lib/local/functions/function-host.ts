import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LogFile } from './log-file.ts';
import type { CallReport, FunctionError, InvokeMessage, WorkerMessage, WorkerStart } from './protocol.ts';

/** A Lambda function as the template describes it. */
export interface FunctionSpec {
  readonly logicalId: string;
  /** Short name: the last part of its log group's name, or the logical id. */
  readonly functionId: string;
  readonly functionName: string;
  readonly arn: string;
  /** Name of the role it runs as. */
  readonly role: string;
  readonly bundleFolder: string;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Absent: unreserved. */
  readonly reservedConcurrency?: number;
}

export type Invocation =
  | { readonly ok: true; readonly response: unknown }
  | { readonly ok: false; readonly error: FunctionError };

export interface HostSurroundings {
  /** All that the function's environment holds besides what the template gives it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly servicesByPort: Readonly<Record<string, string>>;
  /** One number, shared: ms that the region's time is ahead of the machine's. */
  readonly ahead: Float64Array;
  readonly log: LogFile;
  /** Workers at most, unless the template reserves fewer. */
  readonly concurrencyMax: number;
  onReport(report: CallReport): void;
}

interface Waiting {
  readonly event: string;
  readonly settle: (invocation: Invocation) => void;
}
interface Instance {
  readonly worker: Worker;
  state: 'starting' | 'idle' | 'busy' | 'gone';
  current: Waiting | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Time Lambda gives a function to load, ms. */
const INIT_MS_MAX = 30_000;

/** Runs one function: each concurrent execution has a worker thread of its own, which takes one event at a time and
 * is replaced after a crash or a timeout. Events beyond the concurrency wait in line. */
export class FunctionHost {
  readonly spec: FunctionSpec;
  readonly #surroundings: HostSurroundings;
  readonly #instances = new Set<Instance>();
  readonly #waiting: Waiting[] = [];
  readonly #concurrency: number;
  #stopped = false;

  constructor(spec: FunctionSpec, surroundings: HostSurroundings) {
    this.spec = spec;
    this.#surroundings = surroundings;
    this.#concurrency = Math.max(
      1,
      Math.min(spec.reservedConcurrency ?? surroundings.concurrencyMax, surroundings.concurrencyMax),
    );
  }

  /** Calls the handler. Never rejects: a thrown error, a crash, a timeout and a bundle that cannot be loaded are all
   * answers. */
  invoke(event: unknown): Promise<Invocation> {
    return new Promise((settle) => {
      if (this.#stopped) {
        settle(failed('Region.Stopped', 'the region is stopping'));
        return;
      }
      this.#waiting.push({ event: JSON.stringify(event), settle });
      this.#dispatch();
    });
  }

  /** Executions running or waiting. */
  get inFlight(): number {
    let busy = this.#waiting.length;
    for (const instance of this.#instances) if (instance.state === 'busy') busy += 1;
    return busy;
  }

  /** Loads the bundle into a first worker, so that the first event does not wait for it. */
  warm(): void {
    if (!this.#stopped && this.#instances.size === 0) this.#startInstance();
  }

  /** Ends all workers; what runs or waits is answered as failed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const waiting of this.#waiting.splice(0))
      waiting.settle(failed('Region.Stopped', 'the region is stopping'));
    await Promise.all([...this.#instances].map((instance) => instance.worker.terminate()));
    await this.#surroundings.log.close();
  }

  #dispatch(): void {
    for (const instance of this.#instances) {
      if (this.#waiting.length === 0) return;
      if (instance.state === 'idle') this.#run(instance);
    }
    let starting = 0;
    for (const instance of this.#instances) if (instance.state === 'starting') starting += 1;
    while (this.#waiting.length > starting && this.#instances.size < this.#concurrency) {
      this.#startInstance();
      starting += 1;
    }
  }

  #run(instance: Instance): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    instance.state = 'busy';
    instance.current = waiting;
    const seconds = this.spec.timeoutMs / 1_000;
    instance.timer = setTimeout(
      () =>
        this.#retire(
          instance,
          failed('Sandbox.Timedout', `Task timed out after ${seconds.toFixed(2)} seconds`),
        ),
      this.spec.timeoutMs,
    );
    const message: InvokeMessage = {
      requestId: randomUUID(),
      event: waiting.event,
      deadlineMs: Date.now() + this.spec.timeoutMs,
    };
    instance.worker.postMessage(message);
  }

  #startInstance(): void {
    const start: WorkerStart = {
      bundleFolder: this.spec.bundleFolder,
      handler: this.spec.handler,
      functionName: this.spec.functionName,
      functionArn: this.spec.arn,
      memoryMb: this.spec.memoryMb,
      sourceMaps: (this.spec.environment.NODE_OPTIONS ?? '').includes('--enable-source-maps'),
      servicesByPort: this.#surroundings.servicesByPort,
      ahead: this.#surroundings.ahead,
    };
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
      name: this.spec.functionName,
      workerData: start,
      env: { ...this.#surroundings.environment, ...this.spec.environment },
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: this.spec.memoryMb },
    });
    const instance: Instance = { worker, state: 'starting', current: undefined, timer: undefined };
    this.#instances.add(instance);
    instance.timer = setTimeout(
      () => this.#retire(instance, failed('Sandbox.Timedout', 'the function did not load in time')),
      INIT_MS_MAX,
    );
    worker.stdout.on('data', (chunk: Buffer) => this.#surroundings.log.write(worker.threadId, chunk));
    worker.stderr.on('data', (chunk: Buffer) => this.#surroundings.log.write(-1, chunk));
    worker.on('message', (message: WorkerMessage) => this.#hear(instance, message));
    worker.on('error', (error: Error) => {
      this.#surroundings.log.write(-1, Buffer.from(`${error.stack ?? error.message}\n`));
      this.#retire(
        instance,
        failed(error.name === 'Error' ? 'Runtime.UnhandledError' : error.name, error.message),
      );
    });
    worker.on('exit', (code) =>
      this.#retire(instance, failed('Runtime.ExitError', `the function's runtime exited with ${code}`)),
    );
  }

  #hear(instance: Instance, message: WorkerMessage): void {
    clearTimeout(instance.timer);
    if (instance.state === 'gone') return;
    if (message.kind === 'unusable') {
      this.#retire(instance, {
        ok: false,
        error: { ...message.error, errorType: 'Runtime.ImportModuleError' },
      });
      return;
    }
    this.#surroundings.onReport(message.report);
    instance.state = 'idle';
    const { current } = instance;
    instance.current = undefined;
    if (message.kind === 'failed') current?.settle({ ok: false, error: message.error });
    if (message.kind === 'done') {
      current?.settle({
        ok: true,
        response: message.response === undefined ? null : (JSON.parse(message.response) as unknown),
      });
    }
    this.#dispatch();
  }

  /** Takes an instance out of service. The event it was working on fails; one that never came to work fails the event
   * that it was started for, so that a broken bundle does not make callers wait for ever. */
  #retire(instance: Instance, invocation: Invocation): void {
    if (instance.state === 'gone') return;
    const neverReady = instance.state === 'starting';
    instance.state = 'gone';
    clearTimeout(instance.timer);
    this.#instances.delete(instance);
    void instance.worker.terminate();
    const affected = instance.current ?? (neverReady ? this.#waiting.shift() : undefined);
    affected?.settle(invocation);
    if (!this.#stopped) this.#dispatch();
  }
}

const failed = (errorType: string, errorMessage: string): Invocation => ({
  ok: false,
  error: { errorType, errorMessage },
});
