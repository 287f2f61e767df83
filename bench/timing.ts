/** Quantile of a sample by linear interpolation between the nearest ranks (type 7 of Hyndman and Fan, 1996).
 * @throws RangeError for an empty sample */
export function quantile(sample: readonly number[], share: number): number {
  if (sample.length === 0) throw new RangeError('no quantile of nothing');
  const sorted = [...sample].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  return below + ((sorted[Math.ceil(place)] ?? below) - below) * (place % 1);
}

export const median = (sample: readonly number[]): number => quantile(sample, 0.5);

/** Runs the work several times and returns the CPU time (user and system, all threads of this process) of each run,
 * in microseconds. CPU time and not the clock, so that a busy neighbour changes little.
 * @param warmUps runs before that, not counted */
export async function cpuMicros(
  run: () => Promise<unknown>,
  { warmUps, runs }: { readonly warmUps: number; readonly runs: number },
): Promise<readonly number[]> {
  for (let at = 0; at < warmUps; at += 1) await run();
  const sample: number[] = [];
  for (let at = 0; at < runs; at += 1) {
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    sample.push(user + system);
  }
  return sample;
}

export interface Logged<T> {
  readonly result: T;
  readonly bytes: number;
  /** Sums of the metrics that the functions logged, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Keeps what the functions log (one metric line per invocation) off the terminal while `work` runs, and adds it up. */
export async function withoutLogs<T>(work: () => Promise<T>): Promise<Logged<T>> {
  const write = process.stdout.write;
  const lines: string[] = [];
  process.stdout.write = ((text: string | Uint8Array) => lines.push(String(text)) > 0) as typeof write;
  try {
    const result = await work();
    return { result, bytes: lines.reduce((sum, line) => sum + line.length, 0), metrics: metricsIn(lines) };
  } finally {
    process.stdout.write = write;
  }
}

function metricsIn(lines: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const line of lines) {
    for (const [name, value] of Object.entries(JSON.parse(line) as Record<string, unknown>))
      if (typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}
