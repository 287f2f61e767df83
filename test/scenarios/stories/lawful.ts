import { describe, expect, it } from 'vitest';
import { ALL_ALLOWED, type RunningPair } from '../running-pair.ts';

const page = (messageId: string, anonymousId: string, changes: Record<string, unknown> = {}) => ({
  type: 'page',
  messageId,
  anonymousId,
  ...changes,
});
const order = (messageId: string, userId: string, properties: Record<string, unknown> = {}) => ({
  type: 'track',
  event: 'Order Completed',
  messageId,
  userId,
  properties: { total: 400, currency: 'EUR', ...properties },
});
const choose = (messageId: string, userId: string, profiling: boolean) => ({
  type: 'track',
  event: 'Consent Changed',
  messageId,
  userId,
  properties: { choices: { profiling, personalisation: profiling } },
});

/** What the law of the place and the customer's choice do to signals. */
export function lawfulStories(pair: () => RunningPair): void {
  describe('consent', () => {
    it('is asked first: browsing without it is withheld, and the receipt says why', async () => {
      const { eu } = pair();
      const { body } = await eu.send('web', [page('quiet-1', 'quiet')]);
      expect(body.receipts).toEqual([{ messageId: 'quiet-1', outcome: 'accepted' }]);
      await eu.settled();
      expect(await eu.receiptOf('quiet-1')).toMatchObject({
        status: 200,
        body: { outcome: 'withheld', reason: 'no-consent' },
      });
      expect((await eu.lookUp({ type: 'anonymousId', value: 'quiet' })).status).toBe(404);
    });

    it('refused by the browser (Sec-GPC) holds for later visits, until the customer says otherwise', async () => {
      const { eu } = pair();
      await eu.send('web', [page('gpc-1', 'gpc', { context: ALL_ALLOWED })]);
      await eu.settled();
      await eu.send('web', [page('gpc-2', 'gpc')], { 'sec-gpc': '1' });
      await eu.settled();
      await eu.send('web', [page('gpc-3', 'gpc')]);
      await eu.settled();
      for (const messageId of ['gpc-2', 'gpc-3'])
        expect((await eu.receiptOf(messageId)).body).toMatchObject({
          outcome: 'withheld',
          reason: 'customer-refused',
        });
      expect((await eu.lookUp({ type: 'anonymousId', value: 'gpc' })).body.consent.profiling).toMatchObject({
        choice: 'refused',
        origin: 'gpc',
        inEffect: false,
      });
      // What a consent manager repeats with every event says nothing new; an act of the customer does.
      await eu.send('web', [page('gpc-4', 'gpc', { context: ALL_ALLOWED })]);
      const choices = { analytics: true, personalisation: true, profiling: true };
      const act = { event: 'Consent Changed', properties: { choices } };
      await eu.send('web', [{ type: 'track', messageId: 'gpc-5', anonymousId: 'gpc', ...act }]);
      await eu.settled();
      await eu.send('web', [page('gpc-6', 'gpc')]);
      await eu.settled();
      // The first visit is gone with the refusal, and the one after the act counts.
      eu.ledger.purged += 1;
      expect((await eu.lookUp({ type: 'anonymousId', value: 'gpc' })).body.engagement?.visits).toBe(1);
    });

    it('given makes scores appear, and taken back makes the profile say what is not computed', async () => {
      const { eu } = pair();
      const customer = { type: 'userId', value: 'C-20' } as const;
      const seen = async () => (await eu.lookUp(customer)).body;
      const missing = ['profiling'];
      await eu.send('pos', [order('choice-1', 'C-20'), order('choice-2', 'C-20')]);
      await eu.settled();
      const before = await seen();
      expect(before.value).toMatchObject({ orders: 2, orderValue: 800 });
      expect(before.scores).toEqual({});
      expect(before.notComputed).toContainEqual({ what: 'segment:value-top', missing });

      await eu.send('crm', [choose('choice-3', 'C-20', true)]);
      await eu.settled();
      const during = await seen();
      expect(during.scores['value-core']).toBeGreaterThan(0);
      expect(during.segments.map(({ name }) => name)).toContain('value-core');
      expect(during.notComputed).toEqual([]);

      await eu.send('crm', [choose('choice-4', 'C-20', false)]);
      await eu.settled();
      const after = await seen();
      expect([after.scores, after.segments]).toEqual([{}, []]);
      expect(after.notComputed).toContainEqual({ what: 'segment:value-core', missing });
      expect(after.consent.profiling).toMatchObject({ choice: 'refused', inEffect: false });
      expect(after.value).toMatchObject({ orders: 2 });
      const moves = eu.region
        .recentEvents()
        .filter(
          ({ event }) => event.detail.subjectId === after.subjectId && event.detail.name === 'value-core',
        )
        .map(({ event }) => event['detail-type']);
      expect(moves).toEqual(['Segment Entered', 'Segment Left']);
    });

    it('follows the law of the place: the same visit counts in the UK, for analytics', async () => {
      const { uk } = pair();
      await uk.send('web', [page('uk-page', 'uk-visitor')]);
      await uk.settled();
      expect((await uk.receiptOf('uk-page')).status).toBe(404);
    });
  });

  describe('a resident of another jurisdiction', () => {
    it('is not stored here; the receipt names where to, and there it is taken', async () => {
      const { eu, uk } = pair();
      const british = order('gb-1', 'C-30', { shipping_address: { country: 'GB' } });
      const answer = await eu.send('web', [british, order('de-1', 'C-31')]);
      expect(answer.status).toBe(200);
      expect(answer.body.receipts).toEqual([
        {
          messageId: 'gb-1',
          outcome: 'misdirected',
          reason: 'jurisdiction:uk',
          endpoint: uk.ready.collectUrl,
        },
        { messageId: 'de-1', outcome: 'accepted' },
      ]);
      await eu.settled();
      const customer = { type: 'userId', value: 'C-30' } as const;
      expect((await eu.receiptOf('gb-1', customer)).body).toMatchObject({
        outcome: 'misdirected',
        reason: 'jurisdiction:uk',
      });
      expect((await eu.lookUp(customer)).status).toBe(404);
      await uk.send('web', [british]);
      await uk.settled();
      expect((await uk.lookUp(customer)).body.value).toMatchObject({ orders: 1, currency: 'GBP' });
    });

    it('makes the whole request a 421 when nobody in it belongs here', async () => {
      const { eu } = pair();
      const abroad = (id: string) => order(id, 'C-32', { shipping_address: { country: 'JP' } });
      const answer = await eu.send('web', [abroad('jp-1'), abroad('jp-2')]);
      expect(answer.status).toBe(421);
      // The Fetch Standard has clients send a 421 once more over a new connection, and Node's does: two more copies.
      eu.ledger.sent += 2;
      // Nobody runs Japan here, so there is no endpoint to name.
      expect(answer.body.receipts).toEqual(
        ['jp-1', 'jp-2'].map((messageId) => ({
          messageId,
          outcome: 'misdirected',
          reason: 'jurisdiction:jp',
        })),
      );
    });
  });

  describe('a malformed event', () => {
    it('is kept apart from its good neighbours, shown to its steward, repaired, and replayed once', async () => {
      const { eu } = pair();
      const broken = order('broken-2', 'C-40', { products: [{ price: 5, quantity: -2 }] });
      const { body } = await eu.send('pos', [order('broken-1', 'C-40'), broken, order('broken-3', 'C-40')]);
      expect(body.receipts.map(({ outcome }) => outcome)).toEqual(['accepted', 'quarantined', 'accepted']);
      await eu.settled();
      const customer = { type: 'userId', value: 'C-40' } as const;
      expect((await eu.lookUp(customer)).body.value.orders).toBe(2);

      const list = '/v1/quarantine?source=pos&reason=impossible-quantity';
      interface Page {
        readonly entries: readonly { readonly entryId: string; readonly event?: unknown }[];
      }
      const listed = (await eu.ask<Page>('GET', list)).body.entries;
      expect(listed).toMatchObject([{ sourceId: 'pos', reason: 'impossible-quantity' }]);
      expect(listed[0]).not.toHaveProperty('event');
      expect((await eu.ask<Page>('GET', `${list}&include=event`)).body.entries).toMatchObject([
        { at: ['properties', 'products', '0', 'quantity'], event: broken },
      ]);

      const entryId = listed[0]?.entryId ?? '';
      const repaired = order('broken-2', 'C-40', { products: [{ price: 5, quantity: 2 }] });
      const replay = () =>
        eu.ask('POST', '/v1/quarantine/replay', { entries: [{ entryId, event: repaired }] });
      expect(await replay()).toMatchObject({
        status: 200,
        body: { receipts: [{ entryId, outcome: 'accepted' }] },
      });
      eu.ledger.replayed += 1;
      expect(await replay()).toMatchObject({
        body: { receipts: [{ entryId, outcome: 'already-replayed' }] },
      });
      await eu.settled();
      expect((await eu.lookUp(customer)).body.value.orders).toBe(3);
      expect((await eu.ask<Page>('GET', list)).body.entries).toEqual([]);
      expect((await eu.receiptOf('broken-2', customer)).body.outcome).toBe('applied');
      expect((await eu.receiptOf('broken-2')).body).toMatchObject({
        outcome: 'quarantined',
        replayedAt: expect.any(String),
      });
    });
  });
}
