import middy from '@middy/core';
import type * as z from 'zod';
import type { FunctionId } from '../flow.ts';
import type { EpochMs } from '../kernel/time.ts';
import { emitMetrics, log, whereThrown } from './log.ts';
import { takeCounts } from './meter.ts';

/** A step failed and its machine is to try again. Names the error and no more: Step Functions keeps what is thrown. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure';
}

/**
 * Shell around a function that a state machine invokes: reads what the machine sends, logs errors by name and writes one
 * metric line per invocation.
 * @example export const handler = stepHandler({ functionId: 'privacyStep', input: schema, step: async (input, now) => null });
 */
export function stepHandler<Input>(options: {
  readonly functionId: FunctionId;
  readonly input: z.ZodType<Input>;
  /** @returns what the machine goes on with, as JSON */
  readonly step: (input: Input, now: EpochMs) => Promise<unknown>;
  readonly clock?: () => EpochMs;
}) {
  const { functionId, clock = Date.now } = options;
  return middy<unknown, unknown>()
    .onError((request) => {
      log.error('step failed', request.error, { where: whereThrown(request.error) });
      emitMetrics(functionId, { ...takeCounts(), stepFailures: 1 }, clock());
      request.error = new StepFailure(`${functionId}: ${request.error?.name ?? 'unknown error'}`);
    })
    .handler(async (event) => {
      const startedAt = clock();
      takeCounts();
      const answer = await options.step(options.input.parse(event), startedAt);
      emitMetrics(functionId, { ...takeCounts(), steps: 1, durationMs: clock() - startedAt }, clock());
      return answer ?? null;
    });
}
