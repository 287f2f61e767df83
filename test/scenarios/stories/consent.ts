import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ConsentAnswer, ConsentView } from '../../../functions/contracts/consents-api.ts';
import type { RawIdentifier } from '../../../functions/contracts/operations.ts';
import { decodeState } from '../../../functions/pipeline/3-profile/state-codec.ts';
import { ALL_ALLOWED, type Answer, type Door, type RunningPair } from '../running-pair.ts';
import { rowsOfTables } from '../traces.ts';

const page = (messageId: string, who: Record<string, unknown>, changes: Record<string, unknown> = {}) => ({
  type: 'page',
  messageId,
  ...who,
  ...changes,
});
const identify = (messageId: string, who: Record<string, unknown>, traits: Record<string, unknown> = {}) => ({
  type: 'identify',
  messageId,
  ...who,
  traits,
});
const order = (messageId: string, userId: string, changes: Record<string, unknown> = {}) => ({
  type: 'track',
  event: 'Order Completed',
  messageId,
  userId,
  properties: { total: 900, currency: 'EUR' },
  ...changes,
});
const GPC = { 'sec-gpc': '1' };

const look = async (door: Door, ...identifiers: RawIdentifier[]): Promise<ConsentView> =>
  (await door.ask<ConsentView>('POST', '/v1/consents/lookup', { identifiers })).body;

const record = async (
  door: Door,
  identifiers: readonly RawIdentifier[],
  act: Record<string, unknown>,
): Promise<Answer<ConsentAnswer>> => {
  door.ledger.sent += 1;
  return door.ask('POST', '/v1/consents', { identifiers, recorder: 'service-desk', ...act });
};

const user = (value: string): RawIdentifier => ({ type: 'userId', value });
const visitor = (value: string): RawIdentifier => ({ type: 'anonymousId', value });

/** What the bus told of a subject. */
const told = (door: Door, subjectId: string): string[] =>
  door.region
    .recentEvents()
    .filter(({ event }) => event.detail.subjectId === subjectId)
    .map(({ event }) => `${event['detail-type']} ${String(event.detail.name)}`);

/** What a compliance auditor asks of consent, over the running regions. */
export function consentStories(pair: () => RunningPair): void {
  describe('a visitor whose browser sends Global Privacy Control', () => {
    it('is refused for, then logs in: both are, and the header staying away later changes nothing', async () => {
      const { eu } = pair();
      const [nobody, known] = [{ anonymousId: 'gpc-browser' }, { userId: 'C-GPC' }];
      await eu.send('pos', [order('gpc-order', 'C-GPC')]);
      await eu.send('web', [page('gpc-a1', nobody, { context: ALL_ALLOWED })], GPC);
      await eu.settled();
      expect((await eu.receiptOf('gpc-a1')).body).toMatchObject({
        outcome: 'withheld',
        reason: 'customer-refused',
      });
      const before = await look(eu, user('C-GPC'));
      const stranger = await look(eu, visitor('gpc-browser'));
      expect(told(eu, stranger.subjectId ?? '')).toContain('Consent Withdrawn profiling');
      expect([before.gpc, before.purposes.profiling?.origin]).toEqual([null, 'law']);

      await eu.send('web', [identify('gpc-login', { ...nobody, ...known })]);
      await eu.settled();
      await eu.send('web', [
        page('gpc-a2', nobody, { context: ALL_ALLOWED }),
        page('gpc-k1', known, { context: ALL_ALLOWED }),
      ]);
      await eu.settled();
      for (const who of [user('C-GPC'), visitor('gpc-browser')]) {
        const { gpc, purposes } = await look(eu, who);
        expect(gpc).not.toBeNull();
        for (const purpose of ['analytics', 'personalisation', 'profiling', 'sharing'] as const)
          expect([purpose, purposes[purpose]]).toEqual([
            purpose,
            expect.objectContaining({ inEffect: false, origin: 'gpc' }),
          ]);
      }
      for (const messageId of ['gpc-a2', 'gpc-k1'])
        expect((await eu.receiptOf(messageId)).body).toMatchObject({ outcome: 'withheld' });
      const { body: profile } = await eu.lookUp(user('C-GPC'));
      expect(profile).toMatchObject({ value: { orders: 1 }, scores: {}, segments: [] });
    });
  });

  describe('a customer of the EU', () => {
    const customer = user('C-EU');
    const account = { userId: 'C-EU', anonymousId: 'eu-browser' };
    const visits = async () => (await pair().eu.lookUp(customer)).body.engagement?.visits;
    /** Parts of the customer's stored states that rest on what can be taken back. */
    const partsAtRest = async () => {
      const { subjectId } = (await pair().eu.lookUp(customer)).body;
      const rows = await rowsOfTables(pair().eu.region);
      return rows
        .filter(({ row }) => row.subject?.S === subjectId && row.state?.S !== undefined)
        .flatMap(({ row }) => decodeState(row.state?.S ?? '').revocable);
    };

    it('without consent has no profile for it; only the contract is served', async () => {
      const { eu } = pair();
      await eu.send('web', [page('eu-1', account), order('eu-2', 'C-EU'), identify('eu-3', account)]);
      await eu.settled();
      expect((await eu.receiptOf('eu-1')).body).toMatchObject({ outcome: 'withheld', reason: 'no-consent' });
      const { status, body } = await eu.lookUp(customer);
      expect(status).toBe(200);
      expect(body).toMatchObject({ value: { orders: 1 }, scores: {}, segments: [] });
      expect(body).not.toHaveProperty('engagement');
      expect(await partsAtRest()).toEqual([]);
    });

    it('consents by the service desk, gets receipts, and is profiled as deep as that goes', async () => {
      const { eu } = pair();
      const { status, body } = await record(eu, [customer], {
        requestId: 'desk-1',
        choices: { analytics: true, personalisation: true, profiling: 'basic' },
        notice: 'privacy-2026-03',
        language: 'de',
      });
      expect(status).toBe(202);
      expect(body.receipts).toHaveLength(3);
      expect(body.receipts[2]).toMatchObject({
        record: { schema_version: 'ISO/IEC TS 27560:2023', pii_principal_id: body.subjectId },
        pii_processing: {
          privacy_notice: 'privacy-2026-03',
          language: 'de',
          purposes: [{ purpose_type: 'profiling', lawful_basis: 'consent', depth: 'basic' }],
        },
        event: [{ event_state: 'given' }],
      });
      expect(JSON.stringify(body)).not.toContain('C-EU');
      await eu.settled();
      await eu.send('web', [page('eu-4', account), page('eu-5', { anonymousId: 'eu-browser' })]);
      await eu.settled();
      const { body: profile } = await eu.lookUp(customer);
      expect(profile.engagement?.visits).toBe(2);
      expect(profile.scores).toHaveProperty('value-core');
      // What concludes on the future needs more than they gave.
      expect(profile.notComputed).toEqual([{ what: 'segment:lapse-risk', missing: ['profiling'] }]);
      const view = await look(eu, customer);
      expect(view.purposes.profiling).toMatchObject({ depth: 'basic', origin: 'explicit' });
      expect(view.receipts.map(({ record: { record_id: id } }) => id)).toEqual(
        body.receipts.map(({ record: { record_id: id } }) => id),
      );
    });

    it('takes it back: nothing is processed from that batch on, and what rested on it is purged everywhere', async () => {
      const { eu } = pair();
      expect((await partsAtRest()).map(({ facts }) => facts.visits)).toEqual([1, 1]);
      await eu.send('web', [
        page('eu-6', account),
        {
          type: 'track',
          event: 'Consent Changed',
          messageId: 'eu-7',
          ...account,
          properties: { choices: { analytics: false, personalisation: false, profiling: false } },
        },
        page('eu-8', account),
      ]);
      await eu.settled();
      for (const messageId of ['eu-6', 'eu-8'])
        expect((await eu.receiptOf(messageId)).body).toMatchObject({
          outcome: 'withheld',
          reason: 'customer-refused',
        });
      eu.ledger.purged += 2;
      expect(await partsAtRest()).toEqual([]);
      const { status, body } = await eu.lookUp(customer);
      expect(status).toBe(200);
      expect(body).toMatchObject({ value: { orders: 1 }, scores: {}, segments: [] });
      expect(body).not.toHaveProperty('engagement');
      expect(told(eu, body.subjectId)).toContain('Segment Left value-core');
    });

    it('comes back: what was before stays gone, and what comes now counts', async () => {
      const { eu } = pair();
      const choices = { analytics: true, personalisation: true, profiling: true };
      await record(eu, [customer], { choices });
      await eu.settled();
      await eu.send('web', [page('eu-9', account)]);
      await eu.settled();
      expect(await visits()).toBe(1);
      const { history, usableSince } = (await look(eu, customer)).purposes.profiling ?? expect.fail();
      expect(history.map(({ depth }) => depth)).toEqual(['full', 'none', 'basic']);
      expect(usableSince).toBe(history[0]?.at);
    });
  });

  describe('an alert that rests on profiling', () => {
    it('is closed when profiling is taken back', async () => {
      const { eu } = pair();
      const lapsed = (day: number) => new Date(Date.now() - day * 86_400_000).toISOString();
      const choices = { profiling: true };
      await record(eu, [user('C-LAPSED')], { choices });
      await eu.settled();
      await eu.send('pos', [
        ...[61, 51, 41, 31].map((day) => order(`lapsed-${day}`, 'C-LAPSED', { timestamp: lapsed(day) })),
      ]);
      await eu.settled();
      const { subjectId } = (await eu.lookUp(user('C-LAPSED'))).body;
      // Silence is not concluded from before the rest of the story could have come.
      await setTimeout(16_000);
      await eu.region.invoke('sweep', { source: 'test', 'detail-type': 'Scheduled Event', detail: {} });
      expect(await eu.alertsOf(subjectId)).toHaveLength(1);
      await record(eu, [user('C-LAPSED')], { choices: { profiling: false } });
      await eu.settled();
      expect(await eu.alertsOf(subjectId)).toEqual([]);
      expect(await eu.alertsOf(subjectId, 'resolved')).toMatchObject([{ rule: 'lapsing-high-value' }]);
      expect(told(eu, subjectId)).toContain('Alert Closed lapsing-high-value');
    });
  });

  describe('a minor', () => {
    it('is not profiled, whatever they chose, and is served all the same', async () => {
      const { eu } = pair();
      const who = { userId: 'C-TEEN' };
      await eu.send('crm', [
        identify('teen-1', who, { birthday: `${new Date().getUTCFullYear() - 15}-12-31` }),
      ]);
      await eu.send('web', [order('teen-2', 'C-TEEN')]);
      await record(eu, [user('C-TEEN')], {
        choices: { analytics: true, personalisation: true, profiling: true },
      });
      await eu.settled();
      await eu.send('web', [page('teen-3', who)]);
      await eu.settled();
      expect((await eu.receiptOf('teen-3')).body).toMatchObject({ outcome: 'withheld', reason: 'minor' });
      expect(await look(eu, user('C-TEEN'))).toMatchObject({
        minor: true,
        purposes: { profiling: { inEffect: false, origin: 'minor' }, service: { inEffect: true } },
      });
      expect((await eu.lookUp(user('C-TEEN'))).body).toMatchObject({ value: { orders: 1 }, scores: {} });
      await record(eu, [user('C-TEEN')], { choices: { profiling: true }, guardian: true });
      await eu.settled();
      expect((await look(eu, user('C-TEEN'))).purposes.profiling).toMatchObject({ inEffect: true });
    });
  });
}
