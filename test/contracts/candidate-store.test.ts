import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { candidateStore } from '../../functions/adapters/aws/candidate-store.ts';
import { MemoryCandidateStore } from '../../functions/adapters/memory/candidate-store.ts';
import type { AtomId } from '../../functions/contracts/ids.ts';
import { CandidateSearch } from '../../functions/pipeline/2-identify/probabilistic/candidates.ts';
import { forget } from '../../functions/pipeline/2-identify/probabilistic/forget.ts';
import { KeyChoice } from '../../functions/pipeline/2-identify/probabilistic/key-choice.ts';
import { SAMPLE_MARKS_MAX } from '../../functions/pipeline/2-identify/probabilistic/population.ts';
import type {
  CandidateStore,
  DistinctSample,
} from '../../functions/pipeline/2-identify/probabilistic/ports.ts';
import { matchRecordOf } from '../../functions/pipeline/2-identify/probabilistic/record.ts';
import { matchParameters, matchPolicy } from '../../functions/registry/matching/parameters.ts';
import { tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

let tables: LocalTables;
let table: string;
beforeAll(async () => {
  tables = await startTables();
  table = await tables.fresh('candidates');
});
afterAll(() => tables?.stop());

let used = 0;
const freshKey = (): string => `key-${used++}`;
const atoms = (count: number): AtomId[] =>
  Array.from({ length: count }, (_, at) => tokenOf(at % 2 === 0 ? 'userId' : 'email', `candidate ${at}`));

const block = { members: atoms(54), size: 70 };
const sample: DistinctSample = {
  depth: 7,
  marks: Array.from({ length: SAMPLE_MARKS_MAX }, (_, at) => 2 ** 47 + at * 128),
  attributes: Array.from({ length: SAMPLE_MARKS_MAX }, (_, at) => at * 200),
};

describe.each([
  ['memory', (): CandidateStore => new MemoryCandidateStore()],
  ['DynamoDB', (): CandidateStore => candidateStore(table)],
])('candidate store in %s', (_, make) => {
  it('gives back blocks and samples of full size as they were written', async () => {
    const store = make();
    const [one, other] = [freshKey(), freshKey()];
    const conflicts = await store.write([
      { key: one, version: 0, block },
      { key: other, version: 0, sample },
    ]);
    expect(conflicts).toEqual([]);
    const found = await store.read([one, freshKey()], [other, freshKey()], true);
    expect([...found.blocks]).toEqual([[one, { version: 1, value: block }]]);
    expect([...found.samples]).toEqual([[other, { version: 1, value: sample }]]);
  });

  it('names the entries that somebody else wrote first, and writes the others', async () => {
    const store = make();
    const [one, other] = [freshKey(), freshKey()];
    await store.write([{ key: one, version: 0, block }]);
    const conflicts = await store.write([
      { key: one, version: 0, block: { members: [], size: 0 } },
      { key: other, version: 0, block },
    ]);
    expect(conflicts).toEqual([one]);
    const found = await store.read([one, other], [], true);
    expect(found.blocks.get(one)?.value).toEqual(block);
    expect(found.blocks.get(other)?.value).toEqual(block);
  });

  it('loses no record of two batches that enter into the same blocks at once, and forgets one for good', async () => {
    const store = make();
    const prefix = freshKey();
    const tools = {
      token: (text: string) => `${prefix} ${text}`,
      choice: new KeyChoice(matchParameters, matchPolicy),
      parameters: matchParameters,
      policy: matchPolicy,
    };
    const record = matchRecordOf({
      givenName: 'ruth',
      surname: 'croftham',
      birthDate: '1961-02-03',
      city: 'ely',
    });
    const [ruth, double] = atoms(2) as [AtomId, AtomId];
    const searches = await Promise.all(
      [ruth, double].map(async (atomId): Promise<readonly [AtomId, CandidateSearch]> => {
        const search = new CandidateSearch(tools);
        const own = { atomId, record: { ...record }, before: null };
        await search.readFor([own], store, false);
        search.enter(own);
        return [atomId, search];
      }),
    );
    const entered = await Promise.all(
      searches.map(async ([atomId, search]) => search.commit(new Set([atomId]), store)),
    );
    // At least the later of the two is told of the other.
    const beside = entered.flatMap(({ newcomers }) => [...newcomers.values()].flatMap((each) => [...each]));
    expect([ruth, double]).toEqual(expect.arrayContaining(beside));
    expect(beside.length).toBeGreaterThan(0);
    const candidatesOf = async (): Promise<readonly AtomId[]> => {
      const search = new CandidateSearch(tools);
      const third = { atomId: tokenOf('userId', 'third'), record: { ...record }, before: null };
      await search.readFor([third], store, true);
      return search.candidatesOf(third);
    };
    expect([...(await candidatesOf())].sort()).toEqual([ruth, double].sort());
    await forget(new Map([[ruth, record]]), store, tools.token);
    expect(await candidatesOf()).toEqual([double]);
  });
});
