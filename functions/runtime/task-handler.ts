import middy from '@middy/core';
import type { FunctionId } from '../flow.ts';
import type { EpochMs } from '../kernel/time.ts';
import { emitMetrics, log, whereThrown } from './log.ts';
import { takeCounts } from './meter.ts';

/** A task failed and is to be run again. Names the error and no more: Lambda prints what a handler throws. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';
}

/** Shell around a function that a schedule triggers: logs errors by name and writes one metric line per invocation, with
 * the numbers that the step returns. */
export function taskHandler(options: {
  readonly functionId: FunctionId;
  readonly step: (now: EpochMs) => Promise<Readonly<Record<string, number>>>;
  readonly clock?: () => EpochMs;
}) {
  const { functionId, step, clock = Date.now } = options;
  return middy()
    .onError((request) => {
      log.error('task failed', request.error, { where: whereThrown(request.error) });
      request.error = new TaskFailure(`${functionId}: ${request.error?.name ?? 'unknown error'}`);
    })
    .handler(async (): Promise<Readonly<Record<string, number>>> => {
      const startedAt = clock();
      takeCounts();
      const result = await step(startedAt);
      emitMetrics(functionId, { ...takeCounts(), ...result, durationMs: clock() - startedAt }, clock());
      return result;
    });
}
