import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import { signal } from '../../arbitraries.ts';
import { GRANTED, RUTH } from '../../persons.ts';
import { MemoryRegion } from '../../understand-harness.ts';

const on = Object.values(jurisdictions).find(({ identity }) => identity.value.probabilistic === 'on')?.code;

const account = (name: string) =>
  signal({
    id: `m ${name}`,
    who: { userId: name },
    states: RUTH,
    consent: GRANTED,
  });

/** Makes every call to a table wait until it is picked. */
class Turns {
  readonly #pick: Iterator<number>;
  readonly #waiting: (() => void)[] = [];

  constructor(region: MemoryRegion, picks: Iterator<number>) {
    this.#pick = picks;
    const { store, candidates, keyring } = region;
    store.read = this.#inTurn(store.read.bind(store));
    store.write = this.#inTurn(store.write.bind(store));
    candidates.read = this.#inTurn(candidates.read.bind(candidates));
    candidates.write = this.#inTurn(candidates.write.bind(candidates));
    keyring.read = this.#inTurn(keyring.read.bind(keyring));
    keyring.create = this.#inTurn(keyring.create.bind(keyring));
  }

  #inTurn<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      await new Promise<void>((go) => {
        this.#waiting.push(go);
        // By then everybody who waits for no other call has asked.
        setImmediate(() => this.#next());
      });
      return call(...args);
    };
  }

  #next(): void {
    const at = (this.#pick.next().value ?? 0) % this.#waiting.length;
    for (const go of this.#waiting.splice(at, 1)) go();
  }
}

describe('batches that bring the same unknown person at the same time', () => {
  it.each([2, 3, 4])('find each other, however the calls of %i of them fall', async (batches) => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat({ max: 23 })), async (picks) => {
        const region = new MemoryRegion(on);
        new Turns(region, picks);
        const names = Array.from({ length: batches }, (_, at) => `account ${at}`);
        await Promise.all(names.map((name) => region.deliverUntilDone([region.record([account(name)])])));
        expect(region.partition()).toHaveLength(1);
        expect(region.inconsistencies()).toEqual([]);
        const rows = region.archived().filter(({ table }) => table === 'signals');
        expect(rows).toHaveLength(batches);
      }),
      { numRuns: 150 },
    );
  });
});
