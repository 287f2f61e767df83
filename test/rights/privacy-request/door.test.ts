import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { extend, statusOf } from '../../../functions/rights/privacy-request/door.ts';
import { tick } from '../../../functions/rights/privacy-request/tick.ts';
import { NOW } from '../../arbitraries.ts';
import { PrivacyRegion, seen, tokenOf } from './harness.ts';

const ada = [{ type: 'userId' as const, value: 'ada' }];
const IDENTITY = { outcome: 'verified', method: 'signed-in' } as const;
const AUTHORITY = { outcome: 'verified', method: 'signed-permission' } as const;

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

describe('a request that nobody proved', () => {
  it.each(['erase', 'access', 'port', 'restrict', 'correct'] as const)(
    'to %s discloses and changes nothing',
    async (type) => {
      const privacy = await knowingAda();
      const [states, keys] = [privacy.region.states(), privacy.region.keyring.secrets.size];
      const corrections = [{ attribute: 'surname' as const, value: 'King' }];
      const { requestId } = await privacy.ask(type, ada, type === 'correct' ? { corrections } : {});
      expect(await privacy.run(requestId)).toBe('wait');
      privacy.now = NOW + 29 * DAY_MS;
      expect(await privacy.run(requestId)).toBe('wait');
      expect(privacy.request(requestId).state).toBe('received');
      expect([privacy.region.states(), privacy.region.keyring.secrets.size]).toEqual([states, keys]);
      expect(privacy.memory.exported.size).toBe(0);
      const told = await statusOf(requestId, privacy.policy, privacy.ports);
      for (const token of [tokenOf('userId', 'ada'), tokenOf('email', 'ada@lovelace.org')])
        expect(JSON.stringify(told)).not.toContain(token);
    },
  );

  it('is denied with its reason when the time has passed, and reminds before', async () => {
    const privacy = await knowingAda();
    const { requestId } = await privacy.ask('erase', ada);
    const details: string[] = [];
    for (let day = 0; day <= 40; day += 1) {
      privacy.now = NOW + day * DAY_MS;
      await privacy.run(requestId);
      details.push(...privacy.memory.announced.splice(0).map(({ detail }) => `${day} ${detail}`));
    }
    expect(details).toEqual(['16 half', '25 eighty', '31 overdue', '31 denied']);
    expect(privacy.request(requestId)).toMatchObject({ state: 'denied', denial: 'identity-not-verified' });
    expect(privacy.evidence.filter((kind) => kind === 'privacy-request-reminded')).toHaveLength(3);
  });

  it('is the same as an open one of its type, and looks the same to a caller who is not known', async () => {
    const privacy = await knowingAda();
    const first = await privacy.ask('erase', ada);
    const again = await privacy.ask('erase', [{ type: 'email', value: ' Ada@Lovelace.org ' }]);
    expect(again.requestId).toBe(first.requestId);
    const other = await privacy.ask('access', ada);
    expect(other.requestId).not.toBe(first.requestId);
    const stranger = await privacy.ask('erase', [{ type: 'userId', value: 'nobody' }]);
    const view = async (id: string) => {
      const answered = await statusOf(id, privacy.policy, privacy.ports);
      return 'answer' in answered ? { ...answered.answer, requestId: '' } : answered;
    };
    expect(await view(stranger.requestId)).toEqual(await view(first.requestId));
  });

  it('is known again by the key of its caller', async () => {
    const privacy = await knowingAda();
    const first = await privacy.ask('access', ada, { clientKey: 'ticket-4711' });
    privacy.now += DAY_MS;
    const again = await privacy.ask('access', [{ type: 'userId', value: 'charles' }], {
      clientKey: 'ticket-4711',
    });
    expect(again).toEqual(first);
  });
});

describe('an agent', () => {
  it('gets nothing by the person being known alone, and all when their authority is shown too', async () => {
    const privacy = await knowingAda();
    const { requestId } = await privacy.ask('access', ada, { requester: 'agent' });
    await privacy.verify(requestId, { identity: IDENTITY });
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('received');
    expect(privacy.memory.exported.size).toBe(0);
    await privacy.verify(requestId, { authority: { ...AUTHORITY, outcome: 'failed' } });
    await privacy.run(requestId);
    expect(privacy.request(requestId)).toMatchObject({ state: 'received', failedProofs: 1 });
    await privacy.verify(requestId, { authority: AUTHORITY });
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('complete');
    expect(privacy.memory.exported.size).toBe(1);
  });
});

describe('a proof that comes while the machine writes the request', () => {
  it('is taken, and does not send the desk away', async () => {
    const privacy = await knowingAda();
    const { requestId } = await privacy.ask('access', ada);
    const { requests } = privacy;
    const save = requests.save.bind(requests);
    let overtaken = 0;
    requests.save = async (request) => {
      // Another write lands between reading and writing, twice.
      if (overtaken < 2 && ++overtaken > 0) await save(privacy.request(requestId));
      return save(request);
    };
    await privacy.verify(requestId, { identity: IDENTITY });
    expect(overtaken).toBe(2);
    requests.save = save;
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('complete');
  });
});

describe('an opt-out', () => {
  it.each([
    ['opt-out-sale', { sharing: false }],
    ['opt-out-profiling', { profiling: false, automatedDecisions: false }],
  ] as const)('%s works without any proof, as a choice made when it was asked for', async (type, choices) => {
    const privacy = await knowingAda('us-ca');
    const { requestId } = await privacy.ask(type, ada, { requester: 'agent' });
    expect(await privacy.run(requestId)).toBe('done');
    expect(privacy.request(requestId).state).toBe('complete');
    expect(privacy.sent).toMatchObject([
      {
        name: 'Consent Changed',
        occurredAt: NOW,
        identifiers: [{ token: tokenOf('userId', 'ada') }],
        facts: [{ kind: 'consent', choices }],
      },
    ]);
  });

  it('does not make one person of identifiers that nobody has shown to belong together', async () => {
    const privacy = await knowingAda();
    const both = [...ada, { type: 'userId' as const, value: 'charles' }];
    const { requestId } = await privacy.ask('object', both);
    await privacy.run(requestId);
    expect(privacy.sent.map(({ identifiers }) => identifiers.length)).toEqual([1, 1]);
    const before = privacy.region.partition();
    await privacy.region.deliverUntilDone([privacy.region.record(privacy.sent)]);
    expect(privacy.region.partition()).toEqual(before);
  });

  it('is sent once as far as the profile is concerned, wherever a call fails', async () => {
    for (let call = 1; call <= 12; call += 1) {
      for (const after of [false, true]) {
        const privacy = await knowingAda();
        const { requestId } = await privacy.ask('opt-out-profiling', ada);
        privacy.crashAt(call, after);
        await privacy.run(requestId);
        expect(privacy.request(requestId).state).toBe('complete');
        expect(new Set(privacy.sent.map(({ messageToken }) => messageToken)).size).toBe(1);
      }
    }
  });
});

describe('a restriction', () => {
  it('keeps what is held and withholds what comes', async () => {
    const privacy = await knowingAda();
    const requestId = await privacy.verified('restrict', ada);
    await privacy.run(requestId);
    expect(privacy.request(requestId).state).toBe('complete');
    const states = privacy.region.states();
    await privacy.region.deliverUntilDone([
      privacy.region.record([seen({ id: '7', who: { email: 'ada@lovelace.org' }, occurredAt: NOW })]),
    ]);
    expect(privacy.region.states()).toEqual(states);
  });
});

describe('an extension', () => {
  it('counts when the person was told in time, once, and only where the law knows one', async () => {
    const privacy = await knowingAda();
    const { requestId } = await privacy.ask('access', ada);
    const told = await extend(requestId, NOW, privacy.policy, privacy.ports, NOW);
    expect('answer' in told && [told.answer.extended, told.answer.dueAt?.slice(0, 7)]).toEqual([
      true,
      '2026-09',
    ]);
    expect(await extend(requestId, NOW, privacy.policy, privacy.ports, NOW)).toMatchObject({
      refusal: { status: 409 },
    });
    const indian = await knowingAda('in');
    const other = await indian.ask('access', ada);
    expect(await extend(other.requestId, NOW, indian.policy, indian.ports, NOW)).toMatchObject({
      refusal: { status: 409 },
    });
  });
});

it('goes on the next day when nobody works on a request any more', async () => {
  const privacy = await knowingAda();
  const { requestId } = await privacy.ask('opt-out-sale', ada);
  privacy.memory.started.set(`${requestId}-1`, 'ended');
  expect(await tick(privacy.ports, NOW + DAY_MS)).toBe(1);
  expect(privacy.request(requestId).driver).toBe(2);
  expect(privacy.memory.started.get(`${requestId}-2`)).toBe('running');
  await privacy.run(requestId);
  expect(privacy.request(requestId).state).toBe('complete');
  expect(await tick(privacy.ports, NOW + 2 * DAY_MS)).toBe(0);
});
