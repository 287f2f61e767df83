import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../../bin/identity/random.ts';
import { asIdentifierToken } from '../../../../functions/contracts/ids.ts';
import { blockingKeys } from '../../../../functions/pipeline/2-identify/probabilistic/blocking-keys.ts';
import {
  blockWith,
  blockWithout,
  EMPTY_BLOCK,
} from '../../../../functions/pipeline/2-identify/probabilistic/blocks.ts';
import { KeyChoice } from '../../../../functions/pipeline/2-identify/probabilistic/key-choice.ts';
import {
  EMPTY_SAMPLE,
  estimatedSize,
  markOf,
  SAMPLE_MARKS_MAX,
  sampleWith,
  sampleWithout,
} from '../../../../functions/pipeline/2-identify/probabilistic/population.ts';
import { matchRecordOf } from '../../../../functions/pipeline/2-identify/probabilistic/record.ts';
import type { Comparison } from '../../../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../../../functions/registry/matching/parameters.ts';
import { madePeople } from './generated-people.ts';

const atoms = (count: number): string[] => Array.from({ length: count }, (_, at) => `userId.${at}`);
const sampleOf = (ids: readonly string[]) =>
  ids.reduce((sample, id) => sampleWith(sample, markOf(id, 'topic'), 1), EMPTY_SAMPLE);

describe('a sample of distinct atoms', () => {
  it('is the same for any order and any repetition, so that a redelivery is counted once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3_000), { maxLength: 1_500 }), fc.integer(), (ids, seed) => {
        const named = ids.map((id) => `userId.${id}`);
        const random = randomFrom(seed);
        const again = [...named, ...named].sort(() => random() - 0.5);
        expect(sampleOf(again)).toEqual(sampleOf(named));
      }),
      { numRuns: 60 },
    );
  });

  it('estimates how many there are within a third, and never outgrows one write unit', () => {
    for (const count of [2_000, 20_000, 100_000]) {
      const sample = sampleOf(atoms(count));
      expect(sample.marks.length).toBeLessThanOrEqual(SAMPLE_MARKS_MAX);
      expect(Math.abs(estimatedSize(sample) / count - 1)).toBeLessThan(1 / 3);
    }
  });

  it('forgets an erased atom', () => {
    const sample = sampleOf(atoms(500));
    const [mark = 0] = sample.marks;
    expect(sampleWithout(sample, mark).marks).not.toContain(mark);
    expect(sampleWithout(sample, mark).marks).toHaveLength(sample.marks.length - 1);
  });
});

describe('a block', () => {
  it('keeps the newest records, takes each once, and forgets one that is erased', () => {
    const ids = atoms(100).map(asIdentifierToken);
    const block = ids.reduce((sum, id) => blockWith(sum, id, 54), EMPTY_BLOCK);
    expect(block.members).toEqual(ids.slice(46));
    expect(block.size).toBe(100);
    const [oldest = asIdentifierToken('')] = block.members;
    expect(blockWith(block, oldest, 54)).toBe(block);
    expect(blockWithout(block, oldest).members).not.toContain(oldest);
  });
});

describe('the choice of keys', () => {
  const choice = new KeyChoice(matchParameters, matchPolicy);
  const typical = (attribute: Comparison): number => matchParameters[attribute].u[0] ?? 0;

  it('writes few keys, the same ones for the same record, that do not all rest on one fact', () => {
    for (const { person } of madePeople(80, randomFrom(2))) {
      const keys = blockingKeys(matchRecordOf(person));
      const chosen = choice.choose(keys, typical, 100_000);
      expect(chosen.length).toBeLessThanOrEqual(matchPolicy.keysWrittenMax);
      expect(choice.choose(keys, typical, 100_000)).toEqual(chosen);
      const attributes = new Set(keys.flatMap(({ facets }) => facets.map(({ attribute }) => attribute)));
      if (attributes.size < 4) continue;
      for (const attribute of attributes)
        expect(chosen.some(({ facets }) => facets.every((facet) => facet.attribute !== attribute))).toBe(
          true,
        );
    }
  });

  it('prefers, in a large population, keys whose blocks still hold a record when the next one comes', () => {
    const record = matchRecordOf({
      givenName: 'ruth',
      surname: 'smith',
      birthDate: '1961-02-03',
      city: 'ely',
    });
    const keys = blockingKeys(record);
    const large = choice.choose(keys, typical, 100_000_000).map(({ text }) => text.split(':')[0]);
    expect(large).not.toContain('surname');
    expect(large).not.toContain('date');
  });
});
