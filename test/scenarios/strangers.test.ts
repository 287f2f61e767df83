import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asIdentifierToken } from '../../functions/contracts/ids.ts';
import type { IncidentView } from '../../functions/contracts/incidents-api.ts';
import { subjectIdOf } from '../../functions/contracts/subject.ts';
import { type Door, type RunningDoors, startDoors } from './running-pair.ts';
import { rowsOfTables } from './traces.ts';

const POLL = { timeout: 60_000, interval: 200 };
const CUSTOMERS = 12;

let doors: RunningDoors;
let eu: Door;
let stranger: DynamoDBClient;

beforeAll(async () => {
  doors = await startDoors('eu');
  eu = doors.door('eu');
  const { region } = eu;
  stranger = new DynamoDBClient({
    endpoint: region.trailed.AWS_ENDPOINT_URL_DYNAMODB ?? '',
    region: region.trailed.AWS_REGION ?? '',
    credentials: { accessKeyId: region.trailed.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: 'stranger' },
  });
}, 240_000);
afterAll(async () => {
  stranger?.destroy();
  await doors?.stop();
});

const incidents = async (): Promise<readonly IncidentView[]> =>
  (await eu.ask<{ incidents: readonly IncidentView[] }>('GET', '/v1/incidents')).body.incidents;
const at = (place: string) => async () =>
  (await incidents()).find(({ finding }) => finding?.place === place)?.affected.listed;
const secretsTable = (): string =>
  Object.entries(eu.region.resources).find(([id]) => /^TablesSubjectKeys/.test(id))?.[1] ?? '';

describe('secrets of subjects', () => {
  it('are used by the functions all the time, and that is no incident', async () => {
    const { body } = await eu.send(
      'pos',
      Array.from({ length: CUSTOMERS }, (_, customer) => ({
        type: 'track',
        messageId: `order-${customer}`,
        event: 'Order Completed',
        userId: `customer-${customer}`,
        properties: { order_id: `o-${customer}`, total: 20, currency: 'EUR' },
        context: { traits: { firstName: 'Ada' } },
      })),
    );
    expect(body.receipts.every(({ outcome }) => outcome === 'accepted')).toBe(true);
    await eu.settled();
    expect((await eu.lookUp({ type: 'userId', value: 'customer-3' })).status).toBe(200);
    expect(eu.region.recentEvents().filter(({ bus }) => bus === 'default')).toEqual([]);
    expect(await incidents()).toEqual([]);
  });

  it("that somebody else reads open an incident with the law's clock, and list whose they are", async () => {
    const atoms = (await rowsOfTables(eu.region)).flatMap(({ table, row }) =>
      table === secretsTable() ? [asIdentifierToken(row.id?.S ?? '')] : [],
    );
    expect(atoms).toHaveLength(CUSTOMERS);
    const [atom = asIdentifierToken('')] = atoms;
    const read = await stranger.send(
      new GetItemCommand({ TableName: secretsTable(), Key: { id: { S: atom } } }),
    );
    expect(read.Item?.secret?.B).toHaveLength(32);
    await expect.poll(at('subject-keys/GetItem'), POLL).toBe(1);
    const [found, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      kind: 'decrypt-outside-purpose',
      state: 'open',
      finding: { what: 'IAMUser', count: 1 },
      affected: { listed: 1 },
    });
    expect(found?.duties).toEqual([
      {
        to: 'regulator',
        state: 'running',
        dueAt: new Date(Date.parse(found?.foundAt ?? '') + 72 * 3_600_000).toISOString(),
      },
      { to: 'people', state: 'at-once' },
    ]);
    const { body } = await eu.ask<IncidentView>('GET', `/v1/incidents/${found?.incidentId}`);
    expect(body.affected.subjects).toEqual([subjectIdOf([atom])]);
    const told = eu.region.recentEvents().filter(({ event }) => event['detail-type'] === 'Incident Opened');
    expect(told).toHaveLength(1);
  }, 120_000);

  it('affect everybody when the whole table is read', async () => {
    await stranger.send(new ScanCommand({ TableName: secretsTable() }));
    await expect.poll(at('subject-keys/Scan'), POLL).toBe(CUSTOMERS);
  }, 120_000);

  it('are looked after without a call that a role does not allow', () => {
    expect(eu.region.violations()).toEqual([]);
  });
});
