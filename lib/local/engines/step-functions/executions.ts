import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../template/template.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** One execution as it stands between two states. */
export interface Execution {
  readonly executionArn: string;
  readonly machineArn: string;
  readonly name: string;
  readonly input: string;
  readonly startedAt: number;
  readonly status: ExecutionStatus;
  /** State that runs or waits, and the document it was given. */
  readonly state: string;
  readonly document: Json;
  /** For a Wait state: when it ends. */
  readonly waitUntil?: number;
  readonly stoppedAt?: number;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** The executions of a region, each a file of its own when there is a folder. */
export class Executions {
  readonly #directory: string | undefined;
  readonly #byArn = new Map<string, Execution>();

  private constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** Opens what an earlier run left. */
  static async open(directory: string | undefined): Promise<Executions> {
    const executions = new Executions(directory);
    if (directory === undefined) return executions;
    await mkdir(directory, { recursive: true });
    for (const name of await readdir(directory)) {
      if (!name.endsWith('.json')) continue;
      const execution = JSON.parse(await readFile(join(directory, name), 'utf8')) as Execution;
      executions.#byArn.set(execution.executionArn, execution);
    }
    return executions;
  }

  get(executionArn: string): Execution | undefined {
    return this.#byArn.get(executionArn);
  }

  all(): readonly Execution[] {
    return [...this.#byArn.values()];
  }

  /** Remembers an execution's new stand; it is on disk when this resolves. */
  async put(execution: Execution): Promise<void> {
    this.#byArn.set(execution.executionArn, execution);
    if (this.#directory === undefined) return;
    const file = join(this.#directory, `${execution.executionArn.split(':').slice(6).join('.')}.json`);
    await writeFile(`${file}.new`, JSON.stringify(execution), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }
}
