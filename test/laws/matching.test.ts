import { describe, expect, it } from 'vitest';
import type { EffectKind } from '../../functions/contracts/lineage.ts';
import type { PersonAttributes } from '../../functions/contracts/person.ts';
import type { Signal } from '../../functions/contracts/signal.ts';
import { DAY_MS } from '../../functions/kernel/time.ts';
import { forgetPersons } from '../../functions/pipeline/understand/forget-persons.ts';
import { jurisdictions } from '../../functions/registry/jurisdictions/index.ts';
import { NOW, SECRETS, signal, tokenOf } from '../arbitraries.ts';
import { GRANTED, IBRAHIM, RUTH } from '../persons.ts';
import { MemoryRegion } from '../understand-harness.ts';

const SAMUEL: PersonAttributes = {
  ...RUTH,
  givenName: 'Samuel',
  birthDate: '1959-11-27',
};

let sent = 0;
const stating = (
  userId: string,
  states: PersonAttributes,
  over: { consent?: NonNullable<Signal['consent']>; occurredAt?: number } = {},
): Signal => signal({ id: `m${sent++}`, who: { userId }, states, consent: over.consent ?? GRANTED, ...over });

const linksOf = (region: MemoryRegion) =>
  [...region.store.subjects.values()].flatMap(({ graph }) => graph.matches);
const reviewsOf = async (region: MemoryRegion) => (await region.effects.reviews.list({ limit: 100 })).reviews;
const deliver = (region: MemoryRegion, ...signals: readonly Signal[]): Promise<void> =>
  region.deliverUntilDone([region.record(signals)]);
const effectsOf = (region: MemoryRegion, kind: EffectKind) =>
  region.effects.rows.filter((row) => row.table === 'effects').filter((row) => row.kind === kind);
const oneOf = (...users: readonly string[]): string =>
  users
    .map((user) => tokenOf('userId', user))
    .sort()
    .join(' ');

const ofMode = (mode: 'off' | 'review' | 'on'): readonly string[] =>
  Object.values(jurisdictions)
    .filter(({ identity }) => identity.value.probabilistic === mode)
    .map(({ code }) => code);

describe.each(ofMode('on'))('in %s, where evidence may join people, it', (code) => {
  it('joins two accounts of one person, and keeps with the link what every attribute contributed', async () => {
    const region = new MemoryRegion(code);
    await deliver(region, stating('a', RUTH));
    await deliver(region, signal({ id: `m${sent++}`, who: { userId: 'b' }, consent: GRANTED }));
    await deliver(region, stating('b', { ...RUTH, surname: 'Qzcroftam' }));
    expect(region.partition()).toEqual([oneOf('a', 'b')]);
    const [link] = linksOf(region);
    expect(link?.bits).toBeGreaterThan(1);
    expect(link?.contributions).toMatchObject({ name: expect.any(Number), birthDate: expect.any(Number) });
    expect(link?.model).toMatch(/^[a-z]+@\d+$/);
    expect(region.inconsistencies()).toEqual([]);
    const merged = effectsOf(region, 'subjects-merged');
    expect(merged).toMatchObject([{ name: 'probabilistic' }]);
  });
});

describe.each(ofMode('review'))('in %s, where evidence may only propose, it', (code) => {
  it('joins nobody, and opens one review of a pair, however often it is found', async () => {
    const region = new MemoryRegion(code);
    await deliver(region, stating('a', RUTH), stating('b', RUTH));
    await deliver(region, stating('b', { ...RUTH, city: 'Ely, Cambs' }));
    expect(region.partition()).toEqual([tokenOf('userId', 'a'), tokenOf('userId', 'b')].sort());
    expect(linksOf(region)).toEqual([]);
    expect(await reviewsOf(region)).toHaveLength(1);
  });
});

describe.each(ofMode('off'))('in %s, where matching is off, it', (code) => {
  it('makes no edge, no review and no entry in the index', async () => {
    const region = new MemoryRegion(code);
    await deliver(region, stating('a', RUTH), stating('b', RUTH));
    expect(linksOf(region)).toEqual([]);
    expect(await reviewsOf(region)).toEqual([]);
    expect(region.candidates.blocks.size + region.candidates.samples.size).toBe(0);
  });
});

describe('every jurisdiction', () => {
  it('says what evidence may do, and one of each kind is tested above', () => {
    const known = [...ofMode('on'), ...ofMode('review'), ...ofMode('off')];
    expect(known.sort()).toEqual(Object.keys(jurisdictions).sort());
  });
});

describe.each(
  Object.values(jurisdictions)
    .filter(({ identity }) => identity.value.probabilistic !== 'off')
    .map(({ code, purposes }) => [code, purposes.profiling.value] as const),
)('in %s, where profiling is %s, matching', (code, lawfulDefault) => {
  const found = async (region: MemoryRegion): Promise<number> =>
    linksOf(region).length + (await reviewsOf(region)).length;

  it('asks the customer on both sides as the law says, before a record is indexed or compared', async () => {
    const unasked = new MemoryRegion(code);
    const nothingSaid = { consent: { personalisation: true } };
    await deliver(unasked, stating('a', RUTH, nothingSaid), stating('b', RUTH, nothingSaid));
    const isGiven = lawfulDefault !== 'opt-in';
    expect((await found(unasked)) > 0).toBe(isGiven);
    expect(unasked.candidates.blocks.size > 0).toBe(isGiven);

    const refused = new MemoryRegion(code);
    const no = { consent: { profiling: false } };
    await deliver(refused, stating('a', RUTH), stating('b', RUTH, no));
    await deliver(refused, stating('a', { ...RUTH, city: 'Cambridge' }));
    expect(await found(refused)).toBe(0);
  });

  it('begins when the customer allows it, though what is known of them is not new', async () => {
    const region = new MemoryRegion(code);
    const later = NOW + DAY_MS;
    await deliver(region, stating('a', RUTH), stating('b', RUTH, { consent: { profiling: false } }));
    expect(await found(region)).toBe(0);
    await region.deliverUntilDone(
      [region.record([stating('b', RUTH, { consent: { profiling: true }, occurredAt: later })])],
      later + 1,
    );
    expect(await found(region)).toBe(1);
  });
});

describe('matching in a running stack', () => {
  const on = ofMode('on')[0] ?? '';

  it('ends the same wherever a batch dies', async () => {
    const calls = async (): Promise<number> => {
      const region = new MemoryRegion(on);
      await deliver(region, stating('a', RUTH));
      const before = region.calls;
      await deliver(region, stating('b', RUTH));
      return region.calls - before;
    };
    const most = await calls();
    expect(most).toBeGreaterThan(5);
    for (let call = 1; call <= most; call += 1) {
      for (const after of [false, true]) {
        const region = new MemoryRegion(on);
        await deliver(region, stating('a', RUTH));
        region.crashAt(call, after);
        await deliver(region, stating('b', RUTH));
        expect([call, after, region.partition()]).toEqual([call, after, [oneOf('a', 'b')]]);
        expect(region.inconsistencies()).toEqual([]);
        const [sample] = [...region.candidates.blocks.values()];
        expect(sample?.value.members).toHaveLength(new Set(sample?.value.members).size);
      }
    }
  });

  it('finds two records of one person that come in one batch, or at the same time in two', async () => {
    const together = new MemoryRegion(on);
    await deliver(together, stating('a', RUTH), stating('b', RUTH));
    expect(together.partition()).toEqual([oneOf('a', 'b')]);

    const apart = new MemoryRegion(on);
    await Promise.all([deliver(apart, stating('a', RUTH)), deliver(apart, stating('b', RUTH))]);
    await deliver(apart, stating('c', RUTH));
    expect(apart.partition()).toEqual([oneOf('a', 'b', 'c')]);
    expect(apart.inconsistencies()).toEqual([]);
  });

  it('joins whole subjects: the identifiers of both come along, and two of a home stay two', async () => {
    const region = new MemoryRegion(on);
    const withEmail = (userId: string, email: string, states: PersonAttributes): Signal =>
      signal({ id: `m${sent++}`, who: { userId, email }, states, consent: GRANTED });
    await deliver(region, withEmail('a', 'ruth@work', RUTH), withEmail('s', 'sam@home', SAMUEL));
    await deliver(region, withEmail('b', 'ruth@home', RUTH));
    const ruth = [
      ...['a', 'b'].map((user) => tokenOf('userId', user)),
      ...['ruth@work', 'ruth@home'].map((mail) => tokenOf('email', mail)),
    ];
    expect(region.partition()).toContain(ruth.sort().join(' '));
    expect(region.partition()).toHaveLength(2);
    expect(region.inconsistencies()).toEqual([]);
  });

  it('takes a link back when a later signal speaks against it, and then each side is as if never joined', async () => {
    const region = new MemoryRegion(on);
    await deliver(region, stating('a', RUTH), stating('b', RUTH));
    expect(linksOf(region)).toHaveLength(1);
    await region.deliverUntilDone(
      [region.record([stating('b', IBRAHIM, { occurredAt: NOW + DAY_MS })])],
      NOW + DAY_MS + 1,
    );
    expect(linksOf(region)).toEqual([]);
    expect(region.partition()).toHaveLength(2);
    expect(region.inconsistencies()).toEqual([]);
    const split = effectsOf(region, 'subject-split');
    expect(split.map(({ name }) => name)).toEqual(['probabilistic', 'probabilistic']);
  });

  it('leaves nothing raw at rest', async () => {
    const region = new MemoryRegion(on);
    await deliver(region, stating('a', RUTH), stating('b', RUTH));
    const { store, effects, candidates } = region;
    const at = [
      ...[...store.nodes, ...store.subjects, ...candidates.blocks, ...candidates.samples],
      ...[...(await reviewsOf(region)), ...effects.rows],
    ];
    expect(candidates.blocks.size).toBeGreaterThan(0);
    for (const each of at) expect(JSON.stringify(each).toLowerCase()).not.toMatch(/qzcroft|ruth|1961|mill/);
  });

  it('forgets a record for good: no block and no sample names it, and nobody finds it', async () => {
    const region = new MemoryRegion(on);
    await deliver(region, stating('a', RUTH));
    const { store: profiles, keyring, candidates } = region;
    await forgetPersons([tokenOf('userId', 'a')], { profiles, keyring, candidates }, SECRETS);
    expect([...candidates.blocks.values()].flatMap(({ value }) => value.members)).toEqual([]);
    expect([...candidates.samples.values()].flatMap(({ value }) => value.marks)).toEqual([]);
    await deliver(region, stating('b', RUTH));
    expect(linksOf(region)).toEqual([]);
  });

  it('costs a known customer whose record says nothing new no call', async () => {
    const calls = async (code: string): Promise<number> => {
      const region = new MemoryRegion(code);
      await deliver(region, stating('a', RUTH, { occurredAt: NOW - DAY_MS }));
      const before = region.calls;
      await deliver(region, stating('a', RUTH));
      return region.calls - before;
    };
    const quiet = async (): Promise<number> => {
      const region = new MemoryRegion(on);
      const silent = (): Signal => signal({ id: `m${sent++}`, who: { userId: 'a' }, consent: GRANTED });
      await deliver(region, silent());
      const before = region.calls;
      await deliver(region, silent());
      return region.calls - before;
    };
    expect(await calls(on)).toBe(await quiet());
  });
});
