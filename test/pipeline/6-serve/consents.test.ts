import { describe, expect, it } from 'vitest';
import {
  type ConsentAnswer,
  type ConsentView,
  consentAnswerSchema,
  consentViewSchema,
} from '../../../functions/contracts/consents-api.ts';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import { NOW } from '../../arbitraries.ts';
import { from, operations, order } from './setting.ts';

const ADA = { type: 'userId', value: 'C-1042' } as const;
const isoAt = (hoursAgo: number): string => new Date(NOW - hoursAgo * HOUR_MS).toISOString();

function desk(jurisdiction = 'eu') {
  const setting = operations(jurisdiction);
  const { ask, region, signals } = setting;
  let delivered = 0;
  /** Records an act, and lets `understand` have what that put on the stream. */
  const record = async (changes: Record<string, unknown>) => {
    const answer = await ask('POST /v1/consents', {
      body: { identifiers: [ADA], recorder: 'call-centre', ...changes },
    });
    for (; delivered < signals.appended.length; delivered += 1)
      await region.deliverUntilDone([region.record(signals.appended[delivered]?.signals ?? [])]);
    return { ...answer, body: answer.body as unknown as ConsentAnswer };
  };
  const look = async (identifiers: unknown = [ADA]) => {
    const answer = await ask('POST /v1/consents/lookup', { body: { identifiers } });
    return { ...answer, body: answer.body as unknown as ConsentView };
  };
  return { ...setting, record, look };
}

describe('recording a choice', () => {
  it('queues it like any signal, and answers with a receipt for each purpose', async () => {
    const { record, signals } = desk();
    const { status, body } = await record({
      choices: { profiling: 'basic', sharing: false },
      notice: '2026-03',
      language: 'de-CH',
      at: isoAt(1),
    });
    expect(status).toBe(202);
    expect(consentAnswerSchema.parse(body)).toEqual(body);
    expect(signals.appended).toMatchObject([
      {
        bucket: expect.stringMatching(/^b\d\d$/),
        signals: [{ name: 'Consent Changed', purposes: ['service'] }],
      },
    ]);
    expect(body.receipts).toMatchObject([
      {
        record: { schema_version: 'ISO/IEC TS 27560:2023', pii_principal_id: body.subjectId },
        pii_processing: {
          privacy_notice: '2026-03',
          language: 'de-CH',
          purposes: [
            {
              purpose_type: 'profiling',
              lawful_basis: 'consent',
              depth: 'basic',
              jurisdiction: 'eu',
              storage_locations: ['eu-central-1'],
              retention_period: 'P395D',
            },
          ],
        },
        party_identification: [
          { party_role: 'PII controller' },
          { party_name: 'call-centre', party_role: 'recorder' },
        ],
        event: [{ event_time: isoAt(1), event_type: 'explicit', event_state: 'given' }],
      },
      { pii_processing: { purposes: [{ purpose_type: 'sharing' }] }, event: [{ event_state: 'refused' }] },
    ]);
    expect(JSON.stringify(body)).not.toContain(ADA.value);
  });

  it('counts a repeated request once, and takes the same choice again after the opposite one', async () => {
    const { record, look, region } = desk();
    const request = { requestId: 'r-1', choices: { profiling: true }, at: isoAt(2) };
    const [first, again] = [await record(request), await record(request)];
    expect(again.body).toEqual(first.body);
    expect(region.archived().filter((row) => row.table === 'signals')).toHaveLength(1);
    await record({ choices: { profiling: false }, at: isoAt(1) });
    await record({ choices: { profiling: true } });
    const { body } = await look();
    expect(body.purposes.profiling).toMatchObject({ inEffect: true, depth: 'full', usableSince: isoAt(0) });
    expect(body.purposes.profiling?.history.map(({ depth }) => depth)).toEqual(['full', 'none', 'full']);
    expect(body.receipts[0]?.event.map(({ event_state: state }) => state)).toEqual([
      'given',
      'withdrawn',
      'given',
    ]);
  });

  it('loses no choice to a request id that was used before for another one, or for somebody else', async () => {
    const { record, look } = desk();
    const other = { type: 'userId', value: 'C-7' };
    await record({ requestId: 'r-1', choices: { profiling: true }, at: isoAt(2) });
    const refused = await record({ requestId: 'r-1', choices: { profiling: false }, at: isoAt(1) });
    expect(refused.body.receipts[0]?.event.at(-1)).toMatchObject({ event_state: 'withdrawn' });
    expect((await look()).body.purposes.profiling).toMatchObject({ inEffect: false, at: isoAt(1) });
    await record({ requestId: 'r-1', choices: { profiling: true }, at: isoAt(1), identifiers: [other] });
    expect((await look([other])).body.purposes.profiling).toMatchObject({ inEffect: true });
  });

  it('lets a later choice stand whatever comes after it in the stream', async () => {
    const { record, look } = desk();
    await record({ choices: { profiling: false }, at: isoAt(1) });
    await record({ choices: { profiling: true }, at: isoAt(5) });
    expect((await look()).body.purposes.profiling).toMatchObject({ inEffect: false, at: isoAt(1) });
  });

  it('refuses what it can not honour, and queues nothing of it', async () => {
    const { record, signals, send } = desk();
    await send([from({ userId: 'C-1' }, [order(1)]), from({ userId: 'C-2' }, [order(1)])]);
    const choices = { profiling: true };
    for (const [changes, status, at] of [
      [{ choices: {} }, 400, '/choices'],
      [{ choices: { advertising: true } }, 400, '/choices'],
      [{ choices: { profiling: 'deep' } }, 400, '/choices/profiling'],
      [{ choices, recorder: 'Jane Doe, extension 4' }, 400, '/recorder'],
      [{ choices, at: isoAt(-1) }, 400, '/at'],
      [{ choices, identifiers: [{ type: 'email', value: 'nobody' }] }, 400, '/identifiers/0/value'],
      [
        {
          choices,
          identifiers: [
            { type: 'userId', value: 'C-1' },
            { type: 'userId', value: 'C-2' },
          ],
        },
        409,
        '/identifiers/1',
      ],
    ] as const) {
      const answer = await record(changes);
      expect([changes, answer.status, answer.body]).toEqual([
        changes,
        status,
        expect.objectContaining({ at: [at] }),
      ]);
    }
    expect(signals.appended).toEqual([]);
  });

  it('takes the yes of a guardian where the law asks for it', async () => {
    const { record, look, send } = desk();
    await send([from({ userId: 'C-1042' }, [{ kind: 'age', years: 15 }])]);
    await record({ choices: { profiling: true }, at: isoAt(2) });
    expect((await look()).body).toMatchObject({
      minor: true,
      purposes: { profiling: { inEffect: false, origin: 'minor' } },
    });
    const { body } = await record({ choices: { profiling: true }, guardian: true });
    expect(body.receipts[0]?.event.at(-1)).toMatchObject({ entity_id: 'guardian', event_state: 'given' });
    expect((await look()).body.purposes.profiling).toMatchObject({ inEffect: true, origin: 'explicit' });
  });
});

describe('looking consent up', () => {
  it('says for a stranger what the law takes as given, and where that is written', async () => {
    const { status, body } = await desk('us-ca').look();
    expect(status).toBe(200);
    expect(consentViewSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      subjectId: null,
      gpc: null,
      minor: false,
      purposes: {
        service: { inEffect: true, origin: 'contract' },
        sharing: {
          inEffect: true,
          origin: 'law',
          at: null,
          lawfulDefault: { value: 'opt-out', evidence: 'primary source' },
          history: [],
        },
      },
      receipts: [],
    });
  });

  it('tells signals of the browser and statements of a consent manager from acts', async () => {
    const { look, send } = desk('au');
    await send([
      from({ userId: 'C-1042' }, [order(1)], {
        gpc: true,
        consent: { analytics: false },
        occurredAt: NOW - HOUR_MS,
      }),
    ]);
    const { body } = await look();
    expect(body.gpc).toEqual({ firstAt: isoAt(1), lastAt: isoAt(1) });
    expect(body.purposes).toMatchObject({
      analytics: { inEffect: false, origin: 'stated', at: isoAt(1) },
      profiling: { inEffect: false, origin: 'gpc', at: isoAt(1) },
      personalisation: { inEffect: true, origin: 'law' },
    });
    expect(body.receipts).toEqual([]);
  });

  it('answers a profile all the same when everything is refused: less of it, and no error', async () => {
    const { record, lookup, send } = desk();
    await send([from({ userId: 'C-1042' }, [order(9_900)])]);
    const refused = { analytics: false, personalisation: false, profiling: false, sharing: false };
    await record({ choices: { ...refused, automatedDecisions: false } });
    const { status, body } = await lookup(['userId', 'C-1042']);
    expect(status).toBe(200);
    expect(body).toMatchObject({ value: { orders: 1, orderValue: 99 }, segments: [], scores: {} });
    expect((body.notComputed as unknown[]).length).toBeGreaterThan(0);
  });
});
