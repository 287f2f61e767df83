import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentStore } from '../../functions/adapters/aws/incident-store.ts';
import { memoryIncidentStore } from '../../functions/adapters/memory/incident-store.ts';
import { asIdentifierToken } from '../../functions/contracts/ids.ts';
import { asIncidentId } from '../../functions/contracts/incidents.ts';
import { newIncident } from '../../functions/rights/breach/change.ts';
import type { IncidentStore } from '../../functions/rights/breach/ports.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

const NOW = Date.now();
const EXPIRES = NOW + 86_400_000;

let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

async function inDynamoDb(): Promise<IncidentStore> {
  const table = await tables.fresh('incidents');
  return incidentStore(table);
}

const idOf = (number: number) => asIncidentId(`incident-${String(number).padStart(13, '0')}`);
const incident = (number: number) =>
  newIncident(
    idOf(number),
    { kind: 'other', foundAt: NOW, beganAt: null, seriousness: null, people: number, finding: null },
    NOW + number,
  );

describe.each([
  ['in DynamoDB', inDynamoDb],
  ['in memory', async () => memoryIncidentStore()],
])('the incident store %s', (_, make) => {
  it('writes an incident once, and each version after the one it read', async () => {
    const store = await make();
    expect(await store.read(idOf(1))).toBeNull();
    const results = await Promise.all([1, 2, 3].map(() => store.write(incident(1), null, null)));
    expect(results.filter((isWritten) => isWritten)).toHaveLength(1);
    expect(await store.read(idOf(1))).toEqual({ incident: incident(1), version: 1 });
    const changed = { ...incident(1), people: 9 };
    expect(await store.write(changed, 2, null)).toBe(false);
    expect(await store.write(changed, 1, null)).toBe(true);
    expect(await store.write(incident(1), 1, null)).toBe(false);
    expect(await store.read(idOf(1))).toEqual({ incident: changed, version: 2 });
  });

  it('lists open and closed ones apart, newest first, each once over all pages', async () => {
    const store = await make();
    for (let number = 0; number < 7; number += 1) await store.write(incident(number), null, null);
    await store.write(incident(3), 1, EXPIRES);
    await store.addPage(idOf(1), { page: '1.x', atoms: [asIdentifierToken('email.a')] }, EXPIRES);
    const all = async (state: 'open' | 'closed') => {
      const found: (number | null)[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({ state, limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.incidents.map((each) => each.incident.people));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return found;
    };
    expect(await all('open')).toEqual([6, 5, 4, 2, 1, 0]);
    expect(await all('closed')).toEqual([3]);
  });

  it('keeps a page as it was first added', async () => {
    const store = await make();
    const page = { page: '2.x', atoms: [asIdentifierToken('email.a'), asIdentifierToken('phone.b')] };
    await store.addPage(idOf(1), page, EXPIRES);
    await store.addPage(idOf(1), { ...page, atoms: [] }, EXPIRES);
    await store.keepPage(idOf(1), page.page, null);
    await store.keepPage(idOf(1), page.page, EXPIRES);
    await store.keepPage(idOf(1), 'none', EXPIRES);
    expect(await store.page(idOf(1), page.page)).toEqual(page);
    expect(await store.page(idOf(1), 'none')).toBeNull();
  });

  it('lets one incident stand for a place, and another only in its stead', async () => {
    const store = await make();
    expect(await store.claimed('here')).toBeNull();
    const stands = await Promise.all([1, 2, 3].map((number) => store.claim('here', idOf(number), null)));
    const [first] = stands;
    expect(new Set(stands).size).toBe(1);
    expect(await store.claimed('here')).toBe(first);
    expect(await store.claim('here', idOf(8), idOf(7))).toBe(first);
    expect(await store.claim('here', idOf(8), first ?? null)).toBe(idOf(8));
    expect(await store.claimed('here')).toBe(idOf(8));
  });
});
