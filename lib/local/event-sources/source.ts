import type { Invocation } from '../functions/function-host.ts';

/** Calls the function that an event source feeds. */
export type Invoke = (event: unknown) => Promise<Invocation>;

/** Something that feeds a function until it is stopped. */
export interface EventSource {
  readonly name: string;
  /** Whether everything there was at `since` (ms of `performance.now()`) has been carried to its end. */
  isDrained(since: number): boolean;
  /** Ends batching windows that are open now, rather than waiting for them. */
  closeWindows(): void;
  stop(): Promise<void>;
}

/** A pause that ends early when `wake` is called. */
export class Pauses {
  readonly #ends = new Set<() => void>();

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#ends.add(end);
    });
  }

  wake(): void {
    for (const end of [...this.#ends]) end();
  }
}
