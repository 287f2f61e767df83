import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFrom, shuffled } from '../../../../bin/identity/random.ts';
import { Simulation } from '../../../../bin/identity/simulate.ts';
import type { Person } from '../../../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../../../functions/registry/matching/parameters.ts';
import { madePeople, pairwiseF1 } from './generated-people.ts';
import { atomOf, MatchingRig, partitionOf } from './matching-rig.ts';

const ada = { givenName: 'ada', surname: 'lovelace', birthDate: '1815-12-10', city: 'london' };

const simulationOf = (over: { uniqueWithinSource?: boolean } = {}): Simulation =>
  new Simulation({
    mode: 'on',
    parameters: matchParameters,
    policy: matchPolicy,
    uniqueWithinSource: over.uniqueWithinSource ?? false,
  });

describe('matching', () => {
  it('joins records of one person in spite of a slip, a pet name and a gap', async () => {
    const thomas = { givenName: 'thomas', surname: 'pelwick', birthDate: '1980-03-14', postcode: 'yo1 7hh' };
    expect(
      await partitionOf([
        thomas,
        { ...thomas, givenName: 'tom', surname: 'pelwikc' },
        { givenName: 'thomas', surname: 'pelwick', postcode: 'yo1 7hh' },
      ]),
    ).toEqual([0, 0, 0]);
  });

  it('joins a record whose given name and surname were exchanged', async () => {
    expect(await partitionOf([ada, { ...ada, givenName: 'lovelace', surname: 'ada' }])).toEqual([0, 0]);
  });

  it('joins records that come in one batch, as if they had come one by one', async () => {
    const rig = new MatchingRig();
    await rig.add(ada, { ...ada, city: 'marylebone' }, { ...ada, givenName: 'augusta ada' });
    expect(rig.partition()).toEqual([0, 0, 0]);
  });

  it('takes a missing value for no evidence', async () => {
    const simulation = simulationOf();
    await simulation.add('1', ada, 0);
    await simulation.add('2', { givenName: 'ada', surname: 'lovelace' }, 0);
    expect(Object.keys((await simulation.explain(0, 1))?.pair ?? {})).toEqual(['name']);
  });

  it('gives a rare name more weight than a common one', async () => {
    const simulation = simulationOf();
    for (let at = 0; at < 400; at++)
      await simulation.add(
        String(at),
        { surname: 'smith', birthDate: `19${10 + (at % 80)}-0${1 + (at % 9)}-1${at % 10}` },
        0,
      );
    await simulation.add('rare', { surname: 'quiddington' }, 0);
    await simulation.add('rare too', { surname: 'quiddington' }, 0);
    const [common, rare] = [await simulation.explain(0, 1), await simulation.explain(400, 401)];
    expect(rare?.pair.name).toBeGreaterThan((common?.pair.name ?? 0) + 4);
  });

  it('finds the people behind made-up records, in any order, within 0.02 of each other and hardly a wrong pair', async () => {
    const records = madePeople(250, randomFrom(11));
    const scores = await Promise.all(
      [1, 2, 3].map(async (seed) => {
        const arriving = shuffled(records, randomFrom(seed));
        return pairwiseF1(
          arriving.map(({ truth }) => truth),
          await partitionOf(arriving.map(({ person }) => person)),
        );
      }),
    );
    const f1 = scores.map((score) => score.f1);
    expect(Math.min(...f1)).toBeGreaterThan(0.9);
    expect(Math.max(...f1) - Math.min(...f1)).toBeLessThan(0.02);
    expect(Math.min(...scores.map(({ precision }) => precision))).toBeGreaterThan(0.98);
  });

  it('never compares a record with more candidates than the bound, however many are alike', async () => {
    const rig = new MatchingRig();
    const counts: number[] = [];
    for (let at = 0; at < 1_000; at++) {
      const person = { surname: 'smith', birthDate: `${1000 + at}-06-15` };
      counts.push((await rig.add(person)).comparisons);
    }
    expect(counts.at(-1)).toBeGreaterThan(0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(500);
  });

  it('takes a link back when a record no longer speaks for it', async () => {
    const rig = new MatchingRig();
    await partitionOf([ada, ada], rig);
    expect(rig.partition()).toEqual([0, 0]);
    const { withdrawn } = await rig.change(1, {
      givenName: 'grace',
      surname: 'hopper',
      birthDate: '1906-12-09',
    });
    expect(withdrawn).toHaveLength(1);
    expect(rig.partition()).toEqual([0, 1]);
  });
});

describe('merge guard', () => {
  const home = {
    surname: 'croftham',
    street: 'mill lane',
    streetNumber: '4',
    city: 'ely',
    email: 'family@croftham.org',
  };
  const family: readonly Person[] = [
    { ...home, givenName: 'ruth', birthDate: '1961-02-03' },
    { ...home, givenName: 'samuel', birthDate: '1959-11-27' },
    { ...home, givenName: 'agnes', birthDate: '1994-07-19' },
  ];

  it('does not glue a family that shares address, surname and e-mail address', async () => {
    const found = await partitionOf([...family, ...family, ...family]);
    expect(new Set(found).size).toBe(3);
  });

  it('does not glue a family whose members are in one of two files each, when the files hardly overlap', async () => {
    const simulation = simulationOf({ uniqueWithinSource: true });
    const [ruth = {}, samuel = {}] = family;
    const records = madePeople(60, randomFrom(5));
    const strangers = records
      .filter(({ truth }, at) => records[at - 1]?.truth !== truth)
      .map(({ person }) => person);
    for (const [at, person] of strangers.entries()) await simulation.add(`s${at}`, person, at % 2);
    await simulation.add('ruth', ruth, 0);
    await simulation.add('samuel', samuel, 1);
    const found = simulation.partition();
    expect(found.at(-1)).not.toBe(found.at(-2));
  });

  it('weighs a conflict by all records behind it: a poor record in between does not join two people', async () => {
    const twin = { surname: 'fenvass', city: 'bath', postcode: '40213' };
    const first = { ...twin, givenName: 'henry', birthDate: '1950-01-09' };
    const second = { ...twin, givenName: 'edward', birthDate: '1983-08-26' };
    const found = await partitionOf([first, second, first, second, twin, first, second]);
    expect(found[0]).toBe(found[2]);
    expect(found[1]).toBe(found[3]);
    expect(found[0]).not.toBe(found[1]);
  });

  it('keeps rows of one source apart where that is known', async () => {
    const simulation = simulationOf({ uniqueWithinSource: true });
    for (const [at, source] of [0, 0, 1].entries()) await simulation.add(String(at), ada, source);
    const found = simulation.partition();
    expect(found[0]).not.toBe(found[1]);
    expect(new Set(found).size).toBe(2);
  });
});

describe('decisions', () => {
  it('told apart stays apart, whatever comes later and in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e9 }),
        fc.array(fc.nat(59), { minLength: 2, maxLength: 12 }),
        async (seed, picks) => {
          const records = madePeople(25, randomFrom(seed)).slice(0, 60);
          const rig = new MatchingRig();
          const apart: (readonly [number, number])[] = [];
          for (const [at, { person }] of records.entries()) {
            await rig.add(person);
            const [a, b] = [picks[at % picks.length] ?? 0, at];
            if (a < b && at % 3 === 0) {
              rig.decide(a, b, 'different');
              apart.push([a, b]);
            }
            const found = rig.partition();
            for (const [x, y] of apart) expect(found[x]).not.toBe(found[y]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('told the same stays joined when later evidence speaks against it', async () => {
    const rig = new MatchingRig();
    const grace = { givenName: 'grace', surname: 'hopper', birthDate: '1906-12-09' };
    await partitionOf([ada, grace], rig);
    expect(rig.partition()).toEqual([0, 1]);
    rig.decide(0, 1, 'same');
    await partitionOf([ada, grace, ada, grace], rig);
    expect(rig.partition()[1]).toBe(0);
  });
});

describe('where evidence may not merge', () => {
  it('joins nothing and proposes instead', async () => {
    const rig = new MatchingRig({ mayMerge: false });
    await rig.add(ada);
    const { reviews, links } = await rig.add(ada);
    expect(rig.partition()).toEqual([0, 1]);
    expect(links).toEqual([]);
    expect(reviews.map(({ a, b }) => [a, b].sort())).toEqual([[atomOf(0), atomOf(1)]]);
  });

  it('explains a link by what every attribute contributed, adding up to its weight', async () => {
    const simulation = simulationOf();
    await simulation.add('1', ada, 0);
    await simulation.add('2', ada, 0);
    const { links, priorBits } = (await simulation.explain(0, 1)) ?? { links: [], priorBits: 0 };
    const [link] = links;
    const sum = Object.values(link?.contributions ?? {}).reduce((total, bits) => total + bits, priorBits);
    expect(link?.bits).toBeCloseTo(sum, 6);
  });
});
