import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { logStore } from '../../adapters/aws/log-store.ts';
import { kmsSigner } from '../../adapters/aws/signer.ts';
import { HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { log } from '../../runtime/log.ts';
import { taskHandler } from '../../runtime/task-handler.ts';
import { originOf, publicKeyOf } from '../log/note.ts';
import { isDueToday } from './share.ts';
import { verifyArchive } from './verify.ts';

/** Checkpoints are made every hour; three missed ones are a finding. */
const CHECKPOINT_AGE_MS_MAX = 3 * HOUR_MS;
/** Of the function's 15 minutes. What is not read by then is left to the next round, and counted. */
const READING_MS_MAX = 12 * MINUTE_MS;

export const handler = taskHandler({
  functionId: 'audit',
  step: async (now) => {
    const key = publicKeyOf(await kmsSigner().publicKey());
    const begun = performance.now();
    let postponed = 0;
    const report = await verifyArchive(
      { evidence: logStore(), checkpoints: evidenceStore(required('CHECKPOINTS_BUCKET')) },
      {
        origin: originOf(required('JURISDICTION')),
        keys: [key],
        now,
        checkpointAgeMsMax: CHECKPOINT_AGE_MS_MAX,
        includes: () => true,
        reads: (object) => {
          if (!isDueToday(object, now)) return false;
          const isInTime = performance.now() - begun < READING_MS_MAX;
          if (!isInTime) postponed += 1;
          return isInTime;
        },
      },
    );
    for (const { kind, where, what, rows = [] } of report.findings)
      log.warn('archive finding', { kind, where, what, rows: rows.join(' ') });
    const { checkpoints, entries, objects, rows, expired, replaced, waiting, findings } = report;
    return {
      checkpoints,
      entries,
      objects,
      rows,
      expired,
      replaced,
      waiting,
      postponed,
      findings: findings.length,
    };
  },
});
