import {
  ORIGINS,
  type Origin,
  PERSON_ATTRIBUTES,
  type PersonAttribute,
  type PersonAttributes,
  type PersonState,
  type StatedValue,
} from '../../contracts/person.ts';
import { saysTheSame } from '../../registry/person/same.ts';
import { ownerOf } from '../../registry/person/survivorship.ts';

/** What one signal states, with who says it and how much it counts. */
export interface Statement extends Omit<StatedValue, 'value'> {
  readonly origin: Origin;
  readonly attributes: PersonAttributes;
}

/** Of whom nothing is known: the neutral element of {@link mergePersons}. */
export const NOBODY: PersonState = {};

/** The value that survives of two by the same origin: by standing, then the later one, then (so that what an event said
 * together stays together) by message, then by value. A total order, so the greater of two is a merge in any order. */
function survivor(a: StatedValue | undefined, b: StatedValue | undefined): StatedValue | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compare(a, b) >= 0 ? a : b;
}

function compare(a: StatedValue, b: StatedValue): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.at !== b.at) return a.at - b.at;
  return (
    compareText(a.message, b.message) || compareText(a.value, b.value) || compareText(a.sourceId, b.sourceId)
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Merges what is known of two persons who are one. Commutative, associative and idempotent, with {@link NOBODY} neutral. */
export function mergePersons(a: PersonState, b: PersonState): PersonState {
  if (a === NOBODY) return b;
  if (b === NOBODY) return a;
  const merged: Partial<Record<PersonAttribute, PersonState[PersonAttribute]>> = {};
  for (const attribute of PERSON_ATTRIBUTES) {
    const [one, other] = [a[attribute], b[attribute]];
    if (one === undefined || other === undefined) {
      const only = one ?? other;
      if (only !== undefined) merged[attribute] = only;
      continue;
    }
    const values: Partial<Record<Origin, StatedValue>> = {};
    for (const origin of ORIGINS) {
      const value = survivor(one[origin], other[origin]);
      if (value !== undefined) values[origin] = value;
    }
    merged[attribute] = values;
  }
  return merged as PersonState;
}

/** Adds what signals state. Any order, split or repetition of the same statements gives the same state. */
export const foldStatements = (state: PersonState, statements: readonly Statement[]): PersonState =>
  statements.reduce((folded, statement) => mergePersons(folded, stateOf(statement)), state);

function stateOf({ origin, attributes, ...said }: Statement): PersonState {
  const state: Partial<Record<PersonAttribute, PersonState[PersonAttribute]>> = {};
  for (const attribute of PERSON_ATTRIBUTES) {
    const value = attributes[attribute];
    if (value !== undefined) state[attribute] = { [origin]: { ...said, value } };
  }
  return state as PersonState;
}

/**
 * Whether a person says more than the same words again, soon after. A browser repeats them with every visit: they may decide
 * between two others, of whom each holds one, and that is looked at once in a while.
 * @param soonMs within this time after the same words were said last
 */
export const saysMore = (before: PersonState, after: PersonState, soonMs: number): boolean =>
  PERSON_ATTRIBUTES.some((attribute) =>
    ORIGINS.some((origin) => {
      const [was, is] = [before[attribute]?.[origin], after[attribute]?.[origin]];
      if (was === is || is === undefined) return was !== is;
      const isSame = was?.value === is.value && was.rank === is.rank && was.sourceId === is.sourceId;
      return !isSame || is.at - was.at >= soonMs || (is.at === was.at && is.message !== was.message);
    }),
  );

/** What is taken to be true of one attribute, and what contradicts it until somebody settles it. */
export interface Survivor {
  readonly attribute: PersonAttribute;
  readonly value: StatedValue;
  readonly origin: Origin;
  readonly conflict: {
    readonly value: StatedValue;
    readonly origin: Origin;
    /** Team or role that has to settle it. */
    readonly owner: string;
  } | null;
}

/**
 * The surviving value of every attribute that is known. Between customer and system the one with the higher standing
 * survives, then the later one; when they differ, the other is kept beside it as a conflict with an owner. A steward's
 * decision stands for both sides until one of them says something newer, and is itself contradicted by what that differs in.
 */
export const survivorsOf = (state: PersonState): readonly Survivor[] =>
  PERSON_ATTRIBUTES.map((attribute) => survivorOf(state, attribute)).filter((survivor) => survivor !== null);

function survivorOf(state: PersonState, attribute: PersonAttribute): Survivor | null {
  const { customer, system, steward } = state[attribute] ?? {};
  const settledAt = steward?.at ?? Number.NEGATIVE_INFINITY;
  const said = customer !== undefined && customer.at > settledAt ? customer : undefined;
  const logged = system !== undefined && system.at > settledAt ? system : undefined;
  const originOf = (value: StatedValue): Origin =>
    value === steward ? 'steward' : value === said ? 'customer' : 'system';
  const value = survivor(said, logged) ?? steward;
  // What is stated not to be there is not known.
  if (value === undefined || value.value === '') return null;
  const survived = { attribute, value, origin: originOf(value) };
  const other = value === steward ? undefined : ((value === said ? logged : said) ?? steward);
  if (other === undefined || other.value === '' || saysTheSame(value.value, other.value))
    return { ...survived, conflict: null };
  const owner = ownerOf(logged?.sourceId, said?.sourceId);
  return { ...survived, conflict: { value: other, origin: originOf(other), owner } };
}

/** Survivors that another value contradicts. */
export const conflictsOf = (state: PersonState): readonly (Survivor & { readonly conflict: object })[] =>
  survivorsOf(state).filter(
    (survivor): survivor is Survivor & { readonly conflict: NonNullable<Survivor['conflict']> } =>
      survivor.conflict !== null,
  );

/** The surviving values alone: what matching compares. */
export const personOf = (state: PersonState): PersonAttributes =>
  Object.fromEntries(survivorsOf(state).map(({ attribute, value }) => [attribute, value.value]));
