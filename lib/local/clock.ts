import type { Clock } from './engines/event-bridge/schedule.ts';

/** Longest time that a timer of Node can wait, ms; a longer one fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

interface Timer {
  readonly dueAt: number;
  readonly wake: () => void;
  handle: NodeJS.Timeout | undefined;
}

/**
 * The time of one region. It runs as the machine's own clock does, ahead of it by what `advance` has added. Everything of
 * the region that asks for the time of day follows it: functions, schedules, waits of state machines, S3 and KMS. What
 * does not: timeouts and retries of functions, polling, and the tokens at the doors of the APIs, which are real time.
 */
export class RegionClock implements Clock {
  /** One number, shared with the workers in which functions run: ms that this clock is ahead of the machine's. */
  readonly ahead = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  readonly #timers = new Set<Timer>();
  readonly #onAdvance: (() => Promise<void>)[] = [];

  /** Epoch ms. */
  readonly now = (): number => Date.now() + (this.ahead[0] ?? 0);

  /** Calls `wake` once, `ms` from now by this clock. @returns a function that cancels it. */
  after(ms: number, wake: () => void): () => void {
    const timer: Timer = { dueAt: this.now() + ms, wake, handle: undefined };
    this.#timers.add(timer);
    this.#arm(timer);
    return () => this.#drop(timer);
  }

  /** Runs `follow` after each `advance`, before it resolves. */
  onAdvance(follow: () => Promise<void>): void {
    this.#onAdvance.push(follow);
  }

  /** Moves the clock forward. Timers that have become due fire, the earliest first, each once.
   * @throws RangeError when `ms` is not a positive number: time does not go back */
  async advance(ms: number): Promise<void> {
    if (!(ms > 0 && Number.isFinite(ms))) throw new RangeError(`a clock goes forward, not by ${ms} ms`);
    this.ahead[0] = (this.ahead[0] ?? 0) + ms;
    const now = this.now();
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= now).sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of due) this.#fire(timer);
    for (const timer of this.#timers) this.#arm(timer);
    for (const follow of this.#onAdvance) await follow();
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.handle);
    const leftMs = Math.max(0, timer.dueAt - this.now());
    timer.handle = setTimeout(
      () => (this.now() >= timer.dueAt ? this.#fire(timer) : this.#arm(timer)),
      Math.min(leftMs, TIMER_MS_MAX),
    );
  }

  #fire(timer: Timer): void {
    if (!this.#timers.has(timer)) return;
    this.#drop(timer);
    timer.wake();
  }

  #drop(timer: Timer): void {
    clearTimeout(timer.handle);
    this.#timers.delete(timer);
  }
}
