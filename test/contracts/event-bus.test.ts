import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventBus } from '../../functions/adapters/aws/event-bus.ts';
import { asSubjectId } from '../../functions/contracts/ids.ts';
import type { DomainEvent } from '../../functions/pipeline/understand/ports.ts';
import { type EventBridgeEngine, startEventBridge } from '../../lib/local/engines/event-bridge.ts';

let bridge: EventBridgeEngine;
beforeAll(async () => {
  bridge = await startEventBridge();
  bridge.createBus('transitions');
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bus',
    AWS_SECRET_ACCESS_KEY: 'bus',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bridge.url,
  });
});
afterAll(() => bridge.stop());

const entered = (at: number): DomainEvent => ({
  id: `event-${at}`,
  type: 'Segment Entered',
  subjectId: asSubjectId(`s.userId.${at}`),
  name: 'value-top',
  occurredAt: Date.UTC(2026, 5, 1) + at,
});

describe('the event bus', () => {
  it('carries every event once, with its own id, however many there are', async () => {
    const events = Array.from({ length: 33 }, (_, at) => entered(at));
    await eventBus('transitions').publish(events);
    const seen = bridge
      .recent()
      .filter(({ bus }) => bus === 'transitions')
      .map(({ event }) => event);
    expect(seen.map(({ detail }) => (detail as { id: string }).id).sort()).toEqual(
      events.map(({ id }) => id).sort(),
    );
    expect(new Set(seen.map((event) => `${event.source} ${event['detail-type']}`))).toEqual(
      new Set(['rapport Segment Entered']),
    );
  });

  it('is an error that a retry may mend when the bus takes nothing', async () => {
    await expect(eventBus('no-such-bus').publish([entered(1)])).rejects.toThrow(/events/);
  });
});
