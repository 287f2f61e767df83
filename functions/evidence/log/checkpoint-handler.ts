import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { logStore } from '../../adapters/aws/log-store.ts';
import { kmsSigner } from '../../adapters/aws/signer.ts';
import { invariant } from '../../kernel/invariant.ts';
import { enabledOrThrow } from '../../registry/jurisdictions/index.ts';
import { required } from '../../runtime/environment.ts';
import { log } from '../../runtime/log.ts';
import { taskHandler } from '../../runtime/task-handler.ts';
import { checkpoint } from './checkpoint.ts';
import { expiryOf } from './expiry.ts';
import { originOf } from './note.ts';

export const handler = taskHandler({
  functionId: 'checkpoint',
  step: async (now) => {
    const code = required('JURISDICTION');
    const ports = {
      evidence: logStore(),
      checkpoints: evidenceStore(required('CHECKPOINTS_BUCKET')),
      signer: kmsSigner(),
    };
    const [jurisdiction] = enabledOrThrow([code]);
    invariant(jurisdiction, 'a stack has a jurisdiction');
    const context = { origin: originOf(code), expiresOn: expiryOf(jurisdiction) };
    const summary = await checkpoint(context, ports, now);
    const isOdd = summary.mismatched + summary.unreadable > 0;
    log[isOdd ? 'warn' : 'info']('evidence log signed', summary);
    return summary;
  },
});
