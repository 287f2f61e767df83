import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { exportPerson } from '../../../functions/rights/privacy-request/export.ts';
import { link, redeem } from '../../../functions/rights/privacy-request/export-link.ts';
import { PART_LENGTH_MAX } from '../../../functions/rights/privacy-request/export-parts.ts';
import { NOW } from '../../arbitraries.ts';
import { PrivacyRegion, seen, tokenOf } from './harness.ts';

const ada = [{ type: 'userId' as const, value: 'ada' }];

async function knowingAda(jurisdiction = 'eu'): Promise<PrivacyRegion> {
  const privacy = new PrivacyRegion(jurisdiction);
  const { region } = privacy;
  await region.deliverUntilDone([
    region.record([
      seen({
        id: '1',
        who: { userId: 'ada', email: 'ada@lovelace.org' },
        occurredAt: NOW - DAY_MS,
        consent: { analytics: true, profiling: true },
      }),
      seen({ id: '2', who: { userId: 'ada' }, occurredAt: NOW - DAY_MS + 1 }),
      seen({ id: '3', who: { userId: 'charles' }, occurredAt: NOW - DAY_MS }),
    ]),
  ]);
  privacy.archive();
  return privacy;
}

describe('an export', () => {
  const exported = async () => {
    const privacy = await knowingAda();
    const requestId = await privacy.verified('access', ada);
    await privacy.run(requestId);
    return { privacy, requestId };
  };
  const TOKEN = 'a'.repeat(43);

  it('has everything of the person and nothing of others, as JSON and CSV', async () => {
    const { privacy, requestId } = await exported();
    await link(requestId, TOKEN, privacy.ports, privacy.now);
    const got = await redeem(requestId, TOKEN, privacy.policy, privacy.ports, privacy.now);
    if (!('answer' in got)) throw new Error(got.refusal.title);
    const json = got.answer.json as Record<string, readonly Record<string, unknown>[]>;
    expect(json.identifiers).toEqual(
      expect.arrayContaining([
        { type: 'userId', count: 1 },
        { type: 'email', count: 1 },
      ]),
    );
    expect(json.consent).toEqual(
      expect.arrayContaining([expect.objectContaining({ purpose: 'profiling', depth: 'full' })]),
    );
    const signals = (json.history ?? []).filter(({ table }) => table === 'signals');
    expect(signals).toHaveLength(2);
    expect(signals.every(({ payload }) => Array.isArray(payload))).toBe(true);
    expect(JSON.stringify(json)).not.toContain(tokenOf('userId', 'charles'));
    const csv = got.answer.csv as Record<string, string>;
    expect(Object.keys(csv)).toContain('history.csv');
    expect(csv['identifiers.csv']).toMatch(/^type,count\r\n/);
    expect(json.retention?.length).toBeGreaterThan(0);
  });

  it('is handed over once per link, and not when the link is guessed, late or replaced', async () => {
    const { privacy, requestId } = await exported();
    const fetch = (token: string, at = privacy.now) =>
      redeem(requestId, token, privacy.policy, privacy.ports, at);
    expect(await fetch(TOKEN)).toMatchObject({ refusal: { status: 410 } });
    await link(requestId, TOKEN, privacy.ports, privacy.now);
    expect(await fetch('b'.repeat(43))).toMatchObject({ refusal: { status: 410 } });
    expect(await fetch(TOKEN)).toHaveProperty('answer');
    expect(await fetch(TOKEN)).toMatchObject({ refusal: { status: 410 } });
    await link(requestId, 'c'.repeat(43), privacy.ports, privacy.now);
    expect(await fetch('c'.repeat(43), NOW + 7 * DAY_MS)).toMatchObject({ refusal: { status: 410 } });
    expect(await link(requestId, TOKEN, privacy.ports, NOW + 7 * DAY_MS)).toMatchObject({
      refusal: { status: 409 },
    });
  });

  it('lies sealed, and cannot be opened once the person is erased', async () => {
    const { privacy, requestId } = await exported();
    for (const bytes of privacy.memory.exported.values())
      expect(Buffer.from(bytes).toString('utf8')).not.toContain('retention');
    await link(requestId, TOKEN, privacy.ports, privacy.now);
    await privacy.run(await privacy.verified('erase', ada));
    expect(await redeem(requestId, TOKEN, privacy.policy, privacy.ports, privacy.now)).toMatchObject({
      refusal: { status: 410 },
    });
  });

  it('ends the same wherever a call fails', async () => {
    for (let call = 1; call <= 24; call += 1) {
      for (const after of [false, true]) {
        const privacy = await knowingAda();
        const requestId = await privacy.verified('port', ada);
        privacy.crashAt(call, after);
        await privacy.run(requestId);
        expect([call, after, privacy.request(requestId).state, privacy.memory.exported.size]).toEqual([
          call,
          after,
          'complete',
          1,
        ]);
        expect(privacy.evidence.filter((kind) => kind === 'subject-exported')).toHaveLength(1);
      }
    }
  });
});

describe('a large export', () => {
  const TOKEN = 'a'.repeat(43);
  const HOURS = 40;

  /** A region whose archive has a row of Ada's and one of somebody else's in each of many hours, each row twice, as it is
   * while small objects are made into a large one. */
  async function withLongArchive(columns: Readonly<Record<string, string>> = {}) {
    const privacy = await knowingAda();
    const rows = [...privacy.memory.archived.values()].flat();
    privacy.memory.archived.clear();
    for (let hour = 0; hour < HOURS; hour += 1) {
      const folder = `v1/signals/event_class=other/dt=2026-06-${10 + Math.floor(hour / 24)}/hh=${String(hour % 24).padStart(2, '0')}/`;
      const own = rows.map((row) => ({
        ...row,
        rowId: `${row.rowId}-${hour}`,
        payload: null,
        columns: { ...row.columns, ...columns, hour },
      }));
      for (const name of ['a', 'b']) privacy.memory.archived.set(`${folder}${name}.parquet`, own);
    }
    return privacy;
  }
  const fetched = async (privacy: PrivacyRegion, requestId: string) => {
    await link(requestId, TOKEN, privacy.ports, privacy.now);
    const parts: { readonly json: Readonly<Record<string, unknown>>; readonly csv: object }[] = [];
    for (;;) {
      const got = await redeem(requestId, TOKEN, privacy.policy, privacy.ports, privacy.now);
      if (!('answer' in got)) return parts;
      parts.push(got.answer as (typeof parts)[number]);
    }
  };
  const historyIn = (parts: Awaited<ReturnType<typeof fetched>>) =>
    parts.flatMap(({ json }) => (json.history ?? []) as readonly Record<string, unknown>[]);

  it('is gathered in turns, and no row is missing or there twice', async () => {
    const whole = await withLongArchive();
    const inTurns = await withLongArchive();
    inTurns.hasTime = false;
    const [one, other] = [await whole.verified('access', ada), await inTurns.verified('access', ada)];
    await whole.run(one);
    await inTurns.run(other);
    expect(inTurns.memory.exported.size).toBeGreaterThan(2);
    const hours = historyIn(await fetched(inTurns, other)).map(({ hour }) => Number(hour));
    const ownRows = historyIn(await fetched(whole, one)).length;
    expect([hours.length, new Set(hours).size]).toEqual([ownRows, HOURS]);
    expect(ownRows % HOURS).toBe(0);
  });

  it('ends the same wherever a call fails, and evidence tells of it once', async () => {
    for (let call = 1; call <= 40; call += 3) {
      for (const after of [false, true]) {
        const privacy = await withLongArchive();
        privacy.hasTime = false;
        const requestId = await privacy.verified('port', ada);
        privacy.crashAt(call, after);
        await privacy.run(requestId);
        const hours = historyIn(await fetched(privacy, requestId)).map(({ hour }) => Number(hour));
        expect([call, after, new Set(hours).size, hours.length % HOURS]).toEqual([call, after, HOURS, 0]);
        expect(privacy.evidence.filter((kind) => kind === 'subject-exported')).toHaveLength(1);
      }
    }
  });

  it('is handed over in parts that an answer can hold, each once', async () => {
    const privacy = await withLongArchive({ text: '"quoted" '.repeat(8_000) });
    const requestId = await privacy.verified('access', ada);
    await privacy.run(requestId);
    const parts = await fetched(privacy, requestId);
    expect(parts.length).toBeGreaterThan(3);
    for (const { json, csv } of parts) {
      expect(JSON.stringify(json).length).toBeLessThan(1.1 * PART_LENGTH_MAX);
      expect(JSON.stringify({ json, csv }).length).toBeLessThan(6_000_000);
    }
    expect(new Set(historyIn(parts).map(({ hour }) => hour)).size).toBe(HOURS);
    expect(await fetched(privacy, requestId)).toHaveLength(parts.length);
  });

  it('of somebody who is erased meanwhile hands nothing over, and lies nowhere in the open', async () => {
    const privacy = await withLongArchive();
    privacy.hasTime = false;
    const requestId = await privacy.verified('access', ada);
    expect(await exportPerson(requestId, privacy.policy, privacy.ports, privacy.now)).toEqual({
      outcome: 'more',
    });
    const kept = privacy.memory.exported.size;
    await privacy.run(await privacy.verified('erase', ada));
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('complete');
    expect([privacy.memory.exported.size, await fetched(privacy, requestId)]).toEqual([kept, []]);
  });

  it('says how many objects of the archive could not be read', async () => {
    const privacy = await withLongArchive();
    const [damaged] = privacy.memory.archived.keys();
    const rows = privacy.memory.archive.rows;
    privacy.memory.archive.rows = async (key, wanted) =>
      (key === damaged ? null : rows(key, wanted)) as never;
    const requestId = await privacy.verified('access', ada);
    await privacy.run(requestId);
    expect((await fetched(privacy, requestId))[0]?.json.about).toMatchObject({
      objectsThatCouldNotBeRead: 1,
    });
  });
});
