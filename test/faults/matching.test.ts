import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reviewIdOf } from '../../functions/contracts/identity-review.ts';
import type { PersonAttributes } from '../../functions/contracts/person.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import { orderedPair } from '../../functions/contracts/subject.ts';
import { estimatedSize } from '../../functions/pipeline/2-identify/probabilistic/population.ts';
import { NOW, permutationArbitrary, signal, tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';
import { GRANTED } from '../persons.ts';
import type { MemoryRegion } from '../understand-harness.ts';
import { FaultyClients } from './faulty-clients.ts';
import { StoredRegion } from './stored-region.ts';

let local: LocalTables;
let faults: FaultyClients;

beforeAll(async () => {
  local = await startTables();
  faults = new FaultyClients();
});
afterAll(() => local?.stop());

const person = (at: number): PersonAttributes => ({
  givenName: ['Ruth', 'Ibrahim', 'Wanda', 'Yusuf'][at % 4] ?? '',
  surname: ['Qzcroftham', 'Okonkwo', 'Przybylska', 'Adeyemi'][at % 4] ?? '',
  birthDate: `19${61 + 7 * (at % 4)}-02-1${at % 4}`,
  street: ['Mill Lane', 'High Street', 'Brook Row', 'Castle Hill'][at % 4] ?? '',
  streetNumber: String(4 + 11 * (at % 4)),
  postcode: ['CB6 1AA', 'M14 5RB', 'LS1 4DY', 'EH1 2NG'][at % 4] ?? '',
  city: ['Ely', 'Manchester', 'Leeds', 'Edinburgh'][at % 4] ?? '',
});
const account = (name: string, at: number, over: Partial<PersonAttributes> = {}): Signal =>
  signal({
    id: `m ${name}`,
    who: { userId: name, email: `mail ${name}` },
    states: { ...person(at), ...over },
    consent: GRANTED,
  });

/** DynamoDB Local runs one transaction after the other. The real one refuses some of those that meet. */
function refuseEverySecondTransaction(): void {
  let transactions = 0;
  faults.onCall = (name) => {
    if (name !== 'TransactWriteItemsCommand') return;
    transactions += 1;
    if (transactions % 2 === 0) return;
    throw new TransactionCanceledException({
      message: 'Transaction cancelled',
      $metadata: {},
      CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict' }],
    });
  };
}

describe('batches that match the same people at the same time', () => {
  const PEOPLE = 4;
  const LANES = 4;
  const known = Array.from({ length: PEOPLE }, (_, at) => account(`known ${at}`, at));
  const further = Array.from({ length: 4 * PEOPLE }, (_, at) => account(`further ${at}`, at));

  it('end in one consistent partition, the one that they would end in one after the other', async () => {
    refuseEverySecondTransaction();
    const inTurn = await StoredRegion.fresh({ local, faults, mode: 'on' });
    for (const each of [...known, ...further]) await inTurn.deliver([each]);
    const expected = (await inTurn.look()).partition();
    expect(expected.map((group) => group.split(' ').length)).toEqual(Array(PEOPLE).fill(10));
    let conflicts = 0;
    await fc.assert(
      fc.asyncProperty(
        permutationArbitrary(further.length),
        fc.integer({ min: 1, max: 3 }),
        async (order, perBatch) => {
          const together = await StoredRegion.fresh({ local, faults, mode: 'on' });
          await together.deliver(known);
          const lane = async (number: number): Promise<void> => {
            const own = order.filter((_, at) => at % LANES === number).flatMap((at) => further[at] ?? []);
            for (let from = 0; from < own.length; from += perBatch)
              conflicts += await together.deliver(own.slice(from, from + perBatch), number);
          };
          await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
          const region = await together.look();
          expect(region.inconsistencies()).toEqual([]);
          expect(region.partition()).toEqual(expected);
          // Nobody is entered twice, and nobody's entry got lost.
          const members = [...region.candidates.blocks.values()].map(({ value }) => value.members);
          for (const each of members) expect(new Set(each).size).toBe(each.length);
          expect(new Set(members.flat()).size).toBe(PEOPLE + further.length);
        },
      ),
      { numRuns: 5, endOnFailure: true },
    );
    expect(conflicts).toBeGreaterThan(0);
  });

  it('find those whom both bring for the first time', async () => {
    refuseEverySecondTransaction();
    for (let run = 0; run < 6; run += 1) {
      const region = await StoredRegion.fresh({ local, faults, mode: 'on' });
      await Promise.all([region.deliver([account('a', 0)], 1), region.deliver([account('b', 0)], 2)]);
      const one = await region.look();
      expect(one.partition()).toHaveLength(1);
      expect(one.inconsistencies()).toEqual([]);
    }
  });
});

describe('a matching batch on real tables', () => {
  const before = [account('a', 0), account('c', 1)];
  const last = [account('b', 0), account('d', 2)];

  async function stateOf(region: MemoryRegion): Promise<unknown> {
    const { candidates } = region;
    return {
      partition: region.partition(),
      states: region.states(),
      persons: await region.persons(),
      matches: [...region.store.subjects.values()].flatMap(({ graph }) =>
        graph.matches.map(({ a, b }) => [a, b]),
      ),
      inconsistencies: region.inconsistencies(),
      blocks: [...candidates.blocks]
        .map(([key, { value }]) => [key, value.size, [...value.members].sort()])
        .sort(),
      samples: [...candidates.samples].map(([key, { value }]) => [key, estimatedSize(value)]).sort(),
    };
  }

  it('leaves what it leaves otherwise, whatever call it dies at, and the index with it', async () => {
    faults.onCall = () => undefined;
    const play = async (
      call: number,
      when: 'before' | 'after',
    ): Promise<readonly [unknown, readonly string[]]> => {
      const region = await StoredRegion.fresh({ local, faults, mode: 'on' });
      await region.deliver(before);
      faults.begin(call === 0 ? [] : [{ call, when }]);
      await region.deliver(last);
      const calls = faults.calls;
      faults.begin([]);
      return [await stateOf(await region.look()), calls];
    };
    const [calm, calls] = await play(0, 'before');
    expect(calm).toMatchObject({ inconsistencies: [], matches: [expect.anything()] });
    // Index, candidates and subjects are read, the index and the rest written.
    expect(calls.length).toBeGreaterThan(6);
    for (let call = 1; call <= calls.length; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const [crashed] = await play(call, when);
        expect([call, when, crashed]).toEqual([call, when, calm]);
      }
    }
  });

  it('leaves the queue of stewards as it leaves it otherwise, whatever call it dies at', async () => {
    faults.onCall = () => undefined;
    const news = (name: string, at: number, over: Partial<PersonAttributes>): Signal =>
      signal({
        id: `news ${name}`,
        who: { userId: name },
        states: { ...person(at), ...over },
        occurredAt: NOW,
        consent: GRANTED,
      });
    const contradiction = { ...news('c', 1, { city: 'London' }), sourceId: 'web' };
    const together = signal({ id: 'together', who: { userId: 'c', email: 'mail e' }, consent: GRANTED });
    // One pair is more alike by that, one less, one not at all, and one is joined.
    const last = [
      news('b', 0, { street: 'Mill Ln' }),
      news('f', 2, {}),
      news('g', 1, {}),
      together,
      contradiction,
    ];
    const known = [
      account('a', 0),
      account('b', 0),
      account('c', 1),
      account('e', 1),
      account('f', 3),
      account('g', 3),
    ];
    const play = async (call: number, when: 'before' | 'after') => {
      const region = await StoredRegion.fresh({ local, faults, mode: 'review' });
      await region.deliver(known);
      const waiting = (await region.queue()).length;
      faults.begin(call === 0 ? [] : [{ call, when }]);
      await region.deliver(last);
      const { calls } = faults;
      faults.begin([]);
      return { waiting, calls, queue: await region.queue(), conflicts: await region.conflicts() };
    };
    const calm = await play(0, 'before');
    const user = (name: string) => tokenOf('userId', name);
    const [least] = orderedPair(user('c'), user('e'));
    const expected = [reviewIdOf(user('a'), user('b')), reviewIdOf(least, user('g'))];
    expect(calm.waiting).toBe(3);
    expect(calm.queue.map(({ reviewId }) => reviewId).sort()).toEqual(expected.sort());
    expect(calm.conflicts).toMatchObject([{ openedAt: NOW }]);
    for (let call = 1; call <= calm.calls.length; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const { queue, conflicts } = await play(call, when);
        expect([call, when, queue, conflicts]).toEqual([call, when, calm.queue, calm.conflicts]);
      }
    }
  });
});
