import { expect, it } from 'vitest';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { jurisdictionCodes } from '../../../functions/registry/jurisdictions/index.ts';
import { erasureFloorOf } from '../../../functions/rights/privacy-request/erasure-floor.ts';
import { lawOf } from '../calendars.ts';

const NOW = Date.UTC(2027, 5, 1);

it('restricts an Indian until the newest signal is a year old', () => {
  const held = { transaction: NOW - 10 * DAY_MS, behaviour: NOW - 300 * DAY_MS };
  expect(erasureFloorOf(lawOf('in'), held, NOW)).toBe(NOW + 355 * DAY_MS);
});

it('erases an Indian of whom nothing younger than a year is held', () => {
  expect(erasureFloorOf(lawOf('in'), {}, NOW)).toBeNull();
  expect(erasureFloorOf(lawOf('in'), { behaviour: NOW - 365 * DAY_MS }, NOW)).toBeNull();
  expect(erasureFloorOf(lawOf('in'), { behaviour: NOW - 365 * DAY_MS + 1 }, NOW)).toBe(NOW + 1);
});

it('erases everybody else at once, Californian request logs notwithstanding', () => {
  for (const code of jurisdictionCodes.filter((other) => other !== 'in'))
    expect(erasureFloorOf(lawOf(code), { transaction: NOW, consent: NOW }, NOW)).toBeNull();
});
