import * as z from 'zod';
import { candidateStore } from '../../adapters/aws/candidate-store.ts';
import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { secretsShelf } from '../../adapters/aws/retention-keys.ts';
import { objectsShelf, streamShelf } from '../../adapters/aws/retention-objects.ts';
import { stewardshipShelf } from '../../adapters/aws/retention-stewardship.ts';
import { expiringShelf, profilesShelf, subjectsShelf } from '../../adapters/aws/retention-tables.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { STREAM_HOURS } from '../../contracts/retention.ts';
import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { DamagedFileError } from '../../evidence/archive/intact.ts';
import type { EvidenceStore } from '../../evidence/archive/ports.ts';
import { documentOf, keepOnce } from '../../evidence/log/keep.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { forgetPersons } from '../../pipeline/understand/forget-persons.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import { jurisdictions } from '../../registry/jurisdictions/index.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { log } from '../../runtime/log.ts';
import { count } from '../../runtime/meter.ts';
import { stepHandler } from '../../runtime/step-handler.ts';
import { longestDays } from './kept-until.ts';
import { accessLogEnd, answerEnd, evidenceEnd, exportEnd, quarantineEnd } from './over-age.ts';
import type { ReleaseStore, RetentionPorts } from './ports.ts';
import { releaseMonth } from './release.ts';
import { beginSweep, reportSweep, type Sweep, sweepOn } from './sweep.ts';

/** What the machine sends: which step, and the document, or one month of it. */
const requestSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('begin') }),
  z.object({ step: z.literal('roll-up'), input: z.string() }),
  z.object({ step: z.literal('sweep'), input: z.custom<Sweep>() }),
  z.object({ step: z.literal('report'), input: z.custom<Sweep>() }),
]);

const secrets = lazily(jurisdictionSecrets);

function portsOf({ retention }: JurisdictionDefinition, secrets: JurisdictionSecrets): RetentionPorts {
  const live = { profiles: required('PROFILES_TABLE'), subjects: required('SUBJECTS_TABLE') };
  const rebuilt = {
    profiles: required('REBUILT_PROFILES_TABLE'),
    subjects: required('REBUILT_SUBJECTS_TABLE'),
  };
  const matching = {
    profiles: profileStore(live),
    keyring: subjectKeyring(secrets, { function: 'retention', purpose: 'forget' }),
    candidates: candidateStore(),
  };
  return {
    shelves: [
      subjectsShelf('subjects', live),
      profilesShelf('profiles', live.profiles, (atomIds) => forgetPersons(atomIds, matching, secrets)),
      secretsShelf(
        'subjectKeys',
        { keys: required('SUBJECT_KEYS_TABLE'), profiles: live.profiles },
        longestDays(retention),
      ),
      subjectsShelf('rebuiltSubjects', rebuilt),
      // Profiles that were built again are not matched.
      profilesShelf('rebuiltProfiles', rebuilt.profiles, async () => undefined),
      stewardshipShelf('identityReviews', required('IDENTITY_REVIEWS_TABLE'), live.profiles),
      expiringShelf('records', required('RECORDS_TABLE'), ['messageToken']),
      expiringShelf('alerts', required('ALERTS_TABLE'), ['alertId']),
      expiringShelf('dueCues', required('DUE_CUES_TABLE'), ['slot', 'cue']),
      objectsShelf('evidence', required('EVIDENCE_BUCKET'), (key, writtenAt) =>
        evidenceEnd(key, writtenAt, retention),
      ),
      objectsShelf('quarantine', required('QUARANTINE_BUCKET'), quarantineEnd),
      objectsShelf('answers', required('ANSWERS_BUCKET'), answerEnd),
      objectsShelf('exports', required('EXPORTS_BUCKET'), exportEnd),
      objectsShelf('accessLogs', required('ACCESS_LOGS_BUCKET'), accessLogEnd),
      streamShelf('signals', required('SIGNALS_STREAM'), STREAM_HOURS.signals),
      streamShelf('lineage', required('LINEAGE_STREAM'), STREAM_HOURS.lineage),
    ],
    evidence: announcedStore(evidenceStore()),
    lineage: lineageStream(),
  };
}

/** What is written is announced to the evidence log first, like everything that lies there. */
const announcedStore = (store: EvidenceStore): ReleaseStore => ({
  ...store,
  putOnce: async (key, bytes) => {
    if ((await store.keys(key)).includes(key)) return 'present';
    await keepOnce(store, [documentOf('report', key, bytes)]);
    return 'written';
  },
});

export const handler = stepHandler({
  functionId: 'retention',
  input: requestSchema,
  step: async (request, now) => {
    const jurisdiction = jurisdictions[required('JURISDICTION')];
    invariant(jurisdiction !== undefined, 'JURISDICTION is not in the registry');
    return answered(request, jurisdiction, portsOf(jurisdiction, await secrets()), now);
  },
});

/** A month with a damaged object waits for its repair, and keeps the sweep from nothing: the next day it is tried again. */
async function releasedOrNot(
  month: string,
  jurisdiction: JurisdictionDefinition,
  ports: RetentionPorts,
): Promise<Awaited<ReturnType<typeof releaseMonth>> | 'unreadable'> {
  try {
    return await releaseMonth(month, jurisdiction, ports);
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    log.error('a month cannot be rolled up', error, { month, object: error.object });
    return 'unreadable';
  }
}

async function answered(
  request: z.infer<typeof requestSchema>,
  jurisdiction: JurisdictionDefinition,
  ports: RetentionPorts,
  now: EpochMs,
): Promise<unknown> {
  switch (request.step) {
    case 'begin':
      return beginSweep(ports, now);
    case 'roll-up': {
      const outcome = await releasedOrNot(request.input, jurisdiction, ports);
      count('monthsReleased', outcome === 'released' ? 1 : 0);
      return { outcome };
    }
    case 'sweep':
      return sweepOn(request.input, ports);
    case 'report': {
      for (const [shelf, { refs }] of Object.entries(request.input.tallies))
        for (const ref of refs) log.error('retention cannot do its work on one thing', null, { shelf, ref });
      const { clean, removed, left, unjudged } = await reportSweep(request.input, jurisdiction.code, ports);
      count('removed', removed);
      count('left', left);
      count('unjudged', unjudged);
      return { clean };
    }
  }
}
