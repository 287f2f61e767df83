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
  /** Index entries written. */
  readonly indexWrites: number;
}

/**
 * Finds out whom the changed records of a batch belong to. Three round trips: blocks and frequencies; candidates, while
 * the records are entered into the index; the candidates' subjects, and the frequencies of what they say. Who enters a
 * record finds all that were entered before it; those that a batch enters at the same time cost further ones. Nothing
 * else is written before that, so that a crash leaves an entry without a record, which is inert, and no record without
 * an entry.
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
  const entriesNow = (): readonly ChangedRecord[] =>
    changed.map((each) => ({ atomId: each.atomId, candidates: search.candidatesOf(each) }));
  const found = new Map<AtomId, KnownRecord>();
  const look = async (entered: readonly ChangedRecord[]): Promise<void> => {
    const wanted = new Set(
      [...entered.flatMap(({ candidates }) => candidates), ...awaited].filter((id) => !own.has(id)),
    );
    for (const [id, record] of await people.records([...wanted], consistent)) found.set(id, record);
  };
  // Nearly always nobody else writes these entries now: the candidates are those known before.
  let entered = entriesNow();
  const [committed] = await Promise.all([search.commit(store), look(entered)]);
  if (committed.isContested) {
    entered = entriesNow();
    await look(entered);
  }
  for (const each of changed) found.set(each.atomId, each);

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
  return { ...matched, comparisons: matched.comparisons + comparisons, indexWrites: committed.written };
}
