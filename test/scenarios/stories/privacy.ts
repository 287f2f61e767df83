import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { PrivacyRequestView } from '../../../functions/contracts/privacy-requests-api.ts';
import { AwsJsonClient } from '../../../lib/local/aws-request.ts';
import { ALL_ALLOWED, type Answer, type Door, type RunningPair } from '../running-pair.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/rapport.js');
const DAY_MS = 86_400_000;
const VERIFIED = { by: 'desk', identity: { outcome: 'verified', method: 'signed-in' } } as const;

/** As in a file of orders: each says when it was. */
const ORDERED_AT = new Date(Date.now() - 3_600_000).toISOString();

const order = (messageId: string, userId: string, email: string) => ({
  type: 'track',
  event: 'Order Completed',
  messageId,
  userId,
  context: { ...ALL_ALLOWED, traits: { email } },
  timestamp: ORDERED_AT,
  properties: { total: 40, currency: 'EUR' },
});

const request = (
  door: Door,
  type: string,
  userId: string,
  requester: 'person' | 'agent' = 'person',
): Promise<Answer<PrivacyRequestView>> =>
  door.ask('POST', '/v1/privacy-requests', {
    type,
    requester,
    identifiers: [{ type: 'userId', value: userId }],
  });

const status = async (door: Door, requestId: string): Promise<PrivacyRequestView> =>
  (await door.ask<PrivacyRequestView>('GET', `/v1/privacy-requests/${requestId}`)).body;

const verify = (door: Door, requestId: string, body: unknown = VERIFIED): Promise<Answer> =>
  door.ask('POST', `/v1/privacy-requests/${requestId}/verification`, body);

type Item = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The tables of a region as an operator restores them. */
function tablesOf(door: Door) {
  const { environment, functions } = door.region;
  const dynamodb = new AwsJsonClient(
    environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
    'DynamoDB_20120810',
    '1.0',
    {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      region: environment.AWS_REGION ?? '',
    },
  );
  const names = functions.privacyErase?.environment ?? {};
  const named = (variable: string): string => names[variable] ?? '';
  return {
    named,
    scan: async (table: string): Promise<readonly Item[]> =>
      (await dynamodb.call<{ Items: readonly Item[] }>('Scan', { TableName: table })).Items,
    put: (table: string, Item: Item) => dynamodb.call('PutItem', { TableName: table, Item }),
    close: () => dynamodb.close(),
  };
}

const HOT = ['PROFILES_TABLE', 'SUBJECTS_TABLE', 'ALERTS_TABLE', 'DUE_CUES_TABLE', 'RECORDS_TABLE'] as const;

/** What people ask of their own, and what is left afterwards: checks 5 and 6 of an auditor. */
export function privacyStories(pair: () => RunningPair): void {
  describe('a privacy request', () => {
    it('discloses and erases nothing while nobody has shown who asks, however often and by whom', async () => {
      const { eu } = pair();
      await eu.send('pos', [order('priv-1', 'P-1', 'p1@mail.example.org')]);
      await eu.settled();
      const before = (await eu.lookUp({ type: 'userId', value: 'P-1' })).body;
      const first = await request(eu, 'erase', 'P-1', 'agent');
      expect([first.status, first.body.state]).toEqual([200, 'received']);
      const again = await request(eu, 'erase', 'P-1');
      expect(again.body.requestId).toBe(first.body.requestId);
      const access = await request(eu, 'access', 'P-1', 'agent');
      await verify(eu, access.body.requestId);
      await eu.settled();
      expect((await status(eu, access.body.requestId)).state).toBe('received');
      const link = await eu.ask('POST', `/v1/privacy-requests/${access.body.requestId}/link`);
      expect(link.status).toBe(409);
      const guessed = await eu.ask('POST', '/v1/privacy-exports', {
        requestId: access.body.requestId,
        token: 'x'.repeat(43),
      });
      expect(guessed.status).toBe(410);
      expect((await eu.lookUp({ type: 'userId', value: 'P-1' })).body).toMatchObject({
        subjectId: before.subjectId,
        value: before.value,
      });
      expect(JSON.stringify([first.body, again.body, access.body])).not.toMatch(/P-1|p1@mail|userId\./);
    });

    it('of an agent is answered once their authority is shown: everything held, once per link', async () => {
      const { eu } = pair();
      const bad = {
        type: 'track',
        messageId: 'priv-2b',
        userId: 'P-2',
        event: 'Order Completed',
        properties: { total: -1 },
      };
      await eu.send('pos', [order('priv-2', 'P-2', 'p2@mail.example.org'), bad]);
      await eu.settled();
      const { body } = await request(eu, 'access', 'P-2', 'agent');
      await verify(eu, body.requestId, {
        ...VERIFIED,
        authority: { outcome: 'verified', method: 'signed-permission' },
      });
      await eu.settled();
      expect((await status(eu, body.requestId)).state).toBe('complete');
      const link = await eu.ask<{ token: string }>('POST', `/v1/privacy-requests/${body.requestId}/link`);
      const fetched = () =>
        eu.ask<{ json: Record<string, readonly Record<string, unknown>[]>; csv: Record<string, string> }>(
          'POST',
          '/v1/privacy-exports',
          { requestId: body.requestId, token: link.body.token },
        );
      const got = await fetched();
      expect(got.status).toBe(200);
      expect(got.body.json.history?.filter(({ table }) => table === 'signals')).toHaveLength(1);
      expect(got.body.json.quarantined).toMatchObject([{ event: { userId: 'P-2', messageId: 'priv-2b' } }]);
      expect(Object.keys(got.body.csv)).toEqual(expect.arrayContaining(['profile.csv', 'history.csv']));
      expect((await fetched()).status).toBe(410);
    });

    it('to correct a name and an address is made: profile and export say so, whatever systems said before', async () => {
      const { eu } = pair();
      const who = { type: 'userId', value: 'P-4' } as const;
      const known = async () => {
        const { body } = await eu.ask<{ attributes: readonly { attribute: string; value: string }[] }>(
          'POST',
          '/v1/profiles/lookup',
          { identifiers: [who] },
        );
        return Object.fromEntries(body.attributes.map(({ attribute, value }) => [attribute, value]));
      };
      const stated = (source: string, messageId: string, lastName: string, at: number) =>
        eu.send(source, [
          {
            type: 'identify',
            messageId,
            userId: 'P-4',
            timestamp: new Date(at).toISOString(),
            traits: { lastName, email: 'p4@mail.example.org' },
            context: ALL_ALLOWED,
          },
        ]);
      const now = eu.region.clock.now();
      await stated('crm', 'correct-1', 'Kong', now - DAY_MS);
      await eu.settled();
      expect(await known()).toMatchObject({ surname: 'Kong', email: 'p4@mail.example.org' });
      const asked = await eu.ask<PrivacyRequestView>('POST', '/v1/privacy-requests', {
        type: 'correct',
        requester: 'person',
        identifiers: [who],
        corrections: [
          { attribute: 'surname', value: 'Kingsley-Lovelace' },
          { attribute: 'email', value: 'Ada.P4@mail.example.org' },
        ],
      });
      expect(asked.body).toMatchObject({ state: 'received', corrects: ['email', 'surname'] });
      await verify(eu, asked.body.requestId);
      await eu.settled();
      await expect
        .poll(async () => (await status(eu, asked.body.requestId)).state, { timeout: 20_000 })
        .toBe('complete');
      expect(await known()).toMatchObject({
        surname: 'Kingsley-Lovelace',
        email: 'ada.p4@mail.example.org',
      });
      // What a system says of the time before comes late, and changes nothing; what it says afterwards is news.
      await stated('crm', 'correct-2', 'Kong', now - DAY_MS / 2);
      await eu.settled();
      expect(await known()).toMatchObject({ surname: 'Kingsley-Lovelace' });

      const access = await request(eu, 'access', 'P-4');
      await verify(eu, access.body.requestId);
      await eu.settled();
      await expect
        .poll(async () => (await status(eu, access.body.requestId)).state, { timeout: 20_000 })
        .toBe('complete');
      const link = await eu.ask<{ token: string }>(
        'POST',
        `/v1/privacy-requests/${access.body.requestId}/link`,
      );
      const got = await eu.ask<{ json: Record<string, readonly Record<string, unknown>[]> }>(
        'POST',
        '/v1/privacy-exports',
        { requestId: access.body.requestId, token: link.body.token },
      );
      expect(got.body.json.attributes).toEqual(
        expect.arrayContaining([{ attribute: 'surname', value: 'Kingsley-Lovelace' }]),
      );
      const tables = tablesOf(eu);
      const kept = JSON.stringify(await tables.scan(tables.named('PRIVACY_REQUESTS_TABLE')));
      tables.close();
      expect(kept).toContain(asked.body.requestId);
      expect(kept).not.toMatch(/Kingsley|ada\.p4/i);
    });

    it('to opt out works without proof, and the profile says so', async () => {
      const { eu } = pair();
      await eu.send('pos', [order('priv-3', 'P-3', 'p3@mail.example.org')]);
      await eu.settled();
      const { body } = await request(eu, 'opt-out-profiling', 'P-3', 'agent');
      await eu.settled();
      expect((await status(eu, body.requestId)).state).toBe('complete');
      const { consent } = (await eu.lookUp({ type: 'userId', value: 'P-3' })).body;
      expect(consent.profiling).toMatchObject({ choice: 'refused', inEffect: false });
    });
  });

  describe('an erasure', () => {
    it('survives replay, restore and late signals, and leaves nothing that can be read', async () => {
      const { eu } = pair();
      const who = { type: 'userId', value: 'P-9' } as const;
      const bad = {
        type: 'track',
        messageId: 'erase-bad',
        userId: 'P-9',
        event: 'Order Completed',
        properties: { total: -1 },
      };
      await eu.send('pos', [
        order('erase-1', 'P-9', 'p9@mail.example.org'),
        order('erase-2', 'P-9', 'p9@mail.example.org'),
        bad,
      ]);
      await eu.settled();
      const tables = tablesOf(eu);
      const backup = new Map<string, readonly Item[]>();
      for (const table of HOT) backup.set(table, await tables.scan(tables.named(table)));
      const keysBefore = (await tables.scan(tables.named('SUBJECT_KEYS_TABLE'))).length;

      const { body } = await request(eu, 'erase', 'P-9');
      await verify(eu, body.requestId);
      await eu.settled();
      const erased = await status(eu, body.requestId);
      expect(erased).toMatchObject({ state: 'key-deleted', deletedAt: expect.any(String) });
      expect((await eu.lookUp(who)).status).toBe(404);
      expect((await tables.scan(tables.named('SUBJECT_KEYS_TABLE'))).length).toBe(keysBefore - 1);
      const listed = await eu.ask<{ entries: readonly { entryId: string }[] }>(
        'GET',
        '/v1/quarantine?include=event&limit=200',
      );
      expect(JSON.stringify(listed.body)).not.toContain('P-9');

      // The same file again, late signals, and a link that only shows up now.
      await eu.send('pos', [order('erase-1', 'P-9', 'p9@mail.example.org')]);
      await eu.send('pos', [
        {
          ...order('erase-3', 'P-10', 'p9@mail.example.org'),
          timestamp: new Date(eu.region.clock.now() - DAY_MS).toISOString(),
        },
      ]);
      await eu.settled();
      expect((await eu.receiptOf('erase-3')).body).toMatchObject({
        outcome: 'suppressed',
        reason: 'subject-erased',
      });
      expect((await eu.lookUp(who)).status).toBe(404);

      await eu.region.clock.advance(DAY_MS);
      await eu.settled();
      expect((await status(eu, body.requestId)).state).toBe('erased');

      // Everything that a backup still has, put back; the keys' backups reach back one day and are gone.
      for (const [table, items] of backup)
        for (const item of items) await tables.put(tables.named(table), item);
      await eu.region.startMachine('privacyDaily', {});
      await eu.settled();
      expect((await eu.lookUp(who)).status).toBe(404);
      expect((await tables.scan(tables.named('SUBJECT_KEYS_TABLE'))).length).toBe(keysBefore - 1);
      tables.close();
      expect(eu.region.violations()).toEqual([]);
    });

    it('is what the archive says too: rebuilding all profiles brings nobody back', async () => {
      const { eu, dataDir } = pair();
      const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
      const now = eu.region.clock.now();
      const replay = [
        'replay',
        '--jurisdiction',
        'eu',
        '--from',
        day(now - 3 * DAY_MS),
        '--to',
        day(now),
        '--json',
      ];
      const out = await new Promise<string>((resolve) => {
        execFile(process.execPath, [LAUNCHER, ...replay, '--data-dir', dataDir], (_error, stdout) =>
          resolve(stdout),
        );
      });
      expect(JSON.parse(out)).toMatchObject([{ different: 0, onlyRebuilt: 0, onlyLive: 0 }]);
    });

    it('is certified in the log, and the archive still verifies', async () => {
      const { eu } = pair();
      expect(await eu.region.invoke('checkpoint', {})).toMatchObject({ ok: true });
      expect(await eu.region.invoke('audit', {})).toMatchObject({ ok: true, response: { findings: 0 } });
    });

    it('lets a person come back as somebody new', async () => {
      const { eu } = pair();
      const who = { type: 'userId', value: 'P-9' } as const;
      await eu.send('pos', [
        {
          ...order('erase-9', 'P-9', 'p9@mail.example.org'),
          timestamp: new Date(eu.region.clock.now()).toISOString(),
        },
      ]);
      await eu.settled();
      const { status: found, body } = await eu.lookUp(who);
      expect([found, body.value?.orders]).toEqual([200, 1]);
    });
  });

  describe('an export', () => {
    it('can be fetched for seven days, and then lies in no version anywhere', async () => {
      const { eu } = pair();
      const timestamp = new Date(eu.region.clock.now()).toISOString();
      await eu.send('pos', [{ ...order('week-1', 'P-11', 'p11@mail.example.org'), timestamp }]);
      await eu.settled();
      const { body } = await request(eu, 'access', 'P-11');
      await verify(eu, body.requestId);
      await eu.settled();
      const linked = () =>
        eu.ask<{ token: string; parts: number }>('POST', `/v1/privacy-requests/${body.requestId}/link`);
      const fetched = async (token: string) =>
        (await eu.ask('POST', '/v1/privacy-exports', { requestId: body.requestId, token })).status;
      const first = (await linked()).body;
      expect([first.parts, await fetched(first.token), await fetched(first.token)]).toEqual([1, 200, 410]);
      const { token } = (await linked()).body;
      expect(await fetched(first.token)).toBe(410);
      const { EXPORTS_BUCKET: Bucket = '' } = eu.region.functions.privacyExport?.environment ?? {};
      const client = new S3Client({
        endpoint: eu.region.environment.AWS_ENDPOINT_URL_S3 ?? '',
        region: eu.region.environment.AWS_REGION ?? '',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        forcePathStyle: true,
      });
      const kept = async () =>
        (await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: `v1/${body.requestId}/` })))
          .Versions ?? [];
      expect(await kept()).toHaveLength(1);
      await eu.region.clock.advance(7 * DAY_MS);
      expect([await fetched(token), (await linked()).status]).toEqual([410, 409]);
      await eu.region.clock.advance(2 * DAY_MS);
      await expect.poll(async () => (await kept()).length, { timeout: 120_000 }).toBe(0);
      client.destroy();
      // Nine days of schedules pass here.
    }, 240_000);
  });
}
