import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import type { PersonState } from '../../contracts/person.ts';
import type { SubjectKey } from '../../contracts/subject-keys.ts';
import { candidateToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { COMPARISONS } from '../../registry/matching/attributes.ts';
import type { IndexedRecord } from '../2-identify/probabilistic/candidates.ts';
import { match } from '../2-identify/probabilistic/matching.ts';
import { MatchModel } from '../2-identify/probabilistic/model.ts';
import { Acquaintances, type PlannedSubject, recordOfPerson } from './acquaintances.ts';
import type { UnderstandContext } from './context.ts';
import type { BatchMatches } from './delivery.ts';
import type { ProfileStore, UnderstandPorts } from './ports.ts';

/** What a batch leaves of a person whom one of its signals states something of. */
export interface PlannedPerson {
  readonly atomId: AtomId;
  readonly subjectId: SubjectId;
  readonly before: PersonState;
  readonly after: PersonState;
  /** Whether what is stored of it changes. */
  readonly isChanged: boolean;
  /** An earlier attempt at the same signals may have stored the person, and died before it was matched. */
  readonly isRepeated: boolean;
}

/** Which of an invocation's tries this is. */
export interface Attempt {
  /** After a conflict: what is read is surely the latest. */
  readonly consistent: boolean;
  readonly isLast: boolean;
}

export interface MatchedPlan {
  readonly persons: readonly PlannedPerson[];
  readonly subjects: readonly PlannedSubject[];
}

/** What matching made of a batch. */
export interface PersonsMatched {
  /** Links to add and to take back; null when there are none. */
  readonly matches: BatchMatches | null;
  /** Enters those atoms that are stored by now into the candidate index, once they are.
   * @returns those to be matched again (`EnterStored`) @throws TransientError, ThrottledError */
  readonly enter: (stored: ReadonlySet<AtomId>) => Promise<ReadonlySet<AtomId>>;
}
const NOBODY_MATCHED: PersonsMatched = { matches: null, enter: async () => new Set() };

/**
 * Matches the persons that a batch makes or changes, as the jurisdiction and each customer allow. Opens reviews, and brings
 * those that wait up to date, before the batch is written, so that a crash in between is made good when the signals come
 * again.
 *
 * @param store what this attempt has read
 * @throws StaleReadError when somebody is changing a subject that was found, TransientError, ThrottledError
 */
export async function matchPersons(
  plans: readonly MatchedPlan[],
  store: Pick<ProfileStore, 'read'>,
  keys: Map<AtomId, SubjectKey>,
  context: UnderstandContext,
  ports: UnderstandPorts,
  { consistent, isLast }: Attempt,
  now: EpochMs,
): Promise<PersonsMatched> {
  const { candidates } = ports;
  const { probabilistic } = context.jurisdiction.identity.value;
  if (candidates === null || probabilistic === 'off') return NOBODY_MATCHED;
  const { parameters, policy, choice, model } = context.matching;
  const people = new Acquaintances(
    { store, keyring: ports.keyring, keys, planned: plans.flatMap(({ subjects }) => subjects), isLast },
    context,
    now,
  );
  const changed = (await Promise.all(plans.map((plan) => changedIn(plan, people, consistent)))).flat();
  if (changed.length === 0) return NOBODY_MATCHED;
  const mayWait = atomsThatMayWait(changed, plans);
  const { links, withdrawn, reviews, settled, enter } = await match(
    changed,
    {
      token: (text) => candidateToken(context.secrets, text),
      choice,
      parameters,
      policy,
      // What people say is in it, so it lives no longer than the batch.
      model: new MatchModel(parameters, policy),
      candidates,
      people,
      waiting: async () => (mayWait.length === 0 ? [] : ports.reviews.waiting(mayWait)),
    },
    { policy, mayMerge: probabilistic === 'on', model },
    consistent,
  );
  await Promise.all([
    reviews.length === 0 ? undefined : ports.reviews.put(reviews, now),
    settled.length === 0 ? undefined : ports.reviews.drop(settled),
  ]);
  const asStored = { store: ports.profiles, keyring: ports.keyring, keys, planned: [], isLast };
  return {
    matches:
      links.length + withdrawn.length === 0
        ? null
        : { links, withdrawn: withdrawn.map(({ a, b }) => [a, b] as const), at: ports.clock() },
    enter: async (stored) => (await enter(stored, new Acquaintances(asStored, context, now))).overlooked,
  };
}

/** Who of the subjects that are matched anew may be waiting for a steward: nobody whom this batch brings. */
function atomsThatMayWait(
  changed: readonly ChangedPerson[],
  plans: readonly MatchedPlan[],
): readonly AtomId[] {
  const matched = new Set(changed.map(({ subjectId }) => subjectId));
  return plans
    .flatMap(({ subjects }) => subjects)
    .filter(({ graph }) => matched.has(graph.subjectId))
    .flatMap(({ findable }) => findable);
}

type ChangedPerson = IndexedRecord & { readonly subjectId: SubjectId };

/** Persons to be matched: those of whom something new is known, and all those of a customer who allows it from now on, or of a
 * subject that has another shape now. */
async function changedIn(
  { persons, subjects }: MatchedPlan,
  people: Acquaintances,
  consistent: boolean,
): Promise<readonly ChangedPerson[]> {
  const allowing = new Map(
    subjects.filter(({ allows }) => allows).map((subject) => [subject.graph.subjectId, subject]),
  );
  const changed = new Map<AtomId, ChangedPerson>();
  const former: { readonly atomId: AtomId; readonly subjectId: SubjectId }[] = [];
  const stating = new Set(persons.map(({ atomId }) => atomId));
  for (const [subjectId, { former: atoms, findable, allowedBefore, isRepeated, isReshaped }] of allowing) {
    if (allowedBefore && !isRepeated && !isReshaped) continue;
    for (const atomId of allowedBefore && !isRepeated ? findable : atoms)
      if (!stating.has(atomId)) former.push({ atomId, subjectId });
  }
  for (const { atomId, subjectId, before, after, isRepeated } of persons) {
    const subject = allowing.get(subjectId);
    const record = recordOfPerson(after);
    if (subject === undefined || COMPARISONS.every((comparison) => record[comparison] === '')) continue;
    const isFirst = !subject.allowedBefore;
    const known = recordOfPerson(before);
    const isNews = COMPARISONS.some((comparison) => record[comparison] !== known[comparison]);
    if (isNews || isRepeated || isFirst || subject.isReshaped)
      changed.set(atomId, { atomId, subjectId, record, before: isFirst || isRepeated ? null : known });
  }
  if (former.length > 0) {
    const found = await people.records(
      former.map(({ atomId }) => atomId),
      consistent,
    );
    for (const { atomId, subjectId } of former) {
      const record = found.get(atomId)?.record;
      if (record !== undefined)
        changed.set(atomId, { atomId, subjectId, record, before: null, isFormer: true });
    }
  }
  return [...changed.values()];
}
