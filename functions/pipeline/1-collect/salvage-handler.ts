import { performance } from 'node:perf_hooks';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { quarantineStore } from '../../adapters/aws/quarantine-store.ts';
import { streamReader } from '../../adapters/aws/stream-reader.ts';
import { emitMetrics, log } from '../../runtime/log.ts';
import { takeCounts } from '../../runtime/meter.ts';
import { readNotice, salvage } from './salvage.ts';

/** Notices from the on-failure queues of the stream functions. A notice that cannot be followed goes back to the
 * queue, by itself. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const startedAt = Date.now();
  const start = performance.now();
  const ports = { stream: streamReader(), store: quarantineStore() };
  const batchItemFailures: { itemIdentifier: string }[] = [];
  let savedRecords = 0;
  let lostRecords = 0;
  for (const { messageId, body } of event.Records) {
    try {
      const { saved, lost } = await salvage(readNotice(body), ports);
      savedRecords += saved;
      lostRecords += lost;
      if (lost > 0)
        log.warn('the stream had forgotten records before they were salvaged', { messageId, lost });
    } catch (error) {
      log.error('could not salvage stream records', error, { messageId });
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  const failures = batchItemFailures.length;
  const durationMs = performance.now() - start;
  emitMetrics('salvage', { ...takeCounts(), savedRecords, lostRecords, failures, durationMs }, startedAt);
  return { batchItemFailures };
};
