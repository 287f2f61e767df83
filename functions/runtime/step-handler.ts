import middy from '@middy/core';
import type { FunctionId } from '../flow.ts';
import type { EpochMs } from '../kernel/time.ts';
import { emitMetrics, log, whereThrown } from './log.ts';
import { takeCounts } from './meter.ts';
import { TaskFailure } from './task-handler.ts';

/** What a step answers: the document to go on with, and numbers for the metrics. */
export interface StepAnswer {
  readonly answer: unknown;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Shell around a function that a state machine invokes: logs errors by name, lets the machine try again, and writes one
 * metric line per invocation. Nothing of the document is logged. */
export function stepHandler(options: {
  readonly functionId: FunctionId;
  readonly step: (event: unknown, now: EpochMs) => Promise<StepAnswer>;
  readonly clock?: () => EpochMs;
}) {
  const { functionId, step, clock = Date.now } = options;
  return middy<unknown, unknown>()
    .onError((request) => {
      log.error('step failed', request.error, { where: whereThrown(request.error) });
      request.error = new TaskFailure(`${functionId}: ${request.error?.name ?? 'unknown error'}`);
    })
    .handler(async (event: unknown): Promise<unknown> => {
      const startedAt = clock();
      takeCounts();
      const { answer, metrics } = await step(event, startedAt);
      emitMetrics(functionId, { ...takeCounts(), ...metrics, durationMs: clock() - startedAt }, clock());
      return answer;
    });
}
