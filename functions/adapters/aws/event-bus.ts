import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { DomainEvent } from '../../pipeline/understand/ports.ts';
import type { PrivacyEvent } from '../../rights/privacy-request/ports.ts';
import { required } from '../../runtime/environment.ts';
import { count } from '../../runtime/meter.ts';
import { chunks, inTurns, untilDone } from './batching.ts';
import { eventBridge } from './clients.ts';

/** Limit of the EventBridge API. */
const ENTRIES_PER_CALL_MAX = 10;
const SOURCE = 'rapport';

/** The jurisdiction's bus, for operational systems. */
export function eventBus(busName = required('EVENT_BUS')) {
  return {
    /** Publishes events; each carries its own id, so that a receiver recognises a repetition.
     * @throws ThrottledError, TransientError */
    publish: (events: readonly DomainEvent[]): Promise<void> => put(busName, events),
    /** Publishes events about privacy requests, likewise. @throws ThrottledError, TransientError */
    announce: (events: readonly PrivacyEvent[]): Promise<void> => put(busName, events),
  };
}

async function put(busName: string, events: readonly (DomainEvent | PrivacyEvent)[]): Promise<void> {
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
}
