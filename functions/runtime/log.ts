/** Structured log lines on standard output, which Lambda ships to CloudWatch. Fields are codes and numbers: never a
 * value that came from a customer (law 10). */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

const line = (level: 'info' | 'warn' | 'error', message: string, fields: LogFields): void => {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields })}\n`);
};

export const log = {
  info: (message: string, fields: LogFields = {}): void => line('info', message, fields),
  warn: (message: string, fields: LogFields = {}): void => line('warn', message, fields),
  /** `error` contributes its name and the name of its cause only; messages of foreign errors may quote input. */
  error: (message: string, error: unknown, fields: LogFields = {}): void =>
    line('error', message, {
      ...fields,
      error: nameOf(error),
      cause: nameOf((error as { cause?: unknown } | null)?.cause),
    }),
};

const nameOf = (error: unknown): string | undefined => (error instanceof Error ? error.name : undefined);

/** Writes one CloudWatch embedded-metric line: how CloudWatch turns a log line into metrics without an API call.
 * Dimensions are the function's name only. */
export function emitMetrics(
  functionId: string,
  counted: Readonly<Record<string, number>>,
  now: number,
): void {
  const values = { invocations: 1, ...counted };
  const names = Object.keys(values);
  process.stdout.write(
    `${JSON.stringify({
      _aws: {
        Timestamp: now,
        CloudWatchMetrics: [
          { Namespace: 'Rapport', Dimensions: [['function']], Metrics: names.map((Name) => ({ Name })) },
        ],
      },
      function: functionId,
      ...values,
    })}\n`,
  );
}

/** The code line an error came from: its message may quote input, its stack frames do not. */
export const whereThrown = (error: unknown): string | undefined =>
  error instanceof Error ? /\n\s+at (.+)/.exec(error.stack ?? '')?.[1] : undefined;
