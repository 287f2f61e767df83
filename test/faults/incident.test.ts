import { gzipSync } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import type { JurisdictionSecrets } from '../../functions/contracts/tokens.ts';
import { unpack } from '../../functions/kernel/codec.ts';
import { handler as incidents } from '../../functions/rights/breach/incidents-handler.ts';
import { handler as reminders } from '../../functions/rights/breach/reminders-handler.ts';
import { handler as logWatch } from '../../functions/rights/breach/watch-handler.ts';
import { context } from './deliver.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, deathsThatDiffer, FaultyClients } from './faulty-clients.ts';
import { known } from './people.ts';

let engines: Engines;
let faults: FaultyClients;
let secrets: JurisdictionSecrets;
let runs = 0;

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  faults = new FaultyClients();
  secrets = await jurisdictionSecrets();
  await engines.freshArchive('evidence');
  await known(['affected'], secrets, engines, faults);
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await engines?.stop();
});

interface View {
  readonly incidentId: string;
  readonly kind: string;
  readonly finding: { readonly place: string } | null;
  readonly affected: { readonly subjects?: readonly string[] };
}

/** Asks the function behind the API until it has an answer. */
async function ask<Body>(routeKey: string, given: Partial<APIGatewayProxyEventV2>): Promise<Body> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await faults.revive();
    const event = { routeKey, isBase64Encoded: false, ...given } as unknown as APIGatewayProxyEventV2;
    const answer = await incidents(event, context);
    if ((answer.statusCode ?? 500) < 500) return JSON.parse(answer.body ?? 'null') as Body;
  }
  throw new Error('never answered');
}

/** Delivers a log line that shows somebody's address, until it is taken. */
async function leak(logGroup: string, at: number): Promise<void> {
  const logEvents = [{ id: '1', timestamp: at, message: '{"note":"told ada@mail.example.org"}' }];
  const text = JSON.stringify({ messageType: 'DATA_MESSAGE', logGroup, logEvents });
  const event = { awslogs: { data: gzipSync(text).toString('base64') } };
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await faults.revive();
    try {
      return await logWatch(event, context);
    } catch (error) {
      expect(error).toMatchObject({ name: 'LogFailure' });
    }
  }
  throw new Error('never searched');
}

/** One incident is reported and one is found; a function dies at some calls, and the reminders look after what it left. */
async function play(deaths: readonly Death[]) {
  runs += 1;
  const now = Date.now();
  const report = {
    reference: `report-${runs}`,
    kind: 'lost-credential',
    foundAt: new Date(now - 3_600_000).toISOString(),
    affected: { identifiers: [{ type: 'userId', value: 'affected' }] },
  };
  await engines.news('lineage');
  faults.begin(deaths);
  const reported = await ask<View>('POST /v1/incidents', { body: JSON.stringify(report) });
  await leak(`/aws/lambda/run-${runs}`, now);
  const calls = [...faults.calls];
  await faults.revive();
  await reminders({}, context);
  faults.begin([]);
  const { incidents: open } = await ask<{ incidents: readonly View[] }>('GET /v1/incidents', {
    queryStringParameters: { limit: '100' },
  });
  const found = open.find(({ finding }) => finding?.place === `/aws/lambda/run-${runs}`);
  const own = [reported.incidentId, found?.incidentId ?? ''];
  const rows = (await engines.news('lineage')).flatMap(
    ({ kinesis }) => unpack(Buffer.from(kinesis.data, 'base64')) as LineageRow[],
  );
  const opened = rows.filter((row) => row.table === 'effects' && row.kind === 'incident-opened');
  const unmarked = opened.filter(({ redelivered }) => redelivered !== true).map(({ rowId }) => rowId);
  const { affected } = await ask<View>('GET /v1/incidents/{id}', {
    pathParameters: { id: reported.incidentId },
  });
  const told = engines.events
    .recent()
    .map(({ event }) => event)
    .filter(({ detail }) => own.includes(String(detail.incidentId)));
  return {
    calls,
    left: {
      reported: reported.kind,
      affected: affected.subjects?.length,
      found: found?.kind,
      rows: new Set(opened.map(({ rowId }) => rowId)).size,
      isMarked: unmarked.length === new Set(unmarked).size,
      events: [...new Set(told.map(({ detail }) => detail.id))].length,
      types: [...new Set(told.map((event) => event['detail-type']))].sort(),
      // Whatever was opened twice is here.
      open: open.filter(({ finding, incidentId }) =>
        finding === null ? incidentId === reported.incidentId : finding.place === found?.finding?.place,
      ).length,
    },
  };
}

describe('incidents, reported and found, over DynamoDB, Kinesis and EventBridge', () => {
  it('are opened once and told once, after or between whatever writes a function dies', async () => {
    await play([]);
    const { calls, left } = await play([]);
    expect(left).toEqual({
      reported: 'lost-credential',
      affected: 1,
      found: 'personal-data-in-log',
      rows: 2,
      isMarked: true,
      // The law wants both told at once.
      events: 4,
      types: ['Incident Opened', 'Incident Reminder'],
      open: 2,
    });
    for (const death of deathsThatDiffer(calls))
      expect([death, calls[death.call - 1], (await play([death])).left]).toEqual([
        death,
        calls[death.call - 1],
        left,
      ]);
  }, 60_000);
});
