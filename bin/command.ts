/** One command of the `rapport` program. One file per command under `bin/commands`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly usage: string;
  /** @param args what follows the command's name
   * @returns the exit code
   * @throws an error whose name is in `ERRORS_OF_USE` for what the user can put right */
  run(args: readonly string[]): Promise<number>;
}

/** Errors that are shown as one line and end the program with code 2. By name, so that a command's modules are loaded
 * only when it runs. */
export const ERRORS_OF_USE: ReadonlySet<string> = new Set(['UserError', 'TemplateError', 'EngineError']);

/** Whether an error is the user's to put right: one of ours, or `node:util` parseArgs refusing an option. */
export const isErrorOfUse = (error: unknown): error is Error =>
  error instanceof Error &&
  (ERRORS_OF_USE.has(error.name) || String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS'));
