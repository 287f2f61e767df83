import { gunzipSync } from 'node:zlib';
import middy from '@middy/core';
import * as z from 'zod';
import type { FunctionId } from '../flow.ts';
import type { EpochMs } from '../kernel/time.ts';
import { emitMetrics, log, whereThrown } from './log.ts';
import { takeCounts } from './meter.ts';

/** CloudWatch Logs delivers at most 1 MB compressed; more than this unpacked is corrupt. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/** What a subscription filter delivers, unpacked. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html */
const deliverySchema = z.object({
  /** `CONTROL_MESSAGE`: the service checks that somebody listens. */
  messageType: z.enum(['DATA_MESSAGE', 'CONTROL_MESSAGE']),
  logGroup: z.string(),
  logEvents: z.array(z.object({ timestamp: z.number(), message: z.string() })),
});

/** What Lambda hands over; only the field that is read. */
export interface LogDelivery {
  readonly awslogs: { readonly data: string };
}

/** Lines could not be searched, and are to be delivered again. Names the error and no more: Lambda prints what a handler
 * throws, into a log that nobody searches. */
export class LogFailure extends Error {
  override readonly name = 'LogFailure';
}

/** Shell around a function that log groups feed: unpacks lines, logs errors by name and writes one metric line per
 * invocation, with the numbers that the step returns. It prints nothing of the lines. */
export function logHandler(options: {
  readonly functionId: FunctionId;
  readonly step: (
    delivery: { readonly logGroup: string; readonly lines: readonly { at: EpochMs; text: string }[] },
    now: EpochMs,
  ) => Promise<Readonly<Record<string, number>>>;
  readonly clock?: () => EpochMs;
}) {
  const { functionId, step, clock = Date.now } = options;
  return middy<LogDelivery, void>()
    .onError((request) => {
      log.error('log lines could not be searched', request.error, { where: whereThrown(request.error) });
      request.error = new LogFailure(`${functionId}: ${request.error?.name ?? 'unknown error'}`);
    })
    .handler(async ({ awslogs }: LogDelivery): Promise<void> => {
      const startedAt = clock();
      takeCounts();
      const unpacked = gunzipSync(Buffer.from(awslogs.data, 'base64'), {
        maxOutputLength: UNPACKED_BYTES_MAX,
      });
      const { messageType, logGroup, logEvents } = deliverySchema.parse(
        JSON.parse(unpacked.toString('utf8')),
      );
      if (messageType === 'CONTROL_MESSAGE') return;
      const lines = logEvents.map(({ timestamp, message }) => ({ at: timestamp, text: message }));
      const result = await step({ logGroup, lines }, startedAt);
      emitMetrics(functionId, { ...takeCounts(), ...result, durationMs: clock() - startedAt }, clock());
    });
}
