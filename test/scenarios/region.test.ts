import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPair, startPair } from './running-pair.ts';
import { customerStories } from './stories/customers.ts';
import { lawfulStories } from './stories/lawful.ts';

// One pair of regions tells every story, since starting one takes longer than most of them.
let pair: RunningPair;
beforeAll(async () => {
  pair = await startPair();
}, 120_000);
afterAll(() => pair?.stop());

describe('two stacks on one machine, through their public faces', () => {
  customerStories(() => pair);
  lawfulStories(() => pair);

  it('never call what their roles do not allow', () => {
    expect([...pair.eu.region.violations(), ...pair.uk.region.violations()]).toEqual([]);
  });
});
