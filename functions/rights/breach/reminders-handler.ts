import { eventBus } from '../../adapters/aws/event-bus.ts';
import { incidentStore } from '../../adapters/aws/incident-store.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { taskHandler } from '../../runtime/task-handler.ts';
import { remind } from './change.ts';
import { lawOf } from './law.ts';

const wiring = lazily(async () => ({
  law: lawOf(required),
  ports: { incidents: incidentStore(), lineage: lineageStream(), events: eventBus() },
}));

export const handler = taskHandler({
  functionId: 'incidentReminders',
  step: async (now) => {
    const { law, ports } = await wiring();
    return { ...(await remind(law, ports, now)) };
  },
});
