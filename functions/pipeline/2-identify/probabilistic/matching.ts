import type { AtomPair } from '../../../contracts/identity-review.ts';
import type { AtomId, SubjectId } from '../../../contracts/ids.ts';
import { CandidateSearch, type CandidateTools, type IndexedRecord } from './candidates.ts';
import { type ChangedRecord, type Matched, matchBatch } from './match-batch.ts';
import type { MatchModel } from './model.ts';
import type { MatchRules, StandingSubject } from './neighbourhood.ts';
import type { CandidateStore, KnownRecord } from './ports.ts';
import type { MatchRecord } from './record.ts';

/** The people who are already there. */
export interface People {
  /** The records of atoms, of those that have one and may be compared. */
  records(atomIds: readonly AtomId[], consistent: boolean): Promise<ReadonlyMap<AtomId, KnownRecord>>;
  /** Subjects as they stand, and the records of all their atoms. */
  subjects(subjectIds: readonly SubjectId[], consistent: boolean): Promise<StandingPeople>;
}

export interface StandingPeople {
  readonly subjects: readonly StandingSubject[];
  readonly records: ReadonlyMap<AtomId, MatchRecord>;
  /** Subjects that were asked for and may not be compared, or are not there (any more). */
  readonly withheld: ReadonlySet<SubjectId>;
  /** Whether something (a decision, a source without duplicates) keeps two sets of atoms apart. */
  areApart(a: readonly AtomId[], b: readonly AtomId[]): boolean;
  householdPriorBits(a: AtomId, b: AtomId): number;
}

export interface MatchTools extends CandidateTools {
  /** Pairs that wait for a steward, of the subjects that the changed records are in. */
  waiting(): Promise<readonly AtomPair[]>;
  readonly model: MatchModel;
  readonly candidates: CandidateStore;
  readonly people: People;
}

/** What matching made of a batch. */
export interface MatchOutcome extends Matched {
  enter: EnterStored;
}

/**
 * Enters records into the index, where others find them. Call it once they are stored: so whoever is found is there, and of
 * two batches that bring people alike at the same time the later one to enter finds those of the other.
 * @param stored atoms whose records are stored; others are left out
 * @param people as they are stored by now
 * @throws ThrottledError when others keep writing the same entries, TransientError
 */
export type EnterStored = (stored: ReadonlySet<AtomId>, people: Pick<People, 'records'>) => Promise<Entered>;

export interface Entered {
  /** Entries written. */
  readonly written: number;
  /** Records beside which somebody was entered since they were matched: they are to be matched again. */
  readonly overlooked: ReadonlySet<AtomId>;
}

/**
 * Finds out whom the changed records of a batch belong to. Three round trips: blocks and frequencies; candidates, while
 * the records are taken from where they stand no more; the candidates' subjects, and the frequencies of what they say.
 * The batch is entered into the index when it is stored, and not before: a crash in between leaves a record without an
 * entry until the batch comes again, and never an entry that leads nowhere.
 *
 * @param changed records that are new or say something new, in order, with the subjects they are in so far
 * @param consistent after a conflict: read what is surely the latest
 */
export async function match(
  changed: readonly (IndexedRecord & { readonly subjectId: SubjectId | null })[],
  tools: MatchTools,
  rules: MatchRules,
  consistent: boolean,
): Promise<MatchOutcome> {
  const { model, people, candidates: store } = tools;
  const search = new CandidateSearch(tools);
  const [waiting] = await Promise.all([tools.waiting(), search.readFor(changed, store, consistent)]);
  const awaited = waiting.flat();
  const own = new Map(changed.map((each) => [each.atomId, each]));
  for (const each of changed) search.enter(each);
  const entered = changed.map((each) => ({ atomId: each.atomId, candidates: search.candidatesOf(each) }));
  const wanted = new Set(
    [...entered.flatMap(({ candidates }) => candidates), ...awaited].filter((id) => !own.has(id)),
  );
  const [known] = await Promise.all([people.records([...wanted], consistent), search.leave(changed, store)]);
  const found = new Map<AtomId, KnownRecord>([...known, ...own]);

  const regard = (): void => {
    model.regard(search.population);
    search.teach((comparison, value, records) => model.learn(comparison, value, records));
  };
  const likely = new Map<AtomId, KnownRecord>(own);
  for (const id of awaited) {
    const known = found.get(id);
    if (known !== undefined) likely.set(id, known);
  }
  regard();
  let comparisons = 0;
  const narrowed = entered.map(({ atomId, candidates }): ChangedRecord => {
    const record = model.encode((own.get(atomId) as IndexedRecord).record);
    return {
      atomId,
      candidates: candidates.filter((candidate) => {
        const other = found.get(candidate);
        if (other === undefined) return false;
        comparisons++;
        const bits = model.pairBits(record, model.encode(other.record)) + model.priorBits;
        if (bits <= rules.policy.rememberAbove) return false;
        likely.set(candidate, other);
        return true;
      }),
    };
  });
  const subjectIds = new Set<SubjectId>();
  for (const { subjectId } of likely.values()) if (subjectId !== null) subjectIds.add(subjectId);
  const [standing] = await Promise.all([
    people.subjects([...subjectIds], consistent),
    search.readValuesOf(
      [...likely.values()].map(({ record }) => record),
      store,
      consistent,
    ),
  ]);
  regard();
  const records = new Map(standing.records);
  for (const [atomId, { record, subjectId }] of likely) {
    if (subjectId !== null && standing.withheld.has(subjectId)) records.delete(atomId);
    else records.set(atomId, record);
  }
  const matched = matchBatch(narrowed, { ...standing, records, waiting }, model, rules);
  return {
    ...matched,
    comparisons: matched.comparisons + comparisons,
    enter: (stored, storedPeople) => enter(search, stored, store, storedPeople),
  };
}

async function enter(
  search: CandidateSearch,
  stored: ReadonlySet<AtomId>,
  store: CandidateStore,
  people: Pick<People, 'records'>,
): Promise<Entered> {
  const { written, newcomers } = await search.commit(stored, store);
  const wanted = new Set(newcomers.values().flatMap((each) => [...each]));
  if (wanted.size === 0) return { written, overlooked: new Set() };
  const there = await people.records([...wanted], true);
  const overlooked = [...newcomers].filter(([, beside]) => beside.values().some((id) => there.has(id)));
  return { written, overlooked: new Set(overlooked.map(([atomId]) => atomId)) };
}
