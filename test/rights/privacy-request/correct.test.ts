import { describe, expect, it } from 'vitest';
import { type PersonAttributes, sealInTransit } from '../../../functions/contracts/person.ts';
import type { AccuracyWord, CorrectedValues } from '../../../functions/contracts/privacy-requests.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { personOf } from '../../../functions/pipeline/3-profile/person.ts';
import { openPersons } from '../../../functions/pipeline/understand/person.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { input, judgeAccuracy, statusOf } from '../../../functions/rights/privacy-request/door.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { PrivacyRegion, seen, tokenOf } from './harness.ts';

const ada = [{ type: 'userId' as const, value: 'ada' }];
const KING: CorrectedValues = [{ attribute: 'surname', value: '  King ' }];

function stating(id: string, attributes: PersonAttributes, changes: Partial<Signal> = {}): Signal {
  const plain = {
    ...seen({ id, who: { userId: 'ada' }, occurredAt: NOW - DAY_MS }),
    eventClass: 'account' as const,
    sourceId: 'web',
    ...changes,
  };
  return { ...plain, person: sealInTransit(SECRETS, attributes, plain.messageToken) };
}

/** A region that knows Ada under a wrong surname. */
async function knowingAda(jurisdiction = 'eu') {
  const privacy = new PrivacyRegion(jurisdiction);
  const { region } = privacy;
  const send = (...signals: readonly Signal[]) => region.deliverUntilDone([region.record(signals)]);
  await send(stating('1', { surname: 'Kong', city: 'London' }));
  const known = async (): Promise<PersonAttributes> => {
    const atom = tokenOf('userId', 'ada');
    const world = await region.store.read([], [], true, [atom]);
    const persons = await openPersons(world.persons, new Map(), region.keyring);
    return personOf(persons.get(atom) ?? {});
  };
  const judge = (requestId: string, word: AccuracyWord) =>
    judgeAccuracy(requestId, word, privacy.policy, privacy.ports, privacy.now);
  const viewOf = async (requestId: string) => {
    const answered = await statusOf(requestId, privacy.policy, privacy.ports);
    if ('refusal' in answered) throw new Error(answered.refusal.title);
    return answered.answer;
  };
  return { privacy, send, known, judge, viewOf };
}

const askedToCorrect = (privacy: PrivacyRegion, corrections = KING): Promise<string> =>
  privacy.verified('correct', ada, { corrections });

describe('a correction', () => {
  it('changes the profile, is complete once it has, and keeps no value of it', async () => {
    const { privacy, send, known } = await knowingAda();
    const requestId = await askedToCorrect(privacy);
    expect(JSON.stringify(privacy.request(requestId))).not.toContain('King');
    expect(await privacy.run(requestId)).toBe('wait');
    expect(privacy.request(requestId).state).toBe('processing');
    expect(privacy.sent).toMatchObject([{ name: 'Attribute Settled', sourceId: 'stewardship' }]);
    expect(JSON.stringify(privacy.sent)).not.toContain('King');
    expect(await known()).toEqual({ surname: 'Kong', city: 'London' });
    await send(...privacy.sent);
    expect(await privacy.run(requestId)).toBe('done');
    expect(await known()).toEqual({ surname: 'King', city: 'London' });
    expect(privacy.request(requestId)).toMatchObject({ state: 'complete', correction: { sealed: null } });
    expect(privacy.evidence).toContain('subject-corrected');
    expect(JSON.stringify([privacy.rows, privacy.memory.announced])).not.toContain('King');
  });

  it('stands over what sources said before, and yields to what they say later', async () => {
    const { privacy, send, known } = await knowingAda();
    const requestId = await askedToCorrect(privacy);
    await privacy.run(requestId);
    await send(...privacy.sent, stating('2', { surname: 'Kung' }, { sourceId: 'crm' }));
    expect((await known()).surname).toBe('King');
    await send(stating('3', { surname: 'Byron' }, { sourceId: 'crm', occurredAt: NOW + DAY_MS }));
    expect((await known()).surname).toBe('Byron');
  });

  it('completes what nobody has stated, and takes away what is not so', async () => {
    const { privacy, send, known } = await knowingAda();
    await privacy.run(
      await askedToCorrect(privacy, [
        { attribute: 'email', value: 'Ada@Mail.Example.org' },
        { attribute: 'city', value: '' },
      ]),
    );
    await send(...privacy.sent);
    expect(await known()).toEqual({ surname: 'Kong', email: 'ada@mail.example.org' });
  });

  it('of the same is the same request, and of something else another one', async () => {
    const { privacy } = await knowingAda();
    const first = await privacy.ask('correct', ada, { corrections: KING });
    expect((await privacy.ask('correct', ada, { corrections: KING })).requestId).toBe(first.requestId);
    const other = await privacy.ask('correct', ada, { corrections: [{ attribute: 'city', value: 'Rome' }] });
    expect(other.requestId).not.toBe(first.requestId);
  });

  it('has to say what it corrects, each once, and no other request may', async () => {
    const { privacy } = await knowingAda();
    await expect(privacy.ask('correct', ada)).rejects.toThrow('Unusable corrections');
    await expect(privacy.ask('erase', ada, { corrections: KING })).rejects.toThrow('Unusable corrections');
    const twice = [...KING, { attribute: 'surname' as const, value: 'Byron' }];
    await expect(privacy.ask('correct', ada, { corrections: twice })).rejects.toThrow('Unusable');
  });

  it('asks for a value that can be used, while the clock stands where the law lets it', async () => {
    const { privacy, viewOf, send, known } = await knowingAda('uk');
    const requestId = await askedToCorrect(privacy, [{ attribute: 'phone', value: 'by letter only' }]);
    expect(await privacy.run(requestId)).toBe('wait');
    expect(await viewOf(requestId)).toMatchObject({
      state: 'needs-input',
      needs: 'corrected-values',
      dueAt: null,
    });
    privacy.now = NOW + 10 * DAY_MS;
    const give = (corrections?: CorrectedValues) =>
      input(
        requestId,
        { outcome: 'given', ...(corrections === undefined ? {} : { corrections }) },
        privacy.policy,
        privacy.ports,
        privacy.now,
      );
    expect(await give()).toMatchObject({ refusal: { status: 409 } });
    await give([{ attribute: 'phone', value: '020 7946 0958' }]);
    await privacy.run(requestId);
    await send(...privacy.sent);
    expect(await privacy.run(requestId)).toBe('done');
    expect((await known()).phone).toBe('+442079460958');
  });

  it('of somebody of whom nothing is held is denied for that', async () => {
    const { privacy } = await knowingAda();
    const nobody = [{ type: 'userId' as const, value: 'nobody' }];
    const requestId = await privacy.verified('correct', nobody, { corrections: KING });
    await privacy.run(requestId);
    expect(privacy.request(requestId)).toMatchObject({ state: 'denied', denial: 'nothing-held' });
  });

  it('is one message wherever a call fails', async () => {
    for (let call = 1; call <= 16; call += 1) {
      for (const after of [false, true]) {
        const { privacy, send, known } = await knowingAda();
        const requestId = await askedToCorrect(privacy);
        privacy.crashAt(call, after);
        await privacy.run(requestId);
        await send(...privacy.sent);
        privacy.now += 5_000;
        await privacy.run(requestId);
        expect([call, after, privacy.request(requestId).state]).toEqual([call, after, 'complete']);
        expect((await known()).surname).toBe('King');
        expect(new Set(privacy.sent.map(({ messageToken }) => messageToken)).size).toBe(1);
        expect(privacy.evidence.filter((kind) => kind === 'subject-corrected')).toHaveLength(1);
      }
    }
  });
});

describe("the controller's word on a correction", () => {
  const birth: CorrectedValues = [{ attribute: 'birthDate', value: '1990-02-28' }];

  it('is waited for where the law tells by it who somebody is', async () => {
    const { privacy, judge, viewOf, send, known } = await knowingAda();
    const requestId = await askedToCorrect(privacy, birth);
    expect(await privacy.run(requestId)).toBe('wait');
    expect(await viewOf(requestId)).toMatchObject({ state: 'processing', needs: 'accuracy' });
    expect(privacy.sent).toEqual([]);
    await judge(requestId, { outcome: 'accurate' });
    await privacy.run(requestId);
    await send(...privacy.sent);
    await privacy.run(requestId);
    expect([(await viewOf(requestId)).state, (await known()).birthDate]).toEqual(['complete', '1990-02-28']);
  });

  it('on a date of birth changes what the law denies for age', async () => {
    const { privacy, judge, send } = await knowingAda();
    const requestId = await askedToCorrect(privacy, [{ attribute: 'birthDate', value: '2015-02-28' }]);
    await judge(requestId, { outcome: 'accurate' });
    await privacy.run(requestId);
    await send(...privacy.sent);
    const granted = { profiling: true };
    await send(
      seen({ id: '7', who: { userId: 'ada' }, occurredAt: NOW, purposes: ['profiling'], consent: granted }),
    );
    expect(privacy.region.archived().at(-1)).toMatchObject({ outcome: 'withheld', reason: 'minor' });
  });

  it('refuses for a lawful reason alone, and changes nothing', async () => {
    const { privacy, judge, viewOf, known } = await knowingAda();
    const requestId = await askedToCorrect(privacy);
    await judge(requestId, { outcome: 'refused', reason: 'held-values-accurate' });
    await privacy.run(requestId);
    expect(await viewOf(requestId)).toMatchObject({ state: 'denied', denial: 'held-values-accurate' });
    expect([privacy.sent, (await known()).surname]).toEqual([[], 'Kong']);
    expect(await judge(requestId, { outcome: 'accurate' })).toMatchObject({ refusal: { status: 409 } });
  });

  it.each([
    ['accurate', { outcome: 'accurate' }, 'King'],
    ['refused', { outcome: 'refused', reason: 'held-values-accurate' }, 'Kong'],
  ] as const)(
    'restricts processing while it cannot be told, until it is %s',
    async (_name, word, surname) => {
      const { privacy, judge, send, known } = await knowingAda();
      const requestId = await askedToCorrect(privacy);
      await judge(requestId, { outcome: 'unascertained' });
      expect(await privacy.run(requestId)).toBe('wait');
      const states = privacy.region.states();
      await send(seen({ id: '8', who: { userId: 'ada' }, occurredAt: NOW }));
      expect(privacy.region.states()).toEqual(states);
      privacy.now += DAY_MS;
      await judge(requestId, word);
      await privacy.run(requestId);
      await send(...privacy.sent);
      await privacy.run(requestId);
      expect((await known()).surname).toBe(surname);
      await send(seen({ id: '9', who: { userId: 'ada' }, occurredAt: NOW }));
      expect(privacy.region.states()).not.toEqual(states);
      expect(privacy.memory.announced.map(({ type }) => type)).toContain('Restriction Ending');
    },
  );

  it('lifts no restriction that the person asked for', async () => {
    const { privacy, judge, send } = await knowingAda();
    const requestId = await askedToCorrect(privacy);
    await judge(requestId, { outcome: 'unascertained' });
    await privacy.run(requestId);
    await privacy.run(await privacy.verified('restrict', ada));
    await judge(requestId, { outcome: 'refused', reason: 'unfounded-or-excessive' });
    await privacy.run(requestId);
    const states = privacy.region.states();
    await send(seen({ id: '9', who: { userId: 'ada' }, occurredAt: NOW }));
    expect(privacy.region.states()).toEqual(states);
  });
});

describe('recipients', () => {
  it.each(Object.keys(jurisdictions))('are told of changes where the law of %s says so', async (code) => {
    const { privacy, send } = await knowingAda(code);
    await privacy.run(await askedToCorrect(privacy));
    await send(...privacy.sent);
    privacy.now += 5_000;
    for (const { requestId } of privacy.requests.requests.values()) await privacy.run(requestId);
    await privacy.run(await privacy.verified('restrict', ada));
    const told = privacy.memory.announced
      .filter(({ type }) => type === 'Recipients To Be Told')
      .map(({ detail }) => detail);
    const owed = jurisdictions[code]?.recipientsTold.value.filter((change) => change !== 'erasure');
    expect(told).toEqual(owed);
  });
});
