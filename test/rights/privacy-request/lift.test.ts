import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIFT_REASONS, type LiftReason } from '../../../functions/contracts/privacy-requests.ts';
import { isRestrictedAt } from '../../../functions/contracts/restriction.ts';
import { DAY_MS, HOUR_MS } from '../../../functions/kernel/time.ts';
import { judgeAccuracy, statusOf } from '../../../functions/rights/privacy-request/door.ts';
import { lift } from '../../../functions/rights/privacy-request/lift.ts';
import { restrict } from '../../../functions/rights/privacy-request/restrict.ts';
import { tick } from '../../../functions/rights/privacy-request/tick.ts';
import { NOW } from '../../arbitraries.ts';
import { PrivacyRegion, seen, tokenOf } from './harness.ts';

const WHO = { userId: 'ada', email: 'ada@mail.example.org' };
const ada = [{ type: 'userId' as const, value: 'ada' }];

async function knowingAda(jurisdiction = 'eu') {
  const privacy = new PrivacyRegion(jurisdiction);
  const { region } = privacy;
  let sent = 0;
  /** Whether a signal of hers counts now. */
  const counts = async (who: Parameters<typeof seen>[0]['who'] = WHO): Promise<boolean> => {
    const before = JSON.stringify(region.states());
    sent += 1;
    const one = { id: `s${sent}`, who, occurredAt: privacy.now, receivedAt: privacy.now };
    await region.deliverUntilDone([region.record([seen(one)])], privacy.now);
    return JSON.stringify(region.states()) !== before;
  };
  await counts();
  const isRestricted = (): boolean => isRestrictedAt(region.store.nodes.values(), privacy.now);
  const restricted = async (): Promise<string> => {
    const requestId = await privacy.verified('restrict', ada);
    await privacy.run(requestId);
    privacy.now += DAY_MS;
    return requestId;
  };
  const lifted = async (requestId: string, reason: LiftReason = 'asked-by-person') => {
    const answer = await privacy.lift(requestId, { reason });
    await privacy.run(requestId);
    return answer;
  };
  return { privacy, counts, isRestricted, restricted, lifted };
}

describe('lifting a restriction', () => {
  it('lets signals count again from then on, and nothing that was withheld before', async () => {
    const { privacy, counts, isRestricted, restricted, lifted } = await knowingAda();
    const requestId = await restricted();
    expect(await counts()).toBe(false);
    expect(await lifted(requestId)).toMatchObject({ answer: { state: 'lifting' } });
    expect(isRestricted()).toBe(false);
    expect(privacy.request(requestId)).toMatchObject({ state: 'complete', restrictedUntil: null });
    const applied = () => privacy.region.archived().filter(({ table }) => table === 'signals').length;
    expect(applied()).toBe(1);
    expect(await counts()).toBe(true);
    expect(applied()).toBe(2);
  });

  it('tells that it ends before it does, when the person was told and by whom, and that it has ended', async () => {
    const { privacy, isRestricted, restricted } = await knowingAda();
    const requestId = await restricted();
    const told: [string, boolean][] = [];
    const { announced } = privacy.memory;
    const push = announced.push.bind(announced);
    announced.push = (...events) => {
      told.push(...events.map(({ type }): [string, boolean] => [type, isRestricted()]));
      return push(...events);
    };
    await privacy.lift(requestId, { informedAt: new Date(privacy.now - HOUR_MS).toISOString() });
    await privacy.run(requestId);
    expect(told).toEqual([
      ['Restriction Ending', true],
      ['Restriction Lifted', false],
    ]);
    const rows = privacy.rows.flatMap((row) =>
      row.table === 'effects' && /restriction-ending|subject-unrestricted/.test(row.kind) ? [row] : [],
    );
    const day = new Date(privacy.now - HOUR_MS).toISOString().slice(0, 10);
    expect(new Set(rows.map(({ kind, reasons }) => `${kind} ${reasons}`))).toEqual(
      new Set([
        `restriction-ending request:${requestId},asked-by-person,informed:${day},by:desk`,
        `subject-unrestricted request:${requestId},asked-by-person`,
      ]),
    );
    const view = await statusOf(requestId, privacy.policy, privacy.ports);
    expect(view).toMatchObject({
      answer: {
        state: 'complete',
        restrictedUntil: null,
        dueAt: null,
        lift: { reason: 'asked-by-person', informedAt: new Date(privacy.now - HOUR_MS).toISOString() },
      },
    });
    expect(JSON.stringify([rows, view])).not.toContain(tokenOf('userId', 'ada'));
  });

  it.each(Object.keys(LIFT_REASONS) as LiftReason[])('has one of the lawful reasons: %s', async (reason) => {
    const { isRestricted, restricted, lifted } = await knowingAda();
    await lifted(await restricted(), reason);
    expect(isRestricted()).toBe(false);
  });

  it('is refused unless the person was told after it was made and before now', async () => {
    const { privacy, isRestricted, restricted } = await knowingAda();
    const requestId = await restricted();
    for (const informedAt of [privacy.now + 1, NOW - 1])
      expect(await privacy.lift(requestId, { informedAt: new Date(informedAt).toISOString() })).toMatchObject(
        { refusal: { status: 400, at: ['/informedAt'] } },
      );
    expect([isRestricted(), privacy.request(requestId).state]).toEqual([true, 'complete']);
  });

  it('is refused for what restricts nobody, not yet, or not any more', async () => {
    const { privacy, restricted, lifted } = await knowingAda();
    const access = await privacy.verified('access', ada);
    await privacy.run(access);
    const { requestId: unproven } = await privacy.ask('restrict', [{ type: 'userId', value: 'charles' }]);
    const done = await restricted();
    await lifted(done);
    expect(await privacy.lift('nobody')).toMatchObject({ refusal: { status: 404 } });
    for (const id of [access, unproven])
      expect(await privacy.lift(id)).toMatchObject({ refusal: { status: 409 } });
    const other = await privacy.lift(done, { reason: 'claims-settled' });
    expect(other).toMatchObject({ refusal: { status: 409 } });
  });

  it('cannot be hurried where a minimum of the law restricts, which ends by itself', async () => {
    const { privacy, counts, isRestricted } = await knowingAda('in');
    const requestId = await privacy.verified('erase', ada);
    await privacy.run(requestId);
    privacy.now += DAY_MS;
    expect(await privacy.lift(requestId)).toMatchObject({ refusal: { status: 409 } });
    expect([isRestricted(), await counts()]).toEqual([true, false]);
    privacy.now = privacy.request(requestId).restrictedUntil ?? 0;
    expect(isRestricted()).toBe(false);
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('key-deleted');
  });

  it('is possible where it stands in the place of an erasure', async () => {
    const { privacy, isRestricted, lifted } = await knowingAda('sg');
    const requestId = await privacy.verified('erase', ada);
    await privacy.run(requestId);
    privacy.now += DAY_MS;
    expect([privacy.request(requestId).state, isRestricted()]).toEqual(['complete', true]);
    await lifted(requestId);
    expect(isRestricted()).toBe(false);
  });

  it('leaves what was asked for since, what another asked for, and what a correction restricts', async () => {
    const { privacy, isRestricted, restricted, lifted } = await knowingAda();
    const first = await restricted();
    const corrections = [{ attribute: 'surname' as const, value: 'King' }];
    const correction = await privacy.verified('correct', ada, { corrections });
    const judge = (outcome: 'unascertained' | 'accurate') =>
      judgeAccuracy(correction, { outcome }, privacy.policy, privacy.ports, privacy.now);
    await judge('unascertained');
    await privacy.run(correction);
    const second = await restricted();
    await lifted(first);
    expect(isRestricted()).toBe(true);
    await lifted(second);
    expect(isRestricted()).toBe(true);
    await judge('accurate');
    await privacy.run(correction);
    await privacy.region.deliverUntilDone([privacy.region.record(privacy.sent)], privacy.now);
    privacy.now += HOUR_MS;
    await privacy.run(correction);
    expect([privacy.request(correction).state, isRestricted()]).toEqual(['complete', false]);
  });

  it('reaches all that it reached, wherever that belongs by now', async () => {
    const { privacy, counts, isRestricted, restricted, lifted } = await knowingAda();
    const requestId = await restricted();
    // A steward has parted the two since.
    for (const [id, node] of privacy.region.store.nodes)
      privacy.region.store.nodes.set(id, { ...node, subjectId: null });
    privacy.region.store.subjects.clear();
    await lifted(requestId);
    expect(isRestricted()).toBe(false);
    expect(await counts({ email: 'ada@mail.example.org' })).toBe(true);
  });

  it('leaves whoever came back after an erasure as they are', async () => {
    const { privacy, restricted, lifted } = await knowingAda();
    const requestId = await restricted();
    await privacy.run(await privacy.verified('erase', ada));
    const before = structuredClone([...privacy.region.store.nodes]);
    await lifted(requestId);
    expect([...privacy.region.store.nodes]).toEqual(before);
  });
});

describe('an order to lift', () => {
  it('given again is the first one, and is carried out once wherever a call fails', async () => {
    let calls = 0;
    for (let call = 1; call === 1 || call <= calls; call += 1)
      for (const after of [false, true]) {
        const { privacy, isRestricted, restricted } = await knowingAda();
        const requestId = await restricted();
        const informedAt = new Date(privacy.now).toISOString();
        privacy.retryMs = HOUR_MS;
        const before = privacy.calls;
        privacy.crashAt(call, after);
        // As a client does: until there is an answer, and once more.
        for (let answers = 0; answers < 2; privacy.now += HOUR_MS)
          answers += await privacy.lift(requestId, { informedAt }).then(
            () => 1,
            () => 0,
          );
        await privacy.run(requestId);
        if (call === 1 && !after) calls = privacy.calls - before;
        expect([call, after, privacy.request(requestId).state, isRestricted()]).toEqual([
          call,
          after,
          'complete',
          false,
        ]);
        const told = privacy.evidence.filter((kind) => /restriction-ending|unrestricted/.test(kind));
        expect(told.sort()).toEqual(['restriction-ending', 'subject-unrestricted']);
        expect(privacy.toldOtherwise).toEqual([]);
      }
    expect(calls).toBeGreaterThan(10);
  });

  it('that nobody carried out is found by the daily machine, years after the request', async () => {
    const { privacy, isRestricted, restricted } = await knowingAda();
    const requestId = await restricted();
    privacy.now += 4 * 365 * DAY_MS;
    await privacy.lift(requestId);
    for (const name of privacy.memory.started.keys()) privacy.memory.started.set(name, 'ended');
    expect(await tick(privacy.ports, privacy.now)).toBe(1);
    await privacy.run(requestId);
    expect(isRestricted()).toBe(false);
    expect(privacy.memory.announced.map(({ type }) => type)).not.toContain('Privacy Request Due');
  });

  it('and its restriction give one state, in whatever order their steps arrive', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { maxLength: 6 }), async (late) => {
        const { privacy, isRestricted, restricted, lifted } = await knowingAda();
        const first = await restricted();
        const beforeLift = privacy.request(first);
        await lifted(first);
        const done = privacy.request(first);
        // Steps of executions that were held up, with the request as they had read it.
        const { requests } = privacy;
        const held = {
          find: async () => ({ ...beforeLift, state: 'processing' as const }),
          save: requests.save.bind(requests),
          queue: requests.queue.bind(requests),
        };
        const steps = [
          () => restrict(first, privacy.policy, { ...privacy.ports, requests: held }, privacy.now),
          () => lift(first, privacy.policy, privacy.ports, privacy.now),
          () => privacy.lift(first),
          () => privacy.run(first),
        ];
        for (const at of late) await Promise.resolve(steps[at]?.()).catch(() => undefined);
        expect([privacy.request(first), isRestricted()]).toEqual([done, false]);
        const second = await restricted();
        expect(isRestricted()).toBe(true);
        for (const at of late) await Promise.resolve(steps[at]?.()).catch(() => undefined);
        expect([privacy.request(second).state, isRestricted()]).toEqual(['complete', true]);
      }),
      { numRuns: 25 },
    );
  });
});
