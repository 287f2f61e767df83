import { expect, it } from 'vitest';
import type { PersonAttributes } from '../../../functions/contracts/person.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import type { WriteUnit } from '../../../functions/pipeline/understand/ports.ts';
import { NOW, signal } from '../../arbitraries.ts';
import { MemoryRegion } from '../../understand-harness.ts';

const stating = (id: string, states: PersonAttributes, occurredAt: number) =>
  signal({ id, who: { userId: 'ada' }, states, occurredAt });
const ALONE = { pages: [], nodes: [], subjects: [], atomic: false } as const;

it('a person that is there before its node is not written over by whoever reads in between', async () => {
  const early = stating('early', { city: 'Köln' }, NOW - 2 * DAY_MS);
  const late = stating('late', { city: 'Bonn' }, NOW - DAY_MS);
  const inTurn = new MemoryRegion();
  for (const each of [early, late]) await inTurn.deliverUntilDone([inTurn.record([each])]);

  const region = new MemoryRegion();
  const write = region.store.write.bind(region.store);
  const [hasRead, isWritten] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let other: Promise<void> | undefined;
  region.store.write = async (units: readonly WriteUnit[]) => {
    if (other === undefined) {
      await write(units.map(({ persons = [] }) => ({ ...ALONE, persons })));
      other = region.deliverUntilDone([region.record([early])]);
      await hasRead.promise;
      const results = await write(units.map((unit) => ({ ...unit, persons: [] })));
      isWritten.resolve();
      return results;
    }
    hasRead.resolve();
    await isWritten.promise;
    return write(units);
  };
  await region.deliverUntilDone([region.record([late])]);
  await other;

  expect(await region.persons()).toEqual(await inTurn.persons());
  expect(region.states()).toEqual(inTurn.states());
});
