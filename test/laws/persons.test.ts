import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { personOf } from '../../functions/pipeline/3-profile/person.ts';
import { decodePerson } from '../../functions/pipeline/3-profile/person-codec.ts';
import { NOW, signal, tokenOf } from '../arbitraries.ts';
import { MemoryRegion } from '../understand-harness.ts';

const ADA = { userId: 'ada' };
const known = async (region: MemoryRegion) =>
  Object.fromEntries(
    Object.entries(await region.persons()).map(([id, text]) => [id, personOf(decodePerson(text))]),
  );

describe('what is known of a person', () => {
  it('is what signals that serve the customer stated, and no other', async () => {
    const region = new MemoryRegion();
    const browsing = { purposes: ['analytics', 'personalisation'] as const, name: 'Page Viewed', facts: [] };
    await region.deliverUntilDone([
      region.record([
        signal({ id: '1', who: ADA, states: { surname: 'King' } }),
        // Withheld, and applied for what the customer allows besides: neither serves them.
        signal({ id: '2', who: ADA, ...browsing, states: { city: 'Bonn' } }),
        signal({
          id: '3',
          who: { userId: 'bob' },
          ...browsing,
          consent: { analytics: true },
          states: { city: 'Köln' },
        }),
      ]),
    ]);
    expect(await known(region)).toEqual({ [tokenOf('userId', 'ada')]: { surname: 'King' } });
  });

  it('is not raw in any item, row, event or record', async () => {
    const region = new MemoryRegion();
    const states = { surname: 'Qzmarkington', city: 'Qzmarkstadt' };
    const record = region.record([signal({ id: '1', who: { ...ADA, email: 'e' }, states })]);
    await region.deliverUntilDone([record]);
    const { store, effects } = region;
    const items = [...store.nodes.values(), ...store.subjects.values(), ...store.persons.values()];
    expect(store.persons.size).toBe(1);
    for (const each of [...items, ...effects.rows, record]) {
      const bytes = JSON.stringify(each, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      );
      expect(bytes).not.toContain('Qzmark');
    }
  });

  it('costs no call and no item where no signal states anything', async () => {
    const calls = async (states?: { surname: string }) => {
      const region = new MemoryRegion();
      await region.deliverUntilDone([region.record([signal({ id: '1', who: ADA })])]);
      const before = region.calls;
      await region.deliverUntilDone([region.record([signal({ id: '2', who: ADA, states })])]);
      return [region.calls - before, region.store.persons.size];
    };
    const [quiet, stating] = [await calls(), await calls({ surname: 'King' })];
    expect(quiet[1]).toBe(0);
    // The person travels in the calls that are made anyway.
    expect(stating).toEqual([quiet[0], 1]);
  });

  it('is written once, though a batch dies at every call', async () => {
    for (let call = 1; call <= 8; call += 1) {
      for (const after of [false, true]) {
        const region = new MemoryRegion();
        region.crashAt(call, after);
        const record = region.record([
          signal({ id: '1', who: ADA, occurredAt: NOW - DAY_MS, states: { surname: 'King', city: 'Bonn' } }),
          signal({ id: '2', who: ADA, occurredAt: NOW, states: { city: 'Köln' } }),
        ]);
        await region.deliverUntilDone([record]);
        expect(await known(region)).toEqual({
          [tokenOf('userId', 'ada')]: { surname: 'King', city: 'Köln' },
        });
      }
    }
  });

  it('is folded again when its item alone was not written', async () => {
    const region = new MemoryRegion();
    const record = region.record([signal({ id: '1', who: ADA, states: { surname: 'King' } })]);
    await region.deliverUntilDone([record]);
    region.store.persons.clear();
    await region.deliverUntilDone([record]);
    expect(await known(region)).toEqual({ [tokenOf('userId', 'ada')]: { surname: 'King' } });
  });

  it('stops the batch when the seal of our own bytes is broken: tampering must not pass for silence', async () => {
    const region = new MemoryRegion();
    const sealed = signal({ id: '1', who: ADA, states: { surname: 'King' } });
    const moved = {
      ...signal({ id: '2', who: ADA }),
      ...(sealed.person === undefined ? {} : { person: sealed.person }),
    };
    await expect(region.deliver([region.record([moved])])).rejects.toThrow('seal');
  });
});
