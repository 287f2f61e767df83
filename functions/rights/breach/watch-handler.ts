import { eventBus } from '../../adapters/aws/event-bus.ts';
import { incidentStore } from '../../adapters/aws/incident-store.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { logHandler } from '../../runtime/log-handler.ts';
import { lawOf } from './law.ts';
import { watch } from './watch.ts';

const wiring = lazily(async () => ({
  law: lawOf(required),
  ports: { incidents: incidentStore(), lineage: lineageStream(), events: eventBus() },
}));

export const handler = logHandler({
  functionId: 'logWatch',
  step: async (lines, now) => {
    const { law, ports } = await wiring();
    return { ...(await watch(lines, law, ports, now)) };
  },
});
