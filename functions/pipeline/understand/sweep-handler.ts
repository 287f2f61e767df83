import { alertStore } from '../../adapters/aws/alert-store.ts';
import { dueCues } from '../../adapters/aws/due-cues.ts';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { jurisdictionSecrets } from '../../adapters/aws/secrets.ts';
import { subjectKeyring } from '../../adapters/aws/subject-keys.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { taskHandler } from '../../runtime/task-handler.ts';
import { contextOf } from './context.ts';
import { sweep } from './sweep.ts';

/** Of the function's 55 seconds: a page of cues that is begun then is ended. */
const BEGINS_WITHIN_MS = 35_000;

const wiring = lazily(async () => {
  const cues = dueCues();
  const secrets = await jurisdictionSecrets();
  return {
    context: contextOf(required('JURISDICTION'), secrets),
    ports: {
      profiles: profileStore(),
      keyring: subjectKeyring(secrets, { function: 'sweep', purpose: 'understand' }),
      cues,
      alerts: alertStore(),
      dueCues: cues,
      lineage: lineageStream(),
      events: eventBus(),
      clock: Date.now,
    },
  };
});

export const handler = taskHandler({
  functionId: 'sweep',
  step: async (now) => {
    const begun = performance.now();
    const { context, ports } = await wiring();
    const isInTime = (): boolean => performance.now() - begun < BEGINS_WITHIN_MS;
    return sweep(context, { ...ports, isInTime }, now);
  },
});
