import type { EpochMs } from '../../kernel/time.ts';

/** How far above its rate a source may go for a moment, in seconds of its rate. */
const BURST_SECONDS = 2;

/** A token bucket per source. A request is let in while the bucket isn't empty, and its events are then taken from
 * it even below zero: so a single large batch always gets through, and its source waits longer afterwards. */
export class RateLimit {
  readonly #buckets = new Map<string, { tokens: number; at: EpochMs }>();

  /** @returns null when the events may come in, else the seconds to wait. */
  take(
    source: { readonly id: string; readonly eventsPerSecondMax: number },
    events: number,
    now: EpochMs,
  ): number | null {
    const rate = source.eventsPerSecondMax;
    const bucket = this.#buckets.get(source.id) ?? { tokens: rate * BURST_SECONDS, at: now };
    const refilled = bucket.tokens + (Math.max(0, now - bucket.at) / 1_000) * rate;
    bucket.tokens = Math.min(refilled, rate * BURST_SECONDS);
    bucket.at = Math.max(now, bucket.at);
    this.#buckets.set(source.id, bucket);
    if (bucket.tokens <= 0) return Math.max(1, Math.ceil(-bucket.tokens / rate));
    bucket.tokens -= events;
    return null;
  }
}
