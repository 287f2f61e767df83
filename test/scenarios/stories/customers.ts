import { Analytics } from '@segment/analytics-node';
import { CloudEvent, HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import { ALL_ALLOWED, type RunningPair } from '../running-pair.ts';

/** What customers do, and what operations learn of it. */
export function customerStories(pair: () => RunningPair): void {
  describe('a visitor whom nobody knows', () => {
    it('becomes known by logging in, and by the same e-mail at the till: one profile has it all', async () => {
      const { eu } = pair();
      const analytics = new Analytics({ writeKey: eu.keyOf('web'), host: eu.ready.collectUrl, flushAt: 3 });
      const anonymousId = 'visitor-1';
      for (const name of ['Home', 'Shoes', 'Basket'])
        analytics.page({ anonymousId, name, context: ALL_ALLOWED });
      await eu.settled();
      analytics.identify({ anonymousId, userId: 'C-1', traits: { email: 'Vera@Visitor.de' } });
      await analytics.closeAndFlush();
      eu.ledger.sent += 4;
      await eu.send('pos', [
        {
          type: 'track',
          event: 'Order Completed',
          messageId: 'till-1',
          properties: { email: ' vera@visitor.de', total: 80, currency: 'EUR' },
        },
      ]);
      await eu.settled();

      const { status, body: profile } = await eu.lookUp({ type: 'email', value: 'vera@visitor.de' });
      expect(status).toBe(200);
      expect(profile).toMatchObject({
        jurisdiction: 'eu',
        identifiers: { userId: 1, email: 1, anonymousId: 1 },
        engagement: { visits: 3 },
        value: { orders: 1, orderValue: 80, currency: 'EUR' },
      });
      for (const identifier of [
        { type: 'anonymousId', value: 'visitor-1' },
        { type: 'userId', value: 'C-1' },
      ] as const)
        expect((await eu.lookUp(identifier)).body.subjectId).toBe(profile.subjectId);
      const again = await eu.ask('GET', `/v1/subjects/${profile.subjectId}`);
      expect(again.body).toMatchObject({ value: profile.value, identifiers: profile.identifiers });
      expect((await pair().uk.lookUp({ type: 'userId', value: 'C-1' })).status).toBe(404);
    });
  });

  describe('a client that repeats itself', () => {
    it('has each event counted once, in one batch, in a retry, and in a late one', async () => {
      const { eu } = pair();
      const order = (id: string) => ({
        type: 'track',
        event: 'Order Completed',
        messageId: id,
        userId: 'C-2',
        properties: { total: 10, currency: 'EUR' },
      });
      const batch = [order('twice-1'), order('twice-2'), order('twice-1')];
      for (const answer of [await eu.send('web', batch), await eu.send('web', batch)])
        expect(answer.body.receipts.map(({ outcome }) => outcome)).toEqual(Array(3).fill('accepted'));
      await eu.settled();
      await eu.send('web', [order('twice-2')]);
      await eu.settled();
      const customer = { type: 'userId', value: 'C-2' } as const;
      expect((await eu.lookUp(customer)).body.value).toMatchObject({ orders: 2, orderValue: 20 });
      expect((await eu.receiptOf('twice-1', customer)).body).toMatchObject({ outcome: 'applied' });
    });
  });

  describe('a customer who has to ask again and again', () => {
    it('raises one alert, which an agent acknowledges and resolves', async () => {
      const { eu } = pair();
      const now = Date.now();
      const ticket = (number: number, hoursAgo: number) => ({
        type: 'track',
        event: 'Ticket Opened',
        messageId: `ticket-${number}`,
        userId: 'C-3',
        timestamp: new Date(now - hoursAgo * HOUR_MS).toISOString(),
        properties: { channel: 'phone' },
      });
      await eu.send('support', [ticket(1, 30), ticket(2, 20)]);
      await eu.settled();
      const { subjectId } = (await eu.lookUp({ type: 'userId', value: 'C-3' })).body;
      expect(await eu.alertsOf(subjectId)).toEqual([]);
      await eu.send('support', [ticket(3, 1)]);
      await eu.settled();
      await eu.send('support', [ticket(4, 0), ticket(3, 1)]);
      await eu.settled();

      const alerts = await eu.alertsOf(subjectId);
      expect(alerts).toMatchObject([
        {
          rule: 'repeat-contact',
          severity: 'warning',
          state: 'open',
          subjectId,
          reasons: [{ value: 3, threshold: 3 }],
        },
      ]);
      const alertId = alerts[0]?.alertId ?? '';
      const told = eu.region
        .recentEvents()
        .filter(
          ({ event }) => event['detail-type'] === 'Alert Opened' && event.detail.subjectId === subjectId,
        );
      expect(told).toHaveLength(1);
      expect(told[0]?.event).toMatchObject({
        source: 'rapport',
        detail: { alert: { alertId, rule: 'repeat-contact' } },
      });

      const act = (action: string) => eu.ask('POST', `/v1/alerts/${alertId}/${action}`);
      expect(await act('acknowledge')).toMatchObject({ status: 200, body: { state: 'acknowledged' } });
      expect(await eu.alertsOf(subjectId)).toEqual([]);
      expect(await eu.alertsOf(subjectId, 'acknowledged')).toHaveLength(1);
      expect(await act('resolve')).toMatchObject({ status: 200, body: { state: 'resolved' } });
      expect(await act('acknowledge')).toMatchObject({ status: 409 });
      expect(await eu.alertsOf(subjectId, 'resolved')).toHaveLength(1);
    });
  });

  describe('a till that speaks CloudEvents', () => {
    it('is understood in binary and structured mode by the official client, and once per event', async () => {
      const { eu } = pair();
      const event = (id: string) =>
        new CloudEvent({
          id,
          source: '/tills/12',
          type: 'com.rapport.signal.order-completed',
          subject: 'C-6',
          data: { total: 15, currency: 'EUR' },
        });
      for (const message of [
        HTTP.binary(event('1')),
        HTTP.structured(event('2')),
        HTTP.structured(event('1')),
      ]) {
        const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)]);
        eu.ledger.sent += 1;
        const { status, body } = await eu.post(
          '/v1/events',
          'pos',
          String(message.body),
          Object.fromEntries(headers) as Record<string, string>,
        );
        expect([status, body.receipts[0]?.outcome]).toEqual([200, 'accepted']);
      }
      await eu.settled();
      const customer = { type: 'userId', value: 'C-6' } as const;
      expect((await eu.lookUp(customer)).body.value).toMatchObject({ orders: 2, orderValue: 30 });
      expect((await eu.receiptOf('/tills/12 1', customer)).body.outcome).toBe('applied');
    });
  });
}
