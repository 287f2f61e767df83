import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { profileStore } from '../../functions/adapters/aws/profile-store.ts';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { subjectKeyring } from '../../functions/adapters/aws/subject-keys.ts';
import type { IdentifierToken, SubjectId } from '../../functions/contracts/ids.ts';
import type { IdentifierType } from '../../functions/contracts/signal.ts';
import { unseal } from '../../functions/contracts/subject-keys.ts';
import { identifierToken, type JurisdictionSecrets, messageToken } from '../../functions/contracts/tokens.ts';
import { handler as archive } from '../../functions/evidence/archive/handler.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import { HOUR_MS } from '../../functions/kernel/time.ts';
import { personOf } from '../../functions/pipeline/3-profile/person.ts';
import { decodePerson } from '../../functions/pipeline/3-profile/person-codec.ts';
import { wholeState } from '../../functions/pipeline/3-profile/revocable.ts';
import { decodeState } from '../../functions/pipeline/3-profile/state-codec.ts';
import { handler as understand } from '../../functions/pipeline/understand/handler.ts';
import { personContext } from '../../functions/pipeline/understand/ports.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { deliver, send } from './deliver.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, FaultyClients } from './faulty-clients.ts';

let engines: Engines;
let faults: FaultyClients;
/** Not one that can die. */
let reader: DynamoDBClient;
let secrets: JurisdictionSecrets;
/** Evidence folders by the name of their run. */
const archives: Record<string, string> = {};
/** How often each run's events came onto the signals stream: a client that got no answer sends them again. */
const copies: Record<string, number> = {};

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  reader = new DynamoDBClient({});
  secrets = await jurisdictionSecrets();
  faults = new FaultyClients();
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  reader?.destroy();
  await engines?.stop();
});

const ALLOWED = {
  consent: { categoryPreferences: { analytics: true, personalisation: true, profiling: true } },
};

/** What a shop sends in a minute: customers of one and of several identifiers, an alert, a cart, a choice that moves
 * somebody into a segment, and an event for each way not to be applied. */
function eventsOf(run: string, now: number): readonly object[] {
  const track = (id: string, userId: string, event: string, properties: object, changes: object = {}) => ({
    type: 'track',
    event,
    messageId: `${run}-${id}`,
    userId: `${run}-${userId}`,
    timestamp: new Date(now - 2 * HOUR_MS).toISOString(),
    properties,
    ...changes,
  });
  const order = { total: 900, currency: 'EUR' };
  return [
    track(
      '1',
      'ada',
      'Order Completed',
      { ...order, email: `${run}.ada@shop.de` },
      { context: { ...ALLOWED, traits: { firstName: 'Ada' } } },
    ),
    {
      ...track('12', 'ben', 'Account Updated', {}),
      traits: { name: 'Ben Ali', address: { city: 'Bonn', postalCode: '53113', country: 'DE' } },
    },
    track('2', 'ada', 'Order Completed', order, { anonymousId: `${run}-browser` }),
    { type: 'page', messageId: `${run}-3`, anonymousId: `${run}-browser`, context: ALLOWED },
    track('4', 'ben', 'Order Completed', order),
    track('4', 'ben', 'Order Completed', order),
    ...['5', '6', '7'].map((id) => track(id, 'cem', 'Ticket Opened', { channel: 'phone' })),
    track(
      '8',
      'dua',
      'Cart Viewed',
      { total: 20 },
      { context: ALLOWED, timestamp: new Date(now).toISOString() },
    ),
    { type: 'page', messageId: `${run}-9`, anonymousId: `${run}-stranger` },
    track('10', 'ben', 'Order Completed', { total: -1 }),
    track('11', 'eve', 'Order Completed', { ...order, country: 'GB' }),
  ];
}

/** The whole chain once, dying at some of its calls. @returns whether there was the first of them */
async function play(run: string, deaths: readonly Death[]): Promise<boolean> {
  archives[run] = await engines.freshArchive(run);
  faults.begin(deaths);
  await send(eventsOf(run, Date.now()), secrets, faults);
  const records = await engines.news('signals');
  const signals = records.flatMap(({ kinesis }) => unpack(Buffer.from(kinesis.data, 'base64')));
  copies[run] = signals.length / QUEUED;
  await deliver(understand, records, faults);
  // A window for each record: whatever was told twice is told in another window.
  for (const record of await engines.news('lineage')) await deliver(archive, [record], faults);
  return faults.calls.length >= (deaths[0]?.call ?? 0);
}

/** What a run left in the tables: profiles, subjects, alerts, cues and outcomes of its customers. */
async function stateOf(run: string): Promise<unknown> {
  const token = (type: IdentifierType, name: string) => identifierToken(secrets, type, name);
  const tokens = [
    ...['ada', 'ben', 'cem', 'dua', 'eve'].map((name) => token('userId', `${run}-${name}`)),
    token('email', `${run}.ada@shop.de`),
    ...['browser', 'stranger'].map((name) => token('anonymousId', `${run}-${name}`)),
  ];
  const store = profileStore();
  const { nodes } = await store.read(tokens, [], true);
  const ids = new Set([...nodes.values()].map(({ subjectId }) => subjectId).filter((id) => id !== null));
  const { subjects } = await store.read([], [...ids], true);
  const own = new Set<string>([...ids, ...tokens.map((each): SubjectId => `s.${each}` as SubjectId)]);
  const messages = new Set<string>(
    Array.from({ length: 13 }, (_, at) => messageToken(secrets, `${run}-${at}`)),
  );
  return {
    profiles: tokens.map((each) => {
      const state = nodes.get(each)?.state ?? null;
      if (state === null) return null;
      const { signals, orders, visits, contacts, orderValueMinor } = wholeState(decodeState(state));
      return { signals, orders, visits, contacts, orderValueMinor };
    }),
    persons: await personsOf(tokens),
    subjects: [...subjects.values()].map(({ graph, published }) => [
      graph.nodes.length,
      graph.edges.length,
      Object.keys(published.segments).sort(),
    ]),
    alerts: (await rows('alerts'))
      .filter(({ subjectId }) => own.has(subjectId?.S ?? ''))
      .map(({ rule }) => rule?.S),
    cues: (await rows('dueCues')).filter(({ cue }) => own.has(cue?.S ?? '')).length,
    outcomes: (await rows('records'))
      .filter(({ messageToken: each }) => messages.has(each?.S ?? ''))
      .map(({ outcome, reason }) => `${outcome?.S} ${reason?.S}`)
      .sort(),
    told: [
      ...new Set(
        engines.events
          .recent()
          .filter(({ event }) => own.has(String(event.detail.subjectId)))
          .map(({ event }) => `${event['detail-type']} ${String(event.detail.name)}`),
      ),
    ].sort(),
  };
}

/** What is known of the customers' persons. */
async function personsOf(tokens: readonly IdentifierToken[]): Promise<readonly unknown[]> {
  const { persons } = await profileStore().read([], [], true, tokens);
  const keys = await subjectKeyring(secrets, { function: 'understand', purpose: 'understand' }).read(tokens, {
    fresh: true,
  });
  return tokens.flatMap((id) => {
    const [stored, key] = [persons.get(id), keys.get(id)];
    if (stored === undefined || key === undefined) return [];
    return [personOf(decodePerson(unseal(key, stored.sealed, personContext(id)) ?? ''))];
  });
}

async function rows(TableName: string) {
  const found = [];
  for await (const page of paginateScan({ client: reader }, { TableName })) found.push(...(page.Items ?? []));
  return found;
}

/** Where two orders for 900 and a visit lead. */
const SEGMENTS = ['engagement-active', 'value-core', 'value-top'];
const EXPECTED_STATE = {
  profiles: [
    { signals: 2, orders: 2, visits: 0, contacts: 0, orderValueMinor: 180_000 },
    { signals: 2, orders: 1, visits: 0, contacts: 0, orderValueMinor: 90_000 },
    { signals: 3, orders: 0, visits: 0, contacts: 3, orderValueMinor: 0 },
    { signals: 1, orders: 0, visits: 1, contacts: 0, orderValueMinor: 0 },
    null,
    null,
    { signals: 1, orders: 0, visits: 1, contacts: 0, orderValueMinor: 0 },
    null,
  ],
  persons: [{ givenName: 'Ada' }, { fullName: 'Ben Ali', postcode: '53113', city: 'Bonn', country: 'DE' }],
  subjects: [[3, 2, SEGMENTS]],
  alerts: ['repeat-contact'],
  cues: 1,
  outcomes: ['misdirected jurisdiction:uk', 'quarantined impossible-price', 'withheld no-consent'],
  told: ['Alert Opened repeat-contact', ...SEGMENTS.map((name) => `Segment Entered ${name}`)],
};
/** Of the thirteen events, those that go onto the stream: one of them twice. */
const QUEUED = 11;
/** Rows by table and kind. */
const EXPECTED_ROWS = {
  'signals Account Updated': 1,
  'signals Cart Viewed': 1,
  'signals Order Completed': 3,
  'signals Page Viewed': 1,
  'signals Ticket Opened': 3,
  'refusals misdirected': 1,
  'refusals quarantined': 1,
  'refusals withheld': 1,
  'effects alert-opened repeat-contact': 1,
  // Two visitors, each with what their consent manager stated.
  'effects consent-granted analytics': 2,
  'effects consent-granted personalisation': 2,
  'effects consent-granted profiling': 2,
  ...Object.fromEntries(SEGMENTS.map((name) => [`effects segment-entered ${name}`, 1])),
};

/** Rows of every run's archive, by run. */
async function rowsOfArchives(): Promise<Record<string, Record<string, number>>> {
  const archive = await openArchive(archives);
  const counted = await archive.query<{ run: string; kind: string; n: number }>(
    `SELECT jurisdiction AS run, 'signals ' || signal_name AS kind, count(*) AS n FROM signals GROUP BY ALL
     UNION ALL SELECT jurisdiction, 'refusals ' || outcome, count(*) FROM refusals GROUP BY ALL
     UNION ALL SELECT jurisdiction, 'effects ' || kind || ' ' || name, count(*) FROM effects GROUP BY ALL`,
  );
  archive.close();
  const runs: Record<string, Record<string, number>> = {};
  for (const { run, kind, n } of counted) runs[run] = { ...runs[run], [kind]: n };
  return runs;
}

describe('collect, understand and archive on real engines', () => {
  const calls: string[] = [];

  it('count each event once when nothing goes wrong', async () => {
    await play('calm', []);
    calls.push(...faults.calls);
    expect(await stateOf('calm')).toEqual(EXPECTED_STATE);
    expect((await rowsOfArchives()).calm).toEqual({ ...EXPECTED_ROWS, 'refusals duplicate': 1 });
    // Each function makes its calls, to each of its services.
    expect(new Set(calls)).toEqual(
      new Set([
        'BatchGetItemCommand',
        'BatchWriteItemCommand',
        'BatchExecuteStatementCommand',
        'TransactWriteItemsCommand',
        'PutRecordsCommand',
        'PutObjectCommand',
        'PutEventsCommand',
        'ListObjectsV2Command',
      ]),
    );
  });

  const FATES: Readonly<Record<string, (call: number) => readonly Death[]>> = {
    'before it': (call) => [{ call, when: 'before' }],
    'after it': (call) => [{ call, when: 'after' }],
    'after it, and twice more soon after': (call) => [
      { call, when: 'after' },
      { call: call + 2, when: 'before' },
      { call: call + 5, when: 'after' },
    ],
  };
  it.each(Object.entries(FATES))(
    'count each event once, whatever call a function dies at: %s',
    async (fate, deathsAt) => {
      const runs: string[] = [];
      const diedAt = new Set<string | undefined>();
      // How many records a run makes, and so how many calls, depends on the buckets its customers fall into.
      for (let call = 1; call <= calls.length + 3; call += 1) {
        const run = `${fate.replaceAll(/\W/g, '')}-${call}`;
        if (!(await play(run, deathsAt(call)))) continue;
        runs.push(run);
        diedAt.add(faults.calls[call - 1]);
        expect([run, await stateOf(run)]).toEqual([run, EXPECTED_STATE]);
      }
      expect(diedAt).toEqual(new Set(calls));
      const archived = await rowsOfArchives();
      for (const run of runs) {
        // Each copy has its own ending. Another copy of what was applied is a duplicate; of what was withheld, withheld
        // again; of what was refused at the door, a duplicate if the first had got so far.
        const sent = copies[run] ?? 0;
        const { 'refusals duplicate': duplicates = 0, ...counted } = archived[run] ?? {};
        expect([run, counted]).toEqual([run, { ...EXPECTED_ROWS, 'refusals withheld': sent }]);
        expect([run, sent <= deathsAt(0).length + 1]).toEqual([run, true]);
        const again = duplicates - 1 - 10 * (sent - 1);
        expect([run, again >= 0 && again <= 2 * deathsAt(0).length]).toEqual([run, true]);
      }
    },
    90_000,
  );
});
