import { describe, expect, it, vi } from 'vitest';
import { type ConflictPage, conflictPageSchema } from '../../../functions/contracts/conflicts-api.ts';
import { type PersonAttributes, sealInTransit } from '../../../functions/contracts/person.ts';
import type { Signal } from '../../../functions/contracts/signal.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { NOW, SECRETS } from '../../arbitraries.ts';
import { from, operations, type Who } from './setting.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);

const READ = ['identity:read', 'attributes:read'];

function stating(
  sourceId: string,
  who: Who,
  attributes: PersonAttributes,
  changes: Partial<Signal> = {},
): Signal {
  const signal = from(who, [], { name: 'Account Updated', eventClass: 'account', sourceId, ...changes });
  return { ...signal, person: sealInTransit(SECRETS, attributes, signal.messageToken) };
}

function stack() {
  const served = operations('eu');
  const conflicts = async (query: Record<string, string> = {}, scopes = READ): Promise<ConflictPage> => {
    const { status, body } = await served.ask('GET /v1/identity/conflicts', { query, scopes });
    expect(status).toBe(200);
    return conflictPageSchema.parse(body);
  };
  return { ...served, conflicts };
}

const contradicting = (userId: string, changes: Partial<Signal> = {}): readonly Signal[] => [
  stating('web', { userId }, { city: 'London' }, changes),
  stating('crm', { userId }, { city: 'Paris' }, changes),
];

describe('GET /v1/identity/conflicts', () => {
  it('lists both values with their sources and who has to settle it, until somebody does', async () => {
    const { send, conflicts, ask, settle } = stack();
    await send(contradicting('C-1'));
    await send(contradicting('C-2').slice(0, 1));
    const { customers } = await conflicts();
    const at = new Date(NOW - DAY_MS).toISOString();
    expect(customers).toEqual([
      {
        subjectId: expect.any(String),
        openedAt: new Date(NOW).toISOString(),
        conflicts: [
          {
            attribute: 'city',
            owner: 'customer-care',
            survives: { value: 'Paris', source: 'crm', origin: 'system', at },
            contradicts: { value: 'London', source: 'web', origin: 'customer', at },
          },
        ],
      },
    ]);
    const settlement = { subjectId: customers[0]?.subjectId, attribute: 'city', value: 'London' };
    expect((await ask('POST /v1/identity/conflicts/settle', { body: settlement })).status).toBe(200);
    await settle();
    expect(await conflicts()).toEqual({ customers: [] });
  });

  it('tells no values to whom may not read attributes', async () => {
    const { send, conflicts, ask } = stack();
    await send(contradicting('C-1'));
    const { customers } = await conflicts({}, ['identity:read']);
    expect(customers[0]?.conflicts).toMatchObject([{ attribute: 'city', owner: 'customer-care' }]);
    const { text } = await ask('GET /v1/identity/conflicts', { scopes: ['identity:read'] });
    expect(text).not.toMatch(/London|Paris/);
  });

  it('comes in pages, newest first, and for one owner alone', async () => {
    const { send, conflicts, ask } = stack();
    for (let at = 0; at < 3; at += 1) await send(contradicting(`C-${at}`), NOW + at);
    const first = await conflicts({ limit: '2' });
    expect(first.customers.map(({ openedAt }) => Date.parse(openedAt) - NOW)).toEqual([2, 1]);
    const second = await conflicts({ limit: '2', cursor: first.cursor ?? '' });
    expect(second.customers.map(({ openedAt }) => Date.parse(openedAt) - NOW)).toEqual([0]);
    expect(second.cursor).toBeUndefined();
    expect((await conflicts({ owner: 'customer-care' })).customers).toHaveLength(3);
    expect((await conflicts({ owner: 'nobody' })).customers).toEqual([]);
    expect((await ask('GET /v1/identity/conflicts', { query: { limit: '0' } })).status).toBe(400);
  });

  it('has a customer once, by the id of today, though two were joined', async () => {
    const { send, conflicts } = stack();
    await send([...contradicting('C-1'), stating('web', { email: 'ada@shop.co.uk' }, { surname: 'King' })]);
    await send([stating('crm', { email: 'ada@shop.co.uk' }, { surname: 'Byron' })]);
    expect((await conflicts()).customers).toHaveLength(2);
    await send([from({ userId: 'C-1', email: 'ada@shop.co.uk' }, [])]);
    const { customers } = await conflicts();
    expect(customers.map((customer) => customer.conflicts.map(({ attribute }) => attribute))).toEqual([
      ['surname', 'city'],
    ]);
  });

  it('passes over an entry that nothing stands behind: of nobody, or written ahead of a crash', async () => {
    const { send, conflicts, region } = stack();
    await send(contradicting('C-1'));
    const [customer] = (await conflicts()).customers;
    const other = contradicting('C-9')[0]?.identifiers[0].token;
    await region.effects.conflicts.open([`s.${other}` as never], NOW, NOW);
    await region.deliverUntilDone([region.record([from({ userId: 'C-5' }, [])])]);
    expect((await conflicts()).customers).toEqual([customer]);
    region.keyring.destroy(Object.keys(region.states()) as never);
    expect((await conflicts()).customers).toEqual([]);
  });
});
