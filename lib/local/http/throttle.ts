/** A token bucket, as API Gateway throttles a route: `burst` tokens, refilled at `ratePerSecond`.
 * @returns what takes a token at `nowMs`, and says whether there was one. */
export function tokenBucket(limits: {
  readonly ratePerSecond: number;
  readonly burst: number;
}): (nowMs: number) => boolean {
  let tokens = limits.burst;
  let filledAt: number | undefined;
  return (nowMs) => {
    const passedMs = Math.max(0, nowMs - (filledAt ?? nowMs));
    tokens = Math.min(limits.burst, tokens + (passedMs / 1_000) * limits.ratePerSecond);
    filledAt = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
