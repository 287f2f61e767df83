import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { EpochMs } from '../../kernel/time.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, untilDone } from './batching.ts';
import { eventBridge } from './clients.ts';

/** Limit of the EventBridge API. */
const ENTRIES_PER_CALL_MAX = 10;
const SOURCE = 'rapport';

/** What the bus needs of an event; the rest of it is its detail. */
interface BusEvent {
  readonly type: string;
  readonly id: string;
  readonly occurredAt: EpochMs;
}

/** The jurisdiction's bus, for operational systems. */
export function eventBus(busName = required('EVENT_BUS')) {
  return {
    /** Publishes events; each carries its own id, so that a receiver recognises a repetition.
     * @throws ThrottledError, TransientError */
    publish: async (events: readonly BusEvent[]): Promise<void> => {
      const entries = events.map(
        ({ type, ...detail }): PutEventsRequestEntry => ({
          EventBusName: busName,
          Source: SOURCE,
          DetailType: type,
          Time: new Date(detail.occurredAt),
          Detail: JSON.stringify(detail),
        }),
      );
      count('busEvents', entries.length);
      await inTurns(chunks(entries, ENTRIES_PER_CALL_MAX), (chunk) =>
        untilDone('events', chunk, async (batch) => {
          const answer = await eventBridge().send(new PutEventsCommand({ Entries: batch }));
          return batch.filter((_, index) => answer.Entries?.[index]?.ErrorCode !== undefined);
        }),
      );
    },
  };
}
