import * as z from 'zod';
import { archiveReader } from '../../adapters/aws/archive-reader.ts';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { exportStore } from '../../adapters/aws/export-store.ts';
import { hotReader } from '../../adapters/aws/hot-stores.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { quarantineStore } from '../../adapters/aws/quarantine-store.ts';
import { requestBook } from '../../adapters/aws/request-book.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { MINUTE_MS } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { stepHandler } from '../../runtime/step-handler.ts';
import { exportPerson } from './export.ts';
import { policyOf } from './policy.ts';

/** Of the function's 15 minutes: what is begun then is ended. */
const BEGINS_WITHIN_MS = 8 * MINUTE_MS;

const wiring = lazily(async () => {
  const secrets = await jurisdictionSecrets();
  const policy = policyOf(required, secrets);
  return {
    policy,
    ports: {
      requests: requestBook(policy.jurisdiction.logs.value.requestDays),
      subjects: profileStore(),
      keyring: subjectKeyring(secrets, { function: 'privacyExport', purpose: 'disclose' }),
      hot: hotReader(),
      quarantine: quarantineStore(),
      archive: archiveReader(),
      exports: exportStore(),
      lineage: lineageStream(),
      events: eventBus(),
    },
  };
});

/** Gathers what is held of a person. */
export const handler = stepHandler({
  functionId: 'privacyExport',
  input: z.object({ requestId: z.string(), driver: z.int() }),
  step: async ({ requestId }, now) => {
    const { policy, ports } = await wiring();
    const begun = performance.now();
    const isInTime = () => performance.now() - begun < BEGINS_WITHIN_MS;
    return exportPerson(requestId, policy, { ...ports, isInTime }, now);
  },
});
