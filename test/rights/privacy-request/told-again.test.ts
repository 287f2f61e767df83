import { describe, expect, it } from 'vitest';
import type { PrivacyRequestType } from '../../../functions/contracts/privacy-requests.ts';
import { DAY_MS, HOUR_MS } from '../../../functions/kernel/time.ts';
import { fail } from '../../../functions/rights/privacy-request/tick.ts';
import { NOW } from '../../arbitraries.ts';
import { PrivacyRegion, seen } from './harness.ts';

const ada = [{ type: 'userId' as const, value: 'ada' }];

async function known(jurisdiction = 'eu'): Promise<PrivacyRegion> {
  const privacy = new PrivacyRegion(jurisdiction);
  const { region } = privacy;
  const who = { userId: 'ada', email: 'ada@lovelace.org' };
  await region.deliverUntilDone([region.record([seen({ id: '1', who, occurredAt: NOW - DAY_MS })])]);
  privacy.archive();
  return privacy;
}

/** Where the archive looks for a row that may be there: its folder follows from these. */
const places = (privacy: PrivacyRegion) =>
  new Set(privacy.rows.map((row) => `${row.table} ${row.eventClass} ${row.receivedAt} ${row.rowId}`));
const rows = (privacy: PrivacyRegion) => new Set(privacy.rows.map(({ rowId }) => rowId));

describe('evidence of a privacy request that is told again after a crash', () => {
  const TYPES: readonly PrivacyRequestType[] = ['access', 'erase', 'restrict', 'object', 'correct'];
  it.each(TYPES)('lies where the archive looks for it, though the hour is another: %s', async (type) => {
    for (let call = 1; call <= 40; call += 1) {
      const privacy = await known();
      privacy.retryMs = HOUR_MS;
      const corrections = [{ attribute: 'surname' as const, value: 'King' }];
      const requestId = await privacy.verified(type, ada, type === 'correct' ? { corrections } : {});
      privacy.crashAt(call, true);
      await privacy.run(requestId);
      await privacy.region.deliverUntilDone([privacy.region.record(privacy.sent)]);
      await privacy.run(requestId);
      expect([call, places(privacy).size]).toEqual([call, rows(privacy).size]);
      expect([call, privacy.toldOtherwise]).toEqual([call, []]);
    }
  });

  it.each([
    ['an early erasure that becomes a restriction', 'in', 'erase', 0],
    ['an erasure to which there is no right', 'sg', 'erase', 0],
    ['the end of an erasure', 'eu', 'erase', 2],
    ['a reminder', 'eu', 'access', 20],
    ['a denial', 'eu', 'access', 40],
  ] as const)(
    'bears the time of the first attempt, or that at which it fell due: %s',
    async (_name, law, type, days) => {
      let told = 0;
      for (let call = 1; call <= 40; call += 1)
        for (const after of [false, true]) {
          const privacy = await known(law);
          privacy.retryMs = HOUR_MS;
          const isProven = type === 'erase';
          const requestId = isProven
            ? await privacy.verified(type, ada)
            : (await privacy.ask(type, ada)).requestId;
          if (days > 0) await privacy.run(requestId);
          privacy.now += days * DAY_MS;
          privacy.crashAt(call, after);
          await privacy.run(requestId);
          expect([call, after, privacy.toldOtherwise]).toEqual([call, after, []]);
          told = Math.max(told, privacy.rows.length - rows(privacy).size);
        }
      expect(told).toBeGreaterThan(0);
    },
  );

  it('of a machine that gave up is the same, however often that is told', async () => {
    const privacy = await known();
    const requestId = await privacy.verified('access', ada);
    for (let call = 1; call <= 5; call += 1) {
      privacy.crashAt(call, true);
      await fail(requestId, privacy.policy, privacy.ports, privacy.now).catch(() => undefined);
      privacy.now += HOUR_MS;
    }
    privacy.crashAt(99, true);
    await fail(requestId, privacy.policy, privacy.ports, privacy.now);
    expect(privacy.evidence.filter((kind) => kind === 'privacy-request-failed')).toHaveLength(1);
    expect(privacy.toldOtherwise).toEqual([]);
    expect(privacy.request(requestId)).toMatchObject({ state: 'failed', failed: { driver: 2 } });
  });

  it('is one row for an export, though more was archived before the second attempt', async () => {
    for (let call = 1; call <= 24; call += 1) {
      const privacy = await known();
      const requestId = await privacy.verified('access', ada);
      privacy.crashAt(call, true);
      privacy.onRetry = async () => {
        const { region } = privacy;
        const later = seen({ id: `2-${call}`, who: { userId: 'ada' }, occurredAt: NOW });
        await region.deliverUntilDone([region.record([later])]);
        privacy.archive();
      };
      await privacy.run(requestId);
      expect([call, privacy.evidence.filter((kind) => kind === 'subject-exported')]).toEqual([
        call,
        ['subject-exported'],
      ]);
    }
  });
});
