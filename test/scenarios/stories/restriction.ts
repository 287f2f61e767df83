import { describe, expect, it } from 'vitest';
import type { PrivacyRequestView } from '../../../functions/contracts/privacy-requests-api.ts';
import { ALL_ALLOWED, type RunningPair } from '../running-pair.ts';

const WHO = { type: 'userId', value: 'R-1' } as const;
const VERIFIED = { by: 'desk', identity: { outcome: 'verified', method: 'signed-in' } } as const;

/** Somebody who wants what is known of them kept, and not used (GDPR art. 18). */
export function restrictionStories(pair: () => RunningPair): void {
  describe('a restriction', () => {
    let first = '';
    const send = (messageId: string, event: string, properties: object, source = 'pos') => {
      const { eu } = pair();
      const timestamp = new Date(eu.region.clock.now()).toISOString();
      const context = { ...ALL_ALLOWED, traits: { email: 'r1@mail.example.org', lastName: 'Reticent' } };
      return eu.send(source, [
        { type: 'track', event, messageId, userId: WHO.value, context, timestamp, properties },
      ]);
    };
    const asked = async (type: string): Promise<PrivacyRequestView> => {
      const { eu } = pair();
      const body = { type, requester: 'person', identifiers: [WHO] };
      const { requestId } = (await eu.ask<PrivacyRequestView>('POST', '/v1/privacy-requests', body)).body;
      await eu.ask('POST', `/v1/privacy-requests/${requestId}/verification`, VERIFIED);
      await eu.settled();
      return (await eu.ask<PrivacyRequestView>('GET', `/v1/privacy-requests/${requestId}`)).body;
    };

    it('hides what is known from whoever asks, as for anybody unknown, and loses nothing', async () => {
      const { eu } = pair();
      for (const at of [1, 2, 3])
        await send(`restrict-${at}`, 'Ticket Opened', { channel: 'phone' }, 'support');
      await send('restrict-4', 'Order Completed', { total: 40, currency: 'EUR' });
      await eu.settled();
      const before = (await eu.lookUp(WHO)).body;
      expect(before).toMatchObject({ value: { orders: 1 }, service: { contacts: 3 } });
      expect(await eu.alertsOf(before.subjectId)).toHaveLength(1);
      const restricted = await asked('restrict');
      expect(restricted).toMatchObject({ state: 'complete', restrictedUntil: expect.any(String) });
      first = restricted.requestId;

      const { status, body } = await eu.lookUp(WHO);
      expect([status, body.subjectId]).toEqual([200, before.subjectId]);
      expect(body).toMatchObject({ value: { orders: 0 }, service: { contacts: 0 }, segments: [] });
      expect(body.notComputed).toContainEqual({
        what: 'value',
        missing: [],
        reason: 'processing-restricted',
      });
      expect(body).not.toHaveProperty('attributes');
      expect(await eu.alertsOf(before.subjectId)).toEqual([]);
      await send('restrict-5', 'Order Completed', { total: 50, currency: 'EUR' });
      await eu.settled();
      expect((await eu.receiptOf('restrict-5', WHO)).body).toMatchObject({
        outcome: 'withheld',
        reason: 'processing-restricted',
      });
    });

    it('hides nothing from the person themself', async () => {
      const { eu } = pair();
      const { requestId, state } = await asked('access');
      expect(state).toBe('complete');
      const path = `/v1/privacy-requests/${requestId}/link`;
      const { token } = (await eu.ask<{ token: string }>('POST', path)).body;
      const { json } = (
        await eu.ask<{ json: Record<string, unknown[]> }>('POST', '/v1/privacy-exports', { requestId, token })
      ).body;
      expect(json.alerts).toHaveLength(1);
      expect(JSON.stringify(json.attributes)).toContain('Reticent');
    });

    it('is lifted once the person was told, and what was known is known again; what was withheld is not', async () => {
      const { eu } = pair();
      const { requestId } = await asked('restrict');
      const path = `/v1/privacy-requests/${requestId}`;
      const said = { reason: 'asked-by-person', by: 'desk' };
      const at = (ms: number) => new Date(eu.region.clock.now() + ms).toISOString();
      const early = await eu.ask('POST', `${path}/lift`, { ...said, informedAt: at(-86_400_000) });
      expect([early.status, early.body.at]).toEqual([400, ['/informedAt']]);
      const lift = () => eu.ask<PrivacyRequestView>('POST', `${path}/lift`, order);
      const order = { ...said, informedAt: at(0) };
      expect((await lift()).body.state).toBe('lifting');
      await eu.settled();
      expect((await lift()).body).toMatchObject({
        state: 'complete',
        restrictedUntil: null,
        lift: { reason: 'asked-by-person', informedAt: order.informedAt },
      });
      // Another one asked for first stands beside it.
      expect((await eu.lookUp(WHO)).body.value.orders).toBe(0);
      await eu.ask('POST', `/v1/privacy-requests/${first}/lift`, order);
      await eu.settled();
      const { body } = await eu.lookUp(WHO);
      expect(body).toMatchObject({ value: { orders: 1 }, service: { contacts: 3 } });
      expect(await eu.alertsOf(body.subjectId)).toHaveLength(1);
    });
  });
}
