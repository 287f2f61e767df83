import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { logStore } from '../../adapters/aws/log-store.ts';
import { kmsSigner } from '../../adapters/aws/signer.ts';
import { MINUTE_MS } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { log } from '../../runtime/log.ts';
import { taskHandler } from '../../runtime/task-handler.ts';
import { originOf, publicKeyOf } from '../log/note.ts';
import { compact } from './compact.ts';

/** Of the function's 15 minutes: a partition that is begun then is ended. */
const BEGINS_WITHIN_MS = 8 * MINUTE_MS;

export const handler = taskHandler({
  functionId: 'compact',
  step: async (now) => {
    const begun = performance.now();
    const summary = await compact(
      { origin: originOf(required('JURISDICTION')), key: publicKeyOf(await kmsSigner().publicKey()) },
      {
        evidence: logStore(),
        checkpoints: evidenceStore(required('CHECKPOINTS_BUCKET')),
        isInTime: () => performance.now() - begun < BEGINS_WITHIN_MS,
      },
      now,
    );
    log[summary.refused > 0 ? 'warn' : 'info']('archive compacted', summary);
    return summary;
  },
});
