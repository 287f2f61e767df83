import { CloudEvent, HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { identifierToken, messageToken } from '../../../functions/contracts/tokens.ts';
import { basic, memoryStage, receiptsOf, secrets } from './setting.ts';

const event = new CloudEvent({
  id: '7',
  source: '/tills/12',
  type: 'com.rapport.signal.order-completed',
  time: '2026-03-02T11:00:00.000Z',
  data: { userId: 'C-1042', total: 27.5, currency: 'EUR' },
});
const lower = (headers: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
const send = async (headers: Record<string, unknown>, body: unknown) => {
  const stage = memoryStage();
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await stage.post('/v1/events', text, { ...lower(headers), authorization: basic() });
  return { answer, signals: stage.signals() };
};

describe('CloudEvents', () => {
  it('mean the same in binary, structured and batch mode, as the official client writes them', async () => {
    const binary = HTTP.binary(event);
    const structured = HTTP.structured(event);
    const modes = [
      await send(binary.headers, binary.body),
      await send(structured.headers, structured.body),
      await send({ 'Content-Type': 'application/cloudevents-batch+json; charset=UTF-8' }, [event.toJSON()]),
    ];
    for (const { answer, signals } of modes) {
      expect(receiptsOf(answer)).toEqual([{ messageId: '/tills/12 7', outcome: 'accepted' }]);
      expect(signals[0]).toMatchObject({
        name: 'Order Completed',
        messageToken: messageToken(secrets, '/tills/12 7'),
        occurredAt: Date.UTC(2026, 2, 2, 11),
        identifiers: [{ type: 'userId', token: identifierToken(secrets, 'userId', 'C-1042') }],
        facts: [{ kind: 'order', valueMinor: 2_750, items: 1 }],
      });
    }
  });

  it('may name the customer in the subject, by id or by type and value', async () => {
    const of = async (subject: string) => {
      const { signals } = await send(...parts({ ...event, subject, data: { properties: { total: 1 } } }));
      return signals[0]?.identifiers[0];
    };
    expect(await of('C-9')).toEqual({ type: 'userId', token: identifierToken(secrets, 'userId', 'C-9') });
    expect(await of('email:Ada@Shop.de')).toEqual({
      type: 'email',
      token: identifierToken(secrets, 'email', 'ada@shop.de'),
    });
  });

  const parts = (attributes: object): [Record<string, unknown>, unknown] => [
    { 'content-type': 'application/cloudevents+json' },
    JSON.stringify(attributes),
  ];
  it.each([
    [{ specversion: '0.3', id: '1', source: '/s', type: 'Page Viewed' }, 'schema-mismatch'],
    [{ specversion: '1.0', source: '/s', type: 'Page Viewed' }, 'missing-message-id'],
    [{ specversion: '1.0', id: '1', type: 'Page Viewed' }, 'schema-mismatch'],
    [{ specversion: '1.0', id: '1', source: '/s', type: 'Page Viewed', data: 'text' }, 'schema-mismatch'],
    [
      { specversion: '1.0', id: '1', source: '/s', type: 'Page Viewed', data_base64: '!!' },
      'schema-mismatch',
    ],
    [{ specversion: '1.0', id: '1', source: '/s', type: 'Page Viewed', data: {} }, 'no-identifier'],
  ])('that break the specification are quarantined: case %#', async (attributes, reason) => {
    const { answer } = await send(...parts(attributes));
    expect(receiptsOf(answer)[0]).toMatchObject({ outcome: 'quarantined', reason });
  });

  it('are refused as a whole when the body does not fit the mode', async () => {
    expect((await send({ 'content-type': 'application/cloudevents+json' }, [])).answer).toMatchObject({
      refusal: { status: 400 },
    });
    expect((await send({ 'content-type': 'application/json' }, {})).answer).toMatchObject({
      refusal: { status: 400 },
    });
  });
});
