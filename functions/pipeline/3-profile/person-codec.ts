import {
  ORIGINS,
  type Origin,
  PERSON_ATTRIBUTES,
  type PersonAttribute,
  type PersonState,
  type StatedValue,
} from '../../contracts/person.ts';
import { invariant } from '../../kernel/invariant.ts';
import { NOBODY } from './person.ts';

/**
 * The state as it is sealed: a JSON array by position. What an event said together is written once and referred to, since a
 * typical person comes from two or three events. Positions only grow; a change of meaning raises VERSION.
 */
const VERSION = 1;

type Said = readonly [sourceId: string, rank: number, at: number, message: string];
type Row = readonly [attribute: number, origin: number, said: number, value: string];

/** Encodes a state. Equal states give equal text. */
export function encodePerson(state: PersonState): string {
  const said = new Map<string, number>();
  const rows: Row[] = [];
  for (const [place, attribute] of PERSON_ATTRIBUTES.entries()) {
    for (const [whose, origin] of ORIGINS.entries()) {
      const value = state[attribute]?.[origin];
      if (value === undefined) continue;
      const key = JSON.stringify([value.sourceId, value.rank, value.at, value.message] satisfies Said);
      const at = said.get(key) ?? said.size;
      said.set(key, at);
      rows.push([place, whose, at, value.value]);
    }
  }
  return `[${VERSION},[${[...said.keys()].join()}],${JSON.stringify(rows)}]`;
}

/** Reverse of {@link encodePerson}.
 * @throws InvariantError for a version this code does not know. */
export function decodePerson(text: string): PersonState {
  const [version, said, rows] = JSON.parse(text) as readonly [number, readonly Said[], readonly Row[]];
  invariant(version === VERSION, 'a person of an unknown version');
  const state: Partial<Record<PersonAttribute, Partial<Record<Origin, StatedValue>>>> = {};
  for (const [place, whose, at, value] of rows) {
    const [attribute, origin, from] = [PERSON_ATTRIBUTES[place], ORIGINS[whose], said[at]];
    invariant(
      attribute !== undefined && origin !== undefined && from !== undefined,
      'a person out of bounds',
    );
    const [sourceId, rank, when, message] = from;
    state[attribute] = { ...state[attribute], [origin]: { value, rank, at: when, sourceId, message } };
  }
  return rows.length === 0 ? NOBODY : (state as PersonState);
}
