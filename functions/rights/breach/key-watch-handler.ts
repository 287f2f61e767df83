import * as z from 'zod';
import { eventBus } from '../../adapters/aws/event-bus.ts';
import { incidentStore } from '../../adapters/aws/incident-store.ts';
import { lineageStream } from '../../adapters/aws/lineage-stream.ts';
import { profileStore } from '../../adapters/aws/profile-store.ts';
import { everyAtom } from '../../adapters/aws/subject-keys.ts';
import { required } from '../../runtime/environment.ts';
import { lazily } from '../../runtime/lazily.ts';
import { count } from '../../runtime/meter.ts';
import { stepHandler } from '../../runtime/step-handler.ts';
import { keyTouched, STRANGERS, type Stranger } from './key-watch.ts';
import { lawOf } from './law.ts';

const isStranger = (type: string): type is Stranger => Object.hasOwn(STRANGERS, type);

/** What EventBridge hands over of a call on the audit trail; only the fields that are read.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
const callSchema = z.object({
  detail: z.object({
    eventName: z.string().regex(/^\w{1,64}$/),
    eventTime: z.iso.datetime(),
    userIdentity: z.object({ type: z.string() }),
    requestParameters: z.unknown(),
  }),
});

const wiring = lazily(async () => ({
  law: lawOf(required),
  ports: {
    incidents: incidentStore(),
    lineage: lineageStream(),
    events: eventBus(),
    subjects: profileStore(),
    everyAtom: () => everyAtom({ function: 'keyWatch', purpose: 'affected' }),
  },
}));

export const handler = stepHandler({
  functionId: 'keyWatch',
  input: callSchema,
  step: async ({ detail }, now) => {
    const { law, ports } = await wiring();
    const { type } = detail.userIdentity;
    const call = {
      operation: detail.eventName,
      by: isStranger(type) ? type : ('other' as const),
      at: Date.parse(detail.eventTime),
      parameters: detail.requestParameters,
    };
    const { listed } = await keyTouched(call, law, ports, now);
    count('events');
    return { listed };
  },
});
