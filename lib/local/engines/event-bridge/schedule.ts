/** What a schedule needs of time; a test gives its own. */
export type Clock = {
  /** Epoch ms. */
  now(): number;
  /** Calls `wake` once after `ms`. @returns a function that cancels it. */
  after(ms: number, wake: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, wake) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};

/** Calls `run` each `everyMs`, counted from now. A run that takes longer than the period delays the next one; the
 * periods missed are left out. @returns a function that ends it. */
export function startSchedule(clock: Clock, everyMs: number, run: (at: number) => Promise<void>): () => void {
  if (!(everyMs > 0)) throw new RangeError(`a schedule needs a period over 0 ms, not ${everyMs}`);
  const begunAt = clock.now();
  let ended = false;
  let cancel = (): void => {};
  const plan = (): void => {
    if (ended) return;
    const elapsedMs = clock.now() - begunAt;
    const nextMs = (Math.floor(elapsedMs / everyMs) + 1) * everyMs;
    cancel = clock.after(nextMs - elapsedMs, () => void run(clock.now()).then(plan));
  };
  plan();
  return () => {
    ended = true;
    cancel();
  };
}
