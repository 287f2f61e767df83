import * as z from 'zod';
import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { logStore } from '../../adapters/aws/log-store.ts';
import { kmsSigner } from '../../adapters/aws/signer.ts';
import { type EpochMs, MINUTE_MS } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { log } from '../../runtime/log.ts';
import { count } from '../../runtime/meter.ts';
import { stepHandler } from '../../runtime/step-handler.ts';
import { originOf, publicKeyOf } from '../log/note.ts';
import {
  type CompactContext,
  type CompactionPlan,
  compactHour,
  planCompaction,
  removeReplaced,
} from './compact.ts';
import type { CompactPorts } from './ports.ts';

/** Of the function's 15 minutes: an object that is begun then is ended. */
const BEGINS_WITHIN_MS = 8 * MINUTE_MS;

const planSchema = z.object({
  begunAt: z.int(),
  left: z.int(),
  hours: z.array(z.string()),
  done: z.boolean(),
}) satisfies z.ZodType<CompactionPlan>;

/** What the machine sends: which step, and the document (none at the beginning), or one hour of it. */
const requestSchema = z.discriminatedUnion('step', [
  z.object({ step: z.literal('remove') }),
  z.object({
    step: z.literal('plan'),
    input: z.union([planSchema, z.strictObject({}).transform(() => null)]),
  }),
  z.object({ step: z.literal('hour'), input: z.string() }),
]);

export const handler = stepHandler({
  functionId: 'compact',
  input: requestSchema,
  step: async (request, now) => {
    const begun = performance.now();
    const context = {
      origin: originOf(required('JURISDICTION')),
      key: publicKeyOf(await kmsSigner().publicKey()),
    };
    const ports = {
      evidence: logStore(),
      checkpoints: evidenceStore(required('CHECKPOINTS_BUCKET')),
      isInTime: () => performance.now() - begun < BEGINS_WITHIN_MS,
    };
    return answered(request, context, ports, now);
  },
});

async function answered(
  request: z.infer<typeof requestSchema>,
  context: CompactContext,
  ports: CompactPorts,
  now: EpochMs,
): Promise<unknown> {
  switch (request.step) {
    case 'remove': {
      const summary = await removeReplaced(context, ports, now);
      count('removed', summary.removed);
      return summary;
    }
    case 'plan':
      return planCompaction(request.input, context, ports, now);
    case 'hour': {
      const summary = await compactHour(request.input, context, ports, now);
      count('objectsMerged', summary.merged);
      count('objectsMade', summary.made);
      count('objectsRefused', summary.refused);
      log[summary.refused > 0 ? 'warn' : 'info']('archive compacted', summary);
      return summary;
    }
  }
}
