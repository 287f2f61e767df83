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
    const { context, ports } = await wiring();
    return sweep(context, ports, now);
  },
});
