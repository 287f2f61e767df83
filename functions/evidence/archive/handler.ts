import { evidenceStore } from '../../adapters/aws/evidence-store.ts';
import { log } from '../../runtime/log.ts';
import { count } from '../../runtime/meter.ts';
import { streamHandler } from '../../runtime/stream-handler.ts';
import { archiveWindow } from './archive.ts';

export const handler = streamHandler({
  functionId: 'archive',
  reportItemFailures: false,
  step: async (records) => {
    if (records.length === 0) return { failed: [] };
    const summary = await archiveWindow({ store: evidenceStore() }, records);
    count('redelivered', summary.lookedFor);
    log[summary.unreadable > 0 ? 'warn' : 'info']('window archived', { ...summary, records: records.length });
    return { failed: [] };
  },
});
