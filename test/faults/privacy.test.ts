import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { quarantineStore } from '../../functions/adapters/aws/quarantine-store.ts';
import type { PersonExport } from '../../functions/rights/privacy-request/export-document.ts';
import { itemsAbout, tablesAsText } from './people.ts';
import { Stand } from './requests.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await Stand.start();
}, 60_000);
afterAll(() => stand?.stop());

describe('a privacy request, from its receipt on, over DynamoDB, S3, KMS, Kinesis and Step Functions', () => {
  it('erases with the same end and one certificate, after or between whatever writes a function dies', async () => {
    const { played, calls } = await stand.playEach({ type: 'erase' }, (at) => `erased-${at}`);
    expect(calls.length).toBeGreaterThan(50);
    const evidence = await stand.evidenceByRequest();
    const all = await tablesAsText();
    const certificates = await evidenceStore('evidence').keys('v1/certificates/');
    const ends = [];
    for (const { person, death, requestId } of played)
      ends.push({
        death: death === null ? null : `${death.when} ${calls[death.call - 1]} (${death.call})`,
        state: (await stand.statusOf(requestId)).state,
        tables: itemsAbout(person, stand.secrets, all),
        certificates: certificates.filter((key) => key.includes(requestId)).length,
        events: stand.eventsAbout(requestId).length,
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
    const { played, calls } = await stand.playEach({ type: 'access' }, (at) => `exported-${at}`);
    const evidence = await stand.evidenceByRequest();
    const ends = [];
    for (const { death, requestId } of played) {
      const told = evidence.get(requestId);
      const { token } = await stand.ask<{ token: string }>(
        'POST /v1/privacy-requests/{requestId}/link',
        {},
        requestId,
      );
      const { json } = await stand.ask<{ json: PersonExport }>('POST /v1/privacy-exports', {
        requestId,
        token,
      });
      ends.push({
        death: death === null ? null : `${death.when} ${calls[death.call - 1]} (${death.call})`,
        state: (await stand.statusOf(requestId)).state,
        held: Object.fromEntries(
          Object.entries(json).map(([part, of]) => [part, Array.isArray(of) ? of.length : 'said']),
        ),
        events: stand.eventsAbout(requestId).length,
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
