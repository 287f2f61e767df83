import { describe, expect, it } from 'vitest';
import { RegionClock } from '../../lib/local/clock.ts';

const DAY_MS = 86_400_000;

describe("a region's clock", () => {
  it('runs with the machine, ahead of it by what it was moved', async () => {
    const clock = new RegionClock();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(50);
    await clock.advance(40 * DAY_MS);
    await clock.advance(DAY_MS);
    expect(Math.abs(clock.now() - Date.now() - 41 * DAY_MS)).toBeLessThan(50);
  });

  it('fires what has fallen due, the earliest first and each once, and nothing before its time', async () => {
    const clock = new RegionClock();
    const fired: string[] = [];
    clock.after(2 * DAY_MS, () => fired.push('second'));
    clock.after(DAY_MS, () => fired.push('first'));
    const cancel = clock.after(DAY_MS, () => fired.push('cancelled'));
    cancel();
    // Longer than a timer of Node can wait.
    const later = clock.after(400 * DAY_MS, () => fired.push('much later'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fired).toEqual([]);
    await clock.advance(3 * DAY_MS);
    await clock.advance(3 * DAY_MS);
    expect(fired).toEqual(['first', 'second']);
    later();
  });

  it('lets what follows it finish before the move is done', async () => {
    const clock = new RegionClock();
    const followed: number[] = [];
    clock.onAdvance(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      followed.push(clock.now());
    });
    await clock.advance(1_000);
    expect(followed).toHaveLength(1);
  });

  it('does not go back', async () => {
    const clock = new RegionClock();
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      await expect(clock.advance(ms)).rejects.toThrow(RangeError);
  });
});
