import { alertStore } from '../../adapters/aws/alert-store.ts';
import { attributeConflicts } from '../../adapters/aws/attribute-conflicts.ts';
import { candidateStore } from '../../adapters/aws/candidate-store.ts';
import { dueCues } from '../../adapters/aws/due-cues.ts';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { identityReviews } from '../../adapters/aws/identity-reviews.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { outcomeRecords } from '../../adapters/aws/outcome-records.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { quarantineStore } from '../../adapters/aws/quarantine-store.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { count } from '../../runtime/meter.ts';
import { streamHandler } from '../../runtime/stream-handler.ts';
import { contextOf } from './context.ts';
import { understand } from './understand.ts';

const wiring = lazily(async () => {
  const secrets = await jurisdictionSecrets();
  const context = contextOf(required('JURISDICTION'), secrets);
  const ports = {
    profiles: profileStore(),
    keyring: subjectKeyring(secrets, { function: 'understand', purpose: 'understand' }),
    records: outcomeRecords(),
    candidates: candidateStore(),
    reviews: identityReviews(),
    conflicts: attributeConflicts(),
    quarantine: quarantineStore(),
    alerts: alertStore(),
    dueCues: dueCues(),
    lineage: lineageStream(),
    events: eventBus(),
    clock: Date.now,
  };
  return { context, ports };
});

export const handler = streamHandler({
  functionId: 'understand',
  reportItemFailures: true,
  step: async (records, now) => {
    const { context, ports } = await wiring();
    const understood = await understand(records, context, ports, now);
    count('linksRefusedByValve', understood.refusedByValve);
    return understood;
  },
});
