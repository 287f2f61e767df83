import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import { Analytics } from '@segment/analytics-node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ConflictPage } from '../../../functions/contracts/conflicts-api.ts';
import { openArchive } from '../../../lib/archive/open.ts';
import { ALL_ALLOWED, type Door, type RunningPair } from '../running-pair.ts';
import {
  contentOf,
  filesAsTraces,
  findAny,
  recordsOfStreams,
  rowsAsTraces,
  rowsOfTables,
  type Trace,
} from '../traces.ts';
import { rapport } from './identity.ts';

/** Personal values that occur nowhere else, as a customer would write them. */
const EMAIL = 'Wilhelmina.Qzmark+shop@Personal-Qzmark.de';
const NAME = 'Wilhelmina Qzmarkström';
const SURNAME = 'Qzmarkström-Lovelace';
const COMPANY = 'Qzmarkwerke AG';
const TITLE = 'Oberqzmarkerin';
const CITY = 'Qzmarkstadt';
const OTHER_CITY = 'Qzmarkhausen';
const PHONE = '+49 30 86420975318';
const STREET = 'Qzmarkstraße 117b, Hinterhaus';
const WORDS = 'please call my qzmarkneighbour instead';
const MEMBER = 'QZMARKMEMBER77';
const VISITOR = 'qzmarkvisitor-5c1f';
const MESSAGE = 'qzmarkmessage';
/** What must be found nowhere: the values, and every stem from which one could be told. */
const MARKED = [
  EMAIL,
  NAME,
  PHONE,
  SURNAME,
  COMPANY,
  TITLE,
  CITY,
  OTHER_CITY,
  '1985-12-10',
  STREET,
  WORDS,
  MEMBER,
  VISITOR,
  MESSAGE,
  'Qzmark',
  '86420975318',
  '3086420975318',
];

const traits = {
  email: EMAIL,
  name: NAME,
  firstName: NAME,
  lastName: SURNAME,
  phone: PHONE,
  birthday: '1985-12-10T00:00:00.000Z',
  company: { name: COMPANY },
  title: TITLE,
  address: { street: STREET, city: CITY, postalCode: '10115' },
  note: WORDS,
};
const properties = {
  total: 12,
  currency: 'EUR',
  email: EMAIL,
  note: WORDS,
  coupon: NAME,
  products: [{ price: 12, name: STREET }],
};
const context = {
  traits,
  userAgent: NAME,
  page: { url: `https://shop/?email=${EMAIL}`, title: WORDS, referrer: `https://x/${PHONE}` },
  campaign: { name: MESSAGE, source: NAME, medium: WORDS },
  device: { id: `qzmark-device-${VISITOR}` },
  externalIds: [{ type: 'loyalty_id', id: MEMBER }],
  ip: '198.51.100.7',
};
const HEADERS = {
  'user-agent': 'Wilhelmina Qzmark',
  'x-customer': 'Qzmark',
  cookie: `who=${VISITOR}`,
  referer: `https://x/?${PHONE}`.replaceAll(' ', ''),
};

/** Events that end in every way an event can, each full of personal values. */
const events = (form: string) => {
  const id = (number: number) => `${MESSAGE}-${form}-${number}-${EMAIL}`;
  const good = {
    type: 'track',
    event: 'Order Completed',
    userId: EMAIL,
    anonymousId: VISITOR,
    context: { ...context, ...ALL_ALLOWED },
    properties,
  };
  return {
    applied: { ...good, messageId: id(1) },
    again: { ...good, messageId: id(1) },
    unknownName: { ...good, messageId: id(2), event: `${NAME} looked at ${STREET}` },
    withheld: {
      type: 'page',
      messageId: id(3),
      anonymousId: `${VISITOR}-quiet`,
      name: NAME,
      properties: { path: `/${EMAIL}`, title: WORDS },
    },
    badPrice: { ...good, messageId: id(4), properties: { ...properties, total: -1 } },
    badTime: { ...good, messageId: id(5), timestamp: NAME },
    badType: { ...good, messageId: id(6), type: NAME },
    badConsent: {
      ...good,
      messageId: id(7),
      context: { ...context, consent: { categoryPreferences: { profiling: NAME } } },
    },
    badKey: { ...good, messageId: id(8), properties: { [EMAIL]: { quantity: NAME }, products: NAME } },
    misdirected: { ...good, messageId: id(9), properties: { ...properties, country: 'GB' } },
    misdirectedBad: {
      ...good,
      messageId: id(10),
      event: NAME,
      properties: { email: EMAIL, country: 'GB', products: NAME },
    },
  };
};

/** Law 10: plants personal values everywhere a client can put them, and looks for them everywhere a stack keeps or says
 * something. Comes after the stories, so that their traces are searched too. */
export function personalDataStories(pair: () => RunningPair): void {
  describe('personal values', () => {
    beforeAll(async () => {
      await Promise.all([plant(pair().eu), plant(pair().uk)]);
      await plantThroughClients(pair().eu);
      await Promise.all([pair().eu.settled(), pair().uk.settled()]);
    });

    it('are really there: the profile of the marked customer is found by each identifier', async () => {
      const { eu } = pair();
      for (const [type, value] of [
        ['userId', EMAIL],
        ['email', EMAIL],
        ['phone', PHONE],
        ['loyaltyId', MEMBER],
        ['anonymousId', VISITOR],
      ] as const)
        expect([type, (await eu.lookUp({ type, value })).status]).toEqual([type, 200]);
      expect(findAny(MARKED, inQuarantine(pair())).length).toBeGreaterThan(10);
    });

    it('are really kept: whoever may read attributes reads them, and the conflict that a till makes', async () => {
      const { eu } = pair();
      const { body } = await eu.lookUp({ type: 'userId', value: EMAIL });
      const told = Object.fromEntries(
        (body.attributes ?? []).map(({ attribute, value }) => [attribute, value]),
      );
      expect(told).toMatchObject({ surname: SURNAME, company: COMPANY, birthDate: '1985-12-10', city: CITY });
      const conflict = body.attributes?.find(({ attribute }) => attribute === 'city')?.conflict;
      expect(conflict).toMatchObject({ value: OTHER_CITY, origin: 'system', owner: 'store-operations' });
      const { subjectId } = body;
      const contradicting = async () => {
        const page = await eu.ask<ConflictPage>('GET', '/v1/identity/conflicts?owner=store-operations');
        return page.body.customers.filter((customer) => customer.subjectId === subjectId);
      };
      expect((await contradicting()).flatMap(({ conflicts }) => conflicts)).toMatchObject([
        { attribute: 'city', survives: { value: CITY }, contradicts: { value: OTHER_CITY, source: 'pos' } },
      ]);
      const settled = await eu.ask('POST', '/v1/identity/conflicts/settle', {
        subjectId,
        attribute: 'city',
        value: OTHER_CITY,
      });
      expect(settled.status).toBe(200);
      // The decision is a signal too.
      eu.ledger.sent += 1;
      await eu.settled();
      const after = (await eu.lookUp({ type: 'userId', value: EMAIL })).body.attributes ?? [];
      expect(after.find(({ attribute }) => attribute === 'city')).toMatchObject({
        value: OTHER_CITY,
        origin: 'steward',
      });
      expect(await contradicting()).toEqual([]);
    });

    it('that contradict each other are listed without the values, which the list shows all the same', async () => {
      const { uk } = pair();
      const listed = (await rowsOfTables(uk.region)).filter(({ row }) => row.listed?.S === 'conflicts');
      expect(listed.length).toBeGreaterThan(0);
      for (const { row } of listed)
        expect(Object.keys(row).sort()).toEqual(['judgedAt', 'listed', 'openedAt', 'reviewId', 'subjectId']);
      const ours = ['--jurisdiction', 'uk', '--data-dir', pair().dataDir];
      const { out } = await rapport('conflicts', '--owner', 'store-operations', '--limit', '5', ...ours);
      expect(out).toContain('city, for store-operations to settle');
      for (const value of [CITY, OTHER_CITY]) expect(out).toContain(JSON.stringify(value));
      const nobody = await rapport('conflicts', '--owner', 'nobody', ...ours);
      expect(nobody.out).toBe('nothing contradicts itself\n');
    });

    it('travel and lie sealed: on the signals stream, and in items beside the profiles', async () => {
      const { eu } = pair();
      const onStream = (await recordsOfStreams(eu.region)).filter(({ text }) => text.includes('"person":"'));
      expect(onStream.length).toBeGreaterThan(0);
      const persons = (await rowsOfTables(eu.region)).filter(({ row }) => row.part?.S === 'person');
      expect(persons.length).toBeGreaterThan(0);
      for (const { row } of persons)
        expect(Object.keys(row).sort()).toEqual(['id', 'part', 'sealed', 'version', 'writtenAt']);
    });

    it('would be found in every disguise', () => {
      const disguised = [
        NAME.toUpperCase(),
        encodeURIComponent(NAME),
        Buffer.from(EMAIL).toString('hex'),
        ...['', 'x', 'xy', 'xyz'].map((before) =>
          Buffer.from(`${before}${EMAIL}; and more`).toString('base64'),
        ),
        Buffer.from(`{"a":"${STREET}"}`).toString('base64url'),
      ];
      for (const text of disguised)
        expect([text, findAny(MARKED, [{ place: '', text }]).length > 0]).toEqual([text, true]);
    });

    it.each(['eu', 'uk'] as const)(
      'stand in no stream record and no partition key of the %s',
      async (code) => {
        const traces = await recordsOfStreams(pair()[code].region);
        expect(traces.length).toBeGreaterThan(10);
        expect(findAny(MARKED, traces)).toEqual([]);
      },
    );

    it.each(['eu', 'uk'] as const)(
      'stand in no table of the %s, neither as key nor as value',
      async (code) => {
        const traces = await rowsAsTraces(pair()[code].region);
        expect(traces.length).toBeGreaterThan(5);
        // Both propose matches, so what the customer said is indexed, under keyed hashes.
        expect(traces.some(({ place }) => place.includes('Candidates'))).toBe(true);
        expect(findAny(MARKED, traces)).toEqual([]);
      },
    );

    it('stand in no column of the archive', async () => {
      const archive = await openArchive(pair().dataDir);
      try {
        for (const table of ['signals', 'refusals', 'effects']) {
          const rows = await archive.query(`SELECT * FROM ${table}`);
          expect(rows.length).toBeGreaterThan(0);
          expect(findAny(MARKED, [{ place: table, text: JSON.stringify(rows) }])).toEqual([]);
        }
      } finally {
        archive.close();
      }
    });

    it('stand in no file: no log, access log, object key, archive object or key store', () => {
      const traces = filesAsTraces(pair().dataDir, (name) => isQuarantined(name) || isSynthesized(name));
      const logs = traces.filter(({ place }) => /^file logs\/(eu|uk)\//.test(place));
      expect(logs.map(({ place }) => place)).toEqual(
        expect.arrayContaining(
          ['collect', 'understand', 'archive', 'serve', 'quarantine'].map(
            (name) => `file logs/eu/${name}.log`,
          ),
        ),
      );
      expect(logs.some(({ text }) => text.includes('POST /v1/batch'))).toBe(true);
      expect(findAny(MARKED, traces)).toEqual([]);
    });

    it('go over no bus and into no metric', () => {
      const { eu, uk } = pair();
      for (const { region } of [eu, uk]) {
        const told = JSON.stringify([region.recentEvents(), region.meter(), region.violations()]);
        expect(findAny(MARKED, [{ place: region.jurisdiction, text: told }])).toEqual([]);
      }
      expect(eu.region.recentEvents().length).toBeGreaterThan(0);
    });

    it('are not in the list of the quarantine, unless its steward asks for the events', async () => {
      const { eu } = pair();
      const list = async (query: string) =>
        JSON.stringify((await eu.ask('GET', `/v1/quarantine?source=web${query}`)).body);
      expect(findAny(MARKED, [{ place: 'list', text: await list('') }])).toEqual([]);
      expect(await list('&include=event')).toContain(EMAIL);
    });

    it('come back in no error answer', async () => {
      const { eu } = pair();
      const answers = [
        await eu.post('/v1/batch', 'web', `{"batch":[{"userId":"${EMAIL}"`),
        await eu.post(`/v1/batch?email=${EMAIL}`, 'web', JSON.stringify({ batch: EMAIL })),
        await eu.ask('GET', `/v1/alerts?rule=${EMAIL}&limit=${NAME}`),
        await eu.ask('GET', `/v1/subjects/${encodeURIComponent(EMAIL)}`),
        await eu.ask('POST', '/v1/profiles/lookup', { identifiers: [{ type: 'email', value: NAME }] }),
        await eu.ask('POST', '/v1/profiles/lookup', {
          identifiers: [{ type: EMAIL, value: NAME }],
          [NAME]: 1,
        }),
        await eu.ask('POST', '/v1/quarantine/replay', { entries: [{ entryId: EMAIL }] }),
        await eu.ask('POST', `/v1/alerts/${encodeURIComponent(NAME)}/resolve`),
      ];
      for (const { status, body } of answers) {
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expect(findAny(MARKED, [{ place: 'answer', text: JSON.stringify(body) }])).toEqual([]);
      }
    });
  });
}

/** Sends everything as a plain client would, with personal values in headers and URLs too. */
async function plant(door: Door): Promise<void> {
  const batch = Object.values(events(door.code));
  await door.send('web', batch, HEADERS);
  await door.send(
    'pos',
    [events(`${door.code}-till`).applied, events(`${door.code}-till`).unknownName],
    HEADERS,
  );
  await door.send('pos', [
    {
      type: 'identify',
      userId: EMAIL,
      messageId: `${MESSAGE}-${door.code}-till-account`,
      traits: { address: { city: OTHER_CITY } },
    },
  ]);
  const single = { ...events(`${door.code}-single`).applied, type: undefined };
  await door.post(`/v1/track?email=${encodeURIComponent(EMAIL)}`, 'web', JSON.stringify(single), HEADERS);
  door.ledger.sent += 1;
  // A body that breaks off, a key that is an e-mail address, and a path nobody serves.
  const broken = gzipSync(JSON.stringify({ batch }));
  await door.post('/v1/batch', 'web', new Uint8Array(broken.subarray(0, broken.length - 20)), {
    ...HEADERS,
    'content-encoding': 'gzip',
  });
  await fetch(`${door.ready.collectUrl}/v1/batch?who=${encodeURIComponent(NAME)}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${EMAIL}:`).toString('base64')}` },
    body: JSON.stringify({ batch }),
  });
  await fetch(`${door.ready.collectUrl}/v1/${encodeURIComponent(EMAIL)}`, { method: 'POST', body: NAME });
  await fetch(`${door.ready.operationsUrl}/v1/subjects/${encodeURIComponent(EMAIL)}`, {
    headers: { authorization: `Bearer ${Buffer.from(EMAIL).toString('base64')}` },
  });
  const identifiers = [{ type: 'email' as const, value: EMAIL }];
  await door.lookUp(...identifiers);
  await door.receiptOf(`${MESSAGE}-${EMAIL}`, ...identifiers);
}

/** Sends through both clients, unchanged. */
async function plantThroughClients(door: Door): Promise<void> {
  const order = {
    event: 'Order Completed',
    userId: EMAIL,
    properties,
    context: { ...context, ...ALL_ALLOWED },
  };
  const bad = { ...order, event: NAME, properties: { products: NAME, total: WORDS } };
  const segment = new Analytics({ writeKey: door.keyOf('web'), host: door.ready.collectUrl, flushAt: 5 });
  segment.track({ ...order, messageId: `${MESSAGE}-segment` });
  segment.track({ ...bad, event: 'Order Completed', messageId: `${MESSAGE}-segment-bad` });
  segment.identify({ userId: EMAIL, traits });
  segment.alias({ userId: EMAIL, previousId: VISITOR });
  segment.page({ anonymousId: VISITOR, name: NAME, properties: { url: `https://shop/${EMAIL}` } });
  await segment.closeAndFlush();

  const rudder = new RudderAnalytics(door.keyOf('web'), {
    dataPlaneUrl: door.ready.collectUrl,
    flushAt: 4,
    flushInterval: 100,
  });
  const done = (call: (callback: (error?: Error) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())));
  await Promise.all([
    done((callback) => rudder.track({ ...order, anonymousId: VISITOR }, callback)),
    done((callback) => rudder.track(bad, callback)),
    done((callback) => rudder.identify({ userId: EMAIL, traits }, callback)),
    done((callback) => rudder.page({ userId: EMAIL, name: NAME, properties: { title: WORDS } }, callback)),
  ]);
  door.ledger.sent += 9;
}

/** Objects of the quarantine buckets, the one place where bad events are kept as they came. */
const isQuarantined = (name: string): boolean => /^s3(-versions)?\/[^/]*quarantine[^/]*\//i.test(name);
/** What the CDK app wrote before any event came. */
const isSynthesized = (name: string): boolean => /^(cdk\.out|synth)/.test(name);

function inQuarantine({ dataDir }: RunningPair): Trace[] {
  return filesAsTraces(join(dataDir, 's3'), (name) => !/quarantine/i.test(name))
    .filter(({ place }) => place.startsWith('file '))
    .map(({ place }) => ({ place, text: contentOf(join(dataDir, 's3', place.slice('file '.length))) }));
}
