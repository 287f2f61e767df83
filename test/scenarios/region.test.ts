import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningPair, startPair } from './running-pair.ts';
import { archiveStories } from './stories/archive.ts';
import { browserStories } from './stories/browsers.ts';
import { compactionStory } from './stories/compaction.ts';
import { consentStories } from './stories/consent.ts';
import { customerStories } from './stories/customers.ts';
import { identityStories } from './stories/identity.ts';
import { incidentStories } from './stories/incidents.ts';
import { lawfulStories } from './stories/lawful.ts';
import { personalDataStories } from './stories/personal-data.ts';
import { privacyStories } from './stories/privacy.ts';
import { proofStories } from './stories/proofs.ts';
import { silenceStory } from './stories/silence.ts';

// One pair of regions tells every story, since starting one takes longer than most of them.
let running: RunningPair;
const pair = (): RunningPair => running;
beforeAll(async () => {
  running = await startPair();
}, 240_000);
afterAll(() => running?.stop());

describe('two stacks on one machine, through their public faces', () => {
  const endOfSilence = silenceStory(pair);
  customerStories(pair);
  identityStories(pair);
  lawfulStories(pair);
  consentStories(pair);
  browserStories(pair);
  personalDataStories(pair);
  incidentStories(pair);
  endOfSilence();
  archiveStories(pair);
  proofStories(pair);
  // Last, since they move the clock: that of the UK, and that of the EU.
  compactionStory(pair);
  privacyStories(pair);

  it('never call what their roles do not allow', () => {
    expect([...pair().eu.region.violations(), ...pair().uk.region.violations()]).toEqual([]);
  });
});
