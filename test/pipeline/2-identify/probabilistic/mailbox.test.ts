import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { restOfMailbox } from '../../../../functions/pipeline/2-identify/probabilistic/mailbox.ts';
import { MatchModel } from '../../../../functions/pipeline/2-identify/probabilistic/model.ts';
import { matchRecordOf } from '../../../../functions/pipeline/2-identify/probabilistic/record.ts';
import {
  subjectBits,
  subjectOfGroup,
} from '../../../../functions/pipeline/2-identify/probabilistic/subject.ts';
import type { Person } from '../../../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../../../functions/registry/matching/parameters.ts';

const HOSTS = ['mail.example.org', 'post.example.org', 'a-quite-different-host.example.net'];
const iris = { givenName: 'Iris', surname: 'Quenby' };
const iris12 = { ...iris, email: 'iris.quenby.12@mail.example.org' };

/** Bits that an e-mail address and the name bring to a pair of records. */
function bitsOf(a: Person, b: Person): { readonly email: number; readonly name: number } {
  const model = new MatchModel(matchParameters, matchPolicy);
  const { email = 0, name = 0 } = model.contributions(
    model.encode(matchRecordOf(a)),
    model.encode(matchRecordOf(b)),
  );
  return { email, name };
}

describe('a mailbox without its owner’s name', () => {
  it.each([
    ['anna.arden.12@mail.example.org', 'anna', 'arden', '12'],
    ['arden-anna@mail.example.org', 'anna', 'arden', ''],
    ['aarden12@mail.example.org', 'anna', 'arden', '12'],
    ['annaa77@mail.example.org', 'anna', 'arden', '77'],
    ['zoë.o’neil@mail.example.org', 'zoe', 'o neil', ''],
    ['sales@mail.example.org', 'anna', 'arden', null],
    ['li.wu@mail.example.org', 'li', 'wu', null],
    ['anna@mail.example.org', '', '', null],
  ])('%s of %s %s leaves %s', (email, given, surname, rest) => {
    expect(restOfMailbox(email, given, surname)).toBe(rest);
  });
});

describe('an e-mail address made of its owner’s name', () => {
  it('adds nothing to the name when it is only alike', () => {
    const other = { ...iris, email: 'iris.quenby.57@mail.example.org' };
    expect(bitsOf(iris12, other).email).toBe(0);
    expect(bitsOf(iris12, other).name).toBeGreaterThan(0);
  });

  it('adds no more than its own characters do when those agree', () => {
    const elsewhere = { ...iris, email: 'iris.quenby.12@post.example.org' };
    expect(bitsOf(iris12, elsewhere).email).toBeGreaterThan(0);
    expect(bitsOf(iris12, elsewhere).email).toBeLessThanOrEqual(2 * Math.log2(10));
  });

  it('counts in full when it is the very same', () => {
    const unnamed = { email: iris12.email };
    expect(bitsOf(iris12, iris12).email).toBe(bitsOf(unnamed, unnamed).email);
    expect(bitsOf(iris12, { ...iris12, surname: 'Larkspur' }).email).toBe(bitsOf(unnamed, unnamed).email);
  });

  it('leaves the likeness of addresses that are not made of a name', () => {
    const [a, b] = ['moonflower84@mail.example.org', 'moonflover84@mail.example.org'];
    expect(bitsOf({ ...iris, email: a }, { ...iris, email: b })).toEqual({
      ...bitsOf({ email: a }, { email: b }),
      name: bitsOf(iris, iris).name,
    });
  });

  it('is known for one when only another record of the person has the name', () => {
    const model = new MatchModel(matchParameters, matchPolicy);
    const subject = (first: number, ...people: readonly Person[]) =>
      subjectOfGroup(
        first,
        people.map((person) => model.encode(matchRecordOf(person))),
      );
    const contributions = {};
    subjectBits(
      model,
      matchPolicy,
      matchPolicy.householdPriorBits,
      subject(0, iris, { email: iris12.email }),
      subject(2, iris, { email: 'iris.quenby.57@mail.example.org' }),
      contributions,
    );
    expect(contributions).toMatchObject({ email: 0 });
  });

  it('of two people of one name does not make them one, whatever the number and the host', () => {
    const number = fc.integer({ min: 1, max: 9_999 });
    fc.assert(
      fc.property(
        number,
        number,
        fc.constantFrom(...HOSTS),
        fc.constantFrom(...HOSTS),
        (n, m, here, there) => {
          fc.pre(n !== m);
          const of = (at: number, host: string): Person => ({ ...iris, email: `iris.quenby.${at}@${host}` });
          expect(bitsOf(of(n, here), of(m, there)).email).toBeLessThanOrEqual(0);
        },
      ),
    );
  });
});
