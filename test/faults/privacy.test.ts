import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kms, stepFunctions } from '../../functions/adapters/aws/clients.ts';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../functions/adapters/aws/log-store.ts';
import { quarantineStore } from '../../functions/adapters/aws/quarantine-store.ts';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { kmsSigner } from '../../functions/adapters/aws/signer.ts';
import type { PrivacyRequestView } from '../../functions/contracts/privacy-requests.ts';
import type { JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { handler as privacy } from '../../functions/rights/privacy-request/api-handler.ts';
import { handler as privacyErase } from '../../functions/rights/privacy-request/erase-handler.ts';
import type { PersonExport } from '../../functions/rights/privacy-request/export-document.ts';
import { handler as privacyExport } from '../../functions/rights/privacy-request/export-handler.ts';
import { handler as privacyStep } from '../../functions/rights/privacy-request/step-handler.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { audited, signed } from '../evidence/log/logged-archive.ts';
import { context } from './deliver.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, deathsThatDiffer, FaultyClients } from './faulty-clients.ts';
import { type Machines, startMachines } from './machines.ts';
import { archiveNews, itemsAbout, known, tablesAsText } from './people.ts';

let engines: Engines;
let faults: FaultyClients;
let machines: Machines;
let secrets: JurisdictionSecrets;
let folder = '';

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  faults = new FaultyClients([kms(), stepFunctions()]);
  machines = await startMachines({ privacyStep, privacyErase, privacyExport }, faults);
  secrets = await jurisdictionSecrets();
  folder = await engines.freshArchive('evidence');
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await machines?.states.stop();
  await engines?.stop();
});

/** Asks the function behind the API until it has an answer, as a client does. */
async function ask<Body>(routeKey: string, body: object, requestId?: string): Promise<Body> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await faults.revive();
    const event = {
      routeKey,
      isBase64Encoded: false,
      body: JSON.stringify(body),
      ...(requestId === undefined ? {} : { pathParameters: { requestId } }),
    } as unknown as APIGatewayProxyEventV2;
    const answer = await privacy(event, context);
    if ((answer.statusCode ?? 500) < 500) return JSON.parse(answer.body ?? 'null') as Body;
  }
  throw new Error('never answered');
}

/** Carries a request of a person from its receipt to where it waits or ends; a function dies at some calls. */
async function play(type: 'erase' | 'access', person: string, deaths: readonly Death[]): Promise<string> {
  faults.begin(deaths);
  const { requestId } = await ask<PrivacyRequestView>('POST /v1/privacy-requests', {
    type,
    requester: 'person',
    clientKey: `${type} of ${person}`,
    identifiers: [{ type: 'userId', value: person }],
  });
  const verified = { by: 'desk', identity: { outcome: 'verified', method: 'signed-in' } };
  await ask('POST /v1/privacy-requests/{requestId}/verification', verified, requestId);
  await machines.settled();
  return requestId;
}

/** Plays it for one person after another: undisturbed, then with each death.
 * @returns people and requests, the undisturbed first */
async function playEach(type: 'erase' | 'access', people: (at: number) => string) {
  await known([people(0), people(1)], secrets, engines, faults);
  // Once to start the functions, whose first calls are for their secrets.
  await play(type, people(0), []);
  const played = [
    { person: people(1), death: null as Death | null, requestId: await play(type, people(1), []) },
  ];
  const calls = [...faults.calls];
  const deaths = deathsThatDiffer(calls);
  await known(
    deaths.map((_, at) => people(at + 2)),
    secrets,
    engines,
    faults,
  );
  for (const [at, death] of deaths.entries())
    played.push({ person: people(at + 2), death, requestId: await play(type, people(at + 2), [death]) });
  faults.begin([]);
  return { played, calls };
}

const statusOf = (requestId: string) =>
  ask<PrivacyRequestView>('GET /v1/privacy-requests/{requestId}', {}, requestId);

/** How often each kind of evidence of a request is in the archive, and that the archive is what its log says. */
async function evidenceByRequest(): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  await archiveNews(engines, faults);
  const ports = {
    evidence: logStore('evidence'),
    checkpoints: evidenceStore('evidence-checkpoints'),
    signer: kmsSigner(),
  };
  await signed(ports, Date.now());
  expect(await audited(ports, Date.now())).toMatchObject({ findings: [], waiting: 0 });
  const opened = await openArchive({ eu: folder });
  const rows = await opened.query<{ request: string; kind: string; n: number }>(
    `SELECT regexp_extract(reasons, 'request:([^,]+)', 1) AS request, kind, count(*)::INTEGER AS n
     FROM effects WHERE reasons LIKE 'request:%' GROUP BY ALL`,
  );
  opened.close();
  const found = new Map<string, Record<string, number>>();
  for (const { request, kind, n } of rows) found.set(request, { ...found.get(request), [kind]: n });
  return found;
}

const closings = (requestId: string): number =>
  new Set(
    engines.events
      .recent()
      .map(({ event }) => event.detail)
      .filter((detail) => detail.requestId === requestId)
      .map(({ id }) => id),
  ).size;

describe('a privacy request, from its receipt on, over DynamoDB, S3, KMS, Kinesis and Step Functions', () => {
  it('erases with the same end and one certificate, after or between whatever writes a function dies', async () => {
    const { played, calls } = await playEach('erase', (at) => `erased-${at}`);
    expect(calls.length).toBeGreaterThan(50);
    const evidence = await evidenceByRequest();
    const all = await tablesAsText();
    const certificates = await evidenceStore('evidence').keys('v1/certificates/');
    const ends = [];
    for (const { person, death, requestId } of played)
      ends.push({
        death: death === null ? null : `${death.when} ${calls[death.call - 1]} (${death.call})`,
        state: (await statusOf(requestId)).state,
        tables: itemsAbout(person, secrets, all),
        certificates: certificates.filter((key) => key.includes(requestId)).length,
        events: closings(requestId),
        evidence: evidence.get(requestId),
      });
    const [calm] = ends;
    expect(calm).toMatchObject({
      state: 'key-deleted',
      // Tombstones.
      tables: { profiles: 2, subjects: 0, subjectKeys: 0, records: 0, alerts: 0, dueCues: 0, candidates: 0 },
      certificates: 1,
      // Closed, and recipients to be told.
      events: 2,
      evidence: {
        'privacy-request-received': 1,
        'privacy-request-verified': 1,
        'subject-suppressed': 1,
        'subject-purged': 1,
        'subject-keys-deleted': 1,
        'privacy-request-completed': 1,
      },
    });
    for (const end of ends) expect(end).toEqual({ ...calm, death: end.death });
    const left = await quarantined();
    for (const { person } of played) expect(left).not.toContain(person);
  }, 120_000);

  it('exports the same, once, after or between whatever writes a function dies', async () => {
    const { played, calls } = await playEach('access', (at) => `exported-${at}`);
    const evidence = await evidenceByRequest();
    const ends = [];
    for (const { death, requestId } of played) {
      const told = evidence.get(requestId);
      const { token } = await ask<{ token: string }>(
        'POST /v1/privacy-requests/{requestId}/link',
        {},
        requestId,
      );
      const { json } = await ask<{ json: PersonExport }>('POST /v1/privacy-exports', { requestId, token });
      ends.push({
        death: death === null ? null : `${death.when} ${calls[death.call - 1]} (${death.call})`,
        state: (await statusOf(requestId)).state,
        held: Object.fromEntries(
          Object.entries(json).map(([part, of]) => [part, Array.isArray(of) ? of.length : 'said']),
        ),
        events: closings(requestId),
        evidence: told,
      });
    }
    const [calm] = ends;
    expect(calm).toMatchObject({
      state: 'complete',
      held: { identifiers: 2, attributes: 3, alerts: 1, quarantined: 1 },
      events: 1,
      evidence: {
        'privacy-request-received': 1,
        'privacy-request-verified': 1,
        'subject-exported': 1,
        'privacy-request-completed': 1,
      },
    });
    for (const end of ends) expect(end).toEqual({ ...calm, death: end.death });
  }, 120_000);
});

/** Everything that lies in quarantine, as text. */
async function quarantined(): Promise<string> {
  const keys = await evidenceStore('quarantine').keys('v1/');
  const store = quarantineStore('quarantine');
  return JSON.stringify(await Promise.all(keys.map((key) => store.get(key))));
}
