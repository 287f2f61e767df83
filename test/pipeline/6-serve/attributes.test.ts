import { describe, expect, it, vi } from 'vitest';
import { profileViewSchema, settleAnswerSchema } from '../../../functions/contracts/operations.ts';
import { type PersonAttributes, sealInTransit } from '../../../functions/contracts/person.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { from, operations, type Who } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const ADA = { userId: 'C-1042', email: 'ada@shop.co.uk' };
const READ = ['profiles:read', 'attributes:read'];

/** A signal that states something of the person, sealed as `collect` seals it. */
function stating(who: Who, attributes: PersonAttributes, changes: Partial<Signal> = {}): Signal {
  const signal = from(who, [], {
    name: 'Account Updated',
    eventClass: 'account',
    sourceId: 'web',
    ...changes,
  });
  return { ...signal, person: sealInTransit(SECRETS, attributes, signal.messageToken) };
}

function stack(jurisdiction = 'eu') {
  const served = operations(jurisdiction);
  const profile = async (who: Who = ADA, scopes = READ) => {
    const identifiers = Object.entries(who).map(([type, value]) => ({ type, value }));
    const { body } = await served.ask('POST /v1/profiles/lookup', { body: { identifiers }, scopes });
    return profileViewSchema.parse(body);
  };
  const settleTo = (body: unknown) => served.ask('POST /v1/identity/conflicts/settle', { body });
  return { ...served, profile, settleTo };
}

describe('the attributes of a profile', () => {
  it('are told to whom may read them, and to nobody else', async () => {
    const { send, profile } = stack();
    await send([stating(ADA, { givenName: 'Ada', surname: 'King', city: 'London' })]);
    expect((await profile()).attributes).toMatchObject([
      { attribute: 'givenName', value: 'Ada', source: 'web', origin: 'customer' },
      { attribute: 'surname', value: 'King' },
      { attribute: 'city', value: 'London' },
    ]);
    const { attributes, ...rest } = await profile(ADA, ['profiles:read']);
    expect(attributes).toBeUndefined();
    expect(JSON.stringify(rest)).not.toMatch(/Ada|King|London/);
  });

  it('are those of all atoms of the subject, and of each alone', async () => {
    const { send, profile } = stack();
    await send([
      stating({ email: ADA.email }, { city: 'London' }, { occurredAt: NOW - DAY_MS }),
      stating({ userId: ADA.userId }, { surname: 'King' }),
    ]);
    expect((await profile({ email: ADA.email })).attributes).toMatchObject([{ value: 'London' }]);
    await send([from(ADA, [])]);
    expect((await profile()).attributes).toMatchObject([{ value: 'King' }, { value: 'London' }]);
  });

  it('name a conflict with both values, their sources and its owner, until a steward settles it', async () => {
    const { send, profile, settleTo, settle, region } = stack();
    await send([
      stating(ADA, { city: 'London' }, { occurredAt: NOW - 2 * DAY_MS }),
      stating(ADA, { city: 'Paris' }, { sourceId: 'crm', occurredAt: NOW - 3 * DAY_MS }),
    ]);
    const before = await profile();
    expect(before.attributes).toEqual([
      {
        attribute: 'city',
        value: 'Paris',
        source: 'crm',
        at: new Date(NOW - 3 * DAY_MS).toISOString(),
        origin: 'system',
        conflict: {
          value: 'London',
          source: 'web',
          at: new Date(NOW - 2 * DAY_MS).toISOString(),
          origin: 'customer',
          owner: 'customer-care',
        },
      },
    ]);
    const answer = await settleTo({ subjectId: before.subjectId, attribute: 'city', value: ' London ' });
    expect([answer.status, settleAnswerSchema.parse(answer.body).settledAt]).toEqual([
      200,
      new Date(NOW).toISOString(),
    ]);
    expect((await profile()).attributes?.[0]?.value).toBe('Paris');
    await settle();
    const after = await profile();
    expect(after.attributes).toEqual([
      {
        attribute: 'city',
        value: 'London',
        source: 'stewardship',
        at: new Date(NOW).toISOString(),
        origin: 'steward',
      },
    ]);
    // It is no act of the customer's: the profile is as it was.
    expect({ ...after, attributes: [] }).toEqual({ ...before, attributes: [] });
    const rows = region.archived().filter((row) => row.table === 'signals' && row.sourceId === 'stewardship');
    expect(rows).toMatchObject([{ signalName: 'Attribute Settled', payload: expect.any(String) }]);
    await send([stating(ADA, { city: 'Rome' }, { sourceId: 'crm', occurredAt: NOW + 1 })]);
    expect((await profile()).attributes).toMatchObject([
      { value: 'Rome', conflict: { value: 'London', source: 'stewardship' } },
    ]);
  });

  it('can be settled to none, and in the words of the country', async () => {
    const { send, profile, settleTo, settle } = stack('uk');
    await send([stating(ADA, { phone: '+442079460123', region: 'Kent' })]);
    const { subjectId } = await profile();
    await settleTo({ subjectId, attribute: 'phone', value: '020 7946 0958' });
    await settleTo({ subjectId, attribute: 'region', value: '' });
    await settle();
    expect((await profile()).attributes).toMatchObject([{ attribute: 'phone', value: '+442079460958' }]);
  });

  it('are not settled for nobody, with nonsense, or where nothing was stated', async () => {
    const { send, profile, settleTo } = stack();
    await send([stating(ADA, { city: 'London' })]);
    const { subjectId } = await profile();
    const nobody = `s.userId.${'A'.repeat(22)}`;
    const asked = [
      await settleTo({ subjectId: nobody, attribute: 'city', value: 'Rome' }),
      await settleTo({ subjectId, attribute: 'birthDate', value: 'in spring' }),
      await settleTo({ subjectId, attribute: 'surname', value: 'King' }),
      await settleTo({ subjectId, attribute: 'shoeSize', value: '39' }),
      await settleTo({ subjectId, attribute: 'city' }),
    ];
    expect(asked.map(({ status }) => status)).toEqual([404, 400, 409, 400, 400]);
    for (const { text } of asked) expect(text).not.toMatch(/Rome|spring|King|London/);
  });

  it('say why a national number cannot be kept', async () => {
    const { send, profile, settleTo } = stack();
    await send([stating(ADA, { city: 'London' })]);
    const { subjectId } = await profile();
    const answer = await settleTo({ subjectId, attribute: 'nationalId', value: 'NL123456782' });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('public purposes')]);
    expect(answer.text).not.toContain('123456782');
  });

  it('are settled at a retry when the stream did not take the decision, and twice is once', async () => {
    const { send, profile, settleTo, settle, streamDown, region } = stack();
    await send([stating(ADA, { city: 'London' })]);
    const { subjectId } = await profile();
    const decision = { subjectId, attribute: 'city', value: 'Rome' };
    streamDown(true);
    const refused = await settleTo(decision);
    expect([refused.status, refused.text.includes('Rome')]).toEqual([503, false]);
    streamDown(false);
    expect((await settleTo(decision)).status).toBe(200);
    expect((await settleTo(decision)).status).toBe(200);
    await settle();
    expect((await profile()).attributes).toMatchObject([{ value: 'Rome', origin: 'steward' }]);
    // The same decision of the same moment is one message.
    const outcomes = region.archived().filter((row) => 'sourceId' in row && row.sourceId === 'stewardship');
    expect(outcomes.map((row) => row.table).sort()).toEqual(['refusals', 'signals']);
  });

  it('are gone with the atom’s secret, and known anew from what comes after', async () => {
    const { send, profile, region } = stack();
    await send([stating(ADA, { city: 'London', surname: 'King' })]);
    await region.keyring.destroy([...region.store.persons.keys()]);
    expect((await profile()).attributes).toEqual([]);
    await send([stating(ADA, { city: 'Rome' })]);
    expect((await profile()).attributes).toMatchObject([{ value: 'Rome' }]);
  });
});
