import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ORIGINS,
  PERSON_ATTRIBUTES,
  type PersonAttributes,
  type PersonState,
} from '../../../functions/contracts/person.ts';
import {
  foldStatements,
  mergePersons,
  NOBODY,
  personOf,
  type Statement,
  survivorsOf,
} from '../../../functions/pipeline/3-profile/person.ts';
import { decodePerson, encodePerson } from '../../../functions/pipeline/3-profile/person-codec.ts';
import { standingOf } from '../../../functions/registry/person/survivorship.ts';
import { permutationArbitrary } from '../../arbitraries.ts';

const attributesArbitrary: fc.Arbitrary<PersonAttributes> = fc
  .record(
    Object.fromEntries(
      PERSON_ATTRIBUTES.map((attribute) => [
        attribute,
        fc.constantFrom('', 'Ada', 'ADA', 'Àda', 'Byron', 'Zoé'),
      ]),
    ),
    { requiredKeys: [] },
  )
  .map((record) => record as PersonAttributes);
/** Few ranks, times and messages, so that ties happen at every step of the order. */
const statementArbitrary: fc.Arbitrary<Statement> = fc.record({
  origin: fc.constantFrom(...ORIGINS),
  rank: fc.integer({ min: 0, max: 2 }),
  at: fc.integer({ min: 0, max: 4 }),
  sourceId: fc.constantFrom('web', 'crm', 'delivery', 'gone'),
  message: fc.constantFrom('AAAAAAAA', 'BBBBBBBB'),
  attributes: attributesArbitrary,
});
const statementsArbitrary = fc.array(statementArbitrary, { maxLength: 8 });
const stateArbitrary = statementsArbitrary.map((statements) => foldStatements(NOBODY, statements));
const same = (a: PersonState, b: PersonState): void => {
  expect(encodePerson(a)).toBe(encodePerson(b));
};

describe('what is known of a person', () => {
  it('is the same in any order, split and repetition of what was stated', () => {
    fc.assert(
      fc.property(
        statementsArbitrary.chain((statements) =>
          fc.tuple(
            fc.constant(statements),
            permutationArbitrary(statements.length),
            fc.nat(statements.length),
          ),
        ),
        ([statements, order, split]) => {
          const whole = foldStatements(NOBODY, statements);
          const shuffled = order.flatMap((index) => statements[index] ?? []);
          const [one, other] = [shuffled.slice(0, split), shuffled.slice(split)];
          same(foldStatements(foldStatements(NOBODY, one), other), whole);
          same(mergePersons(foldStatements(NOBODY, one), foldStatements(NOBODY, other)), whole);
          same(foldStatements(whole, shuffled), whole);
        },
      ),
    );
  });

  it('merges commutatively, associatively and idempotently, with nobody as the neutral element', () => {
    fc.assert(
      fc.property(stateArbitrary, stateArbitrary, stateArbitrary, (a, b, c) => {
        same(mergePersons(a, b), mergePersons(b, a));
        same(mergePersons(mergePersons(a, b), c), mergePersons(a, mergePersons(b, c)));
        same(mergePersons(a, a), a);
        same(mergePersons(a, NOBODY), a);
      }),
    );
  });

  it('comes back from rest as it was', () => {
    fc.assert(fc.property(stateArbitrary, (state) => same(decodePerson(encodePerson(state)), state)));
    expect(() => decodePerson('[2,[],[]]')).toThrow('unknown version');
  });

  it('has one survivor for each attribute, which somebody stated and nobody of higher standing contradicts', () => {
    fc.assert(
      fc.property(statementsArbitrary, (statements) => {
        for (const { attribute, value, origin, conflict } of survivorsOf(
          foldStatements(NOBODY, statements),
        )) {
          const own = statements.filter((each) => each.attributes[attribute] !== undefined);
          expect(
            own.some((each) => each.origin === origin && each.attributes[attribute] === value.value),
          ).toBe(true);
          const rivals = own.filter((each) => each.origin === origin);
          expect(Math.max(...rivals.map(({ rank }) => rank))).toBe(value.rank);
          if (conflict !== null) expect(conflict.value.value).not.toBe(value.value);
        }
      }),
    );
  });
});

const DAY = 86_400_000;
const said = (
  sourceId: string,
  at: number,
  attributes: PersonAttributes,
  eventClass: 'account' | 'transaction' = 'account',
): Statement => ({ ...standingOf(sourceId, eventClass), sourceId, at, message: `m${at}`, attributes });
const known = (...statements: Statement[]) => foldStatements(NOBODY, statements);
const cityOf = (...statements: Statement[]) => {
  const [survivor] = survivorsOf(known(...statements));
  return survivor === undefined
    ? null
    : {
        value: survivor.value.value,
        origin: survivor.origin,
        against: survivor.conflict?.value.value ?? null,
        owner: survivor.conflict?.owner ?? null,
      };
};

describe('survivorship', () => {
  it('goes by the standing of the source, then by time', () => {
    expect(personOf(known(said('web', 1, { city: 'Bonn' }), said('web', 2, { city: 'Köln' })))).toEqual({
      city: 'Köln',
    });
    // A survey's later word does not replace what the customer keeps up in their account.
    expect(personOf(known(said('web', 1, { city: 'Bonn' }), said('survey', 9, { city: 'Köln' })))).toEqual({
      city: 'Bonn',
    });
    // Nor does the shipping address of a gift.
    expect(
      personOf(known(said('web', 1, { city: 'Bonn' }), said('web', 9, { city: 'Köln' }, 'transaction'))),
    ).toEqual({ city: 'Bonn' });
  });

  it('keeps the address of one statement together where rank and time are equal', () => {
    const address = (street: string, city: string, message: string): Statement => ({
      ...said('web', 5, { street, city }),
      message,
    });
    const both = [address('Zeile 1', 'Aachen', 'a'), address('Allee 2', 'Zwickau', 'b')];
    expect(personOf(known(...both))).toEqual({ street: 'Allee 2', city: 'Zwickau' });
    expect(personOf(known(...both.reverse()))).toEqual({ street: 'Allee 2', city: 'Zwickau' });
  });

  it('lets an address without a region take the old region away', () => {
    const state = known(
      said('web', 1, { city: 'Bath', region: 'Somerset' }),
      said('web', 2, { city: 'Hull', region: '' }),
    );
    expect(personOf(state)).toEqual({ city: 'Hull' });
  });

  it('keeps what customer and system contradict each other in, with both values and an owner', () => {
    expect(cityOf(said('web', 2, { city: 'Bonn' }), said('crm', 1, { city: 'Köln' }))).toEqual({
      value: 'Köln',
      origin: 'system',
      against: 'Bonn',
      owner: 'customer-care',
    });
    expect(cityOf(said('web', 1, { city: 'Bonn' }), said('delivery', 9, { city: 'Köln' }))).toEqual({
      value: 'Bonn',
      origin: 'customer',
      against: 'Köln',
      owner: 'logistics',
    });
  });

  it('takes another spelling for no contradiction', () => {
    expect(
      cityOf(said('web', 2, { city: 'sao  paulo' }), said('crm', 1, { city: 'São Paulo' })),
    ).toMatchObject({
      value: 'São Paulo',
      against: null,
    });
  });

  it('holds to what a steward settled until something newer is stated, and asks again when that differs', () => {
    const sides = [said('web', 1, { city: 'Bonn' }), said('crm', 2, { city: 'Köln' })];
    const settled = said('stewardship', 3 * DAY, { city: 'Bonn' });
    const held = { value: 'Bonn', origin: 'steward', against: null, owner: null };
    expect(cityOf(...sides, settled)).toEqual(held);
    expect(cityOf(settled, ...sides)).toEqual(held);
    expect(cityOf(...sides, settled, said('web', 4 * DAY, { city: 'Bonn' }))).toMatchObject({
      value: 'Bonn',
      against: null,
    });
    expect(cityOf(...sides, settled, said('crm', 4 * DAY, { city: 'Köln' }))).toEqual({
      value: 'Köln',
      origin: 'system',
      against: 'Bonn',
      owner: 'customer-care',
    });
    // The later of two decisions counts, and one from before the statements settles nothing.
    expect(cityOf(...sides, settled, said('stewardship', 5 * DAY, { city: 'Köln' }))).toMatchObject({
      value: 'Köln',
    });
    expect(cityOf(...sides, said('stewardship', 0, { city: 'Ulm' }))).toMatchObject({
      value: 'Köln',
      against: 'Bonn',
    });
  });

  it('gives each side of an undone merge what it would have had alone', () => {
    const [ada, byron] = [
      known(said('web', 1, { city: 'Bonn' })),
      known(said('crm', 2, { city: 'Köln', surname: 'Byron' })),
    ];
    const before = [encodePerson(ada), encodePerson(byron)];
    expect(personOf(mergePersons(ada, byron))).toEqual({ city: 'Köln', surname: 'Byron' });
    expect([encodePerson(ada), encodePerson(byron)]).toEqual(before);
  });
});
