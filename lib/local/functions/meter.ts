import type { CallReport } from './protocol.ts';

export interface MeterReading {
  /** AWS API calls by service (IAM prefix) and operation. */
  readonly awsCalls: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Sums of embedded metrics by function and metric name. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Adds up what a region's functions did since it started. */
export class Meter {
  readonly #calls: Record<string, Record<string, number>> = {};
  readonly #metrics: Record<string, Record<string, number>> = {};

  addCalls({ calls }: CallReport): void {
    for (const [name, count] of Object.entries(calls)) {
      const [service = '', operation = ''] = name.split(':');
      add(this.#calls, service, operation, count);
    }
  }

  addMetric(functionId: string, name: string, value: number): void {
    add(this.#metrics, functionId, name, value);
  }

  /** A copy of the sums so far. */
  read(): MeterReading {
    return structuredClone({ awsCalls: this.#calls, metrics: this.#metrics });
  }
}

function add(sums: Record<string, Record<string, number>>, group: string, name: string, by: number): void {
  const row = sums[group] ?? {};
  row[name] = (row[name] ?? 0) + by;
  sums[group] = row;
}
