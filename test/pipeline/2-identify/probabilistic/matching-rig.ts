import { ExportPeople } from '../../../../bin/identity/export-people.ts';
import { Overlap } from '../../../../bin/identity/overlap.ts';
import { MemoryCandidateStore } from '../../../../functions/adapters/memory/candidate-store.ts';
import type { AtomPair } from '../../../../functions/contracts/identity-review.ts';
import { type AtomId, asIdentifierToken } from '../../../../functions/contracts/ids.ts';
import type { Verdict } from '../../../../functions/contracts/subject.ts';
import { KeyChoice } from '../../../../functions/pipeline/2-identify/probabilistic/key-choice.ts';
import type { Matched } from '../../../../functions/pipeline/2-identify/probabilistic/match-batch.ts';
import { match } from '../../../../functions/pipeline/2-identify/probabilistic/matching.ts';
import { MatchModel } from '../../../../functions/pipeline/2-identify/probabilistic/model.ts';
import {
  type MatchRecord,
  matchRecordOf,
} from '../../../../functions/pipeline/2-identify/probabilistic/record.ts';
import type { Person } from '../../../../functions/registry/matching/attributes.ts';
import { matchParameters, matchPolicy } from '../../../../functions/registry/matching/parameters.ts';

export const atomOf = (row: number): AtomId => asIdentifierToken(`userId.0:${row}`);

/** Matching over memory: rows come in one by one, or several in one batch. */
export class MatchingRig {
  readonly people: ExportPeople;
  readonly store = new MemoryCandidateStore();
  readonly #mayMerge: boolean;
  readonly #model = new MatchModel(matchParameters, matchPolicy);
  readonly #choice = new KeyChoice(matchParameters, matchPolicy);
  #rows = 0;
  #decisions = 0;

  constructor({ mayMerge = true, uniqueWithinSource = false } = {}) {
    this.people = new ExportPeople(uniqueWithinSource ? new Overlap() : null, matchPolicy.householdPriorBits);
    this.#mayMerge = mayMerge;
  }

  async add(...people: readonly Person[]): Promise<Matched> {
    const changed = people.map((person) => {
      const atomId = atomOf(this.#rows++);
      const record = matchRecordOf(person);
      return { atomId, record, before: null, subjectId: this.people.add(atomId, person, record, 0) };
    });
    return this.#match(changed);
  }

  /** A record says something else from now on. */
  async change(row: number, person: Person): Promise<Matched> {
    const atomId = atomOf(row);
    const before = this.people.recordOf(atomId) ?? null;
    const record = matchRecordOf(person);
    const subjectId = this.people.add(atomId, person, record, 0);
    return this.#match([{ atomId, record, before, subjectId }]);
  }

  async #match(
    changed: readonly {
      readonly atomId: AtomId;
      readonly record: MatchRecord;
      readonly before: MatchRecord | null;
      readonly subjectId: ReturnType<ExportPeople['add']>;
    }[],
  ): Promise<Matched> {
    const matched = await match(
      changed,
      {
        token: (text) => text,
        choice: this.#choice,
        parameters: matchParameters,
        policy: matchPolicy,
        model: this.#model,
        candidates: this.store,
        people: this.people,
        waiting: async () => this.waiting,
      },
      { policy: matchPolicy, mayMerge: this.#mayMerge, model: 'test@1' },
      false,
    );
    await matched.enter(new Set(changed.map(({ atomId }) => atomId)), this.people);
    this.people.apply({ matches: matched.links, withdrawn: matched.withdrawn.map(({ a, b }) => [a, b]) });
    return matched;
  }

  /** Pairs that wait for a steward. */
  waiting: readonly AtomPair[] = [];

  decide(a: number, b: number, verdict: Verdict): void {
    const [x, y] = [atomOf(a), atomOf(b)];
    this.people.apply({ decisions: [{ a: x, b: y, verdict, at: ++this.#decisions, cause: 'review' }] });
  }

  /** The subject of every row, named by its first row. */
  partition(): readonly number[] {
    const first = new Map<string, number>();
    return Array.from({ length: this.#rows }, (_, row) => {
      const { subjectId } = this.people.graphOf(atomOf(row));
      const named = first.get(subjectId) ?? row;
      first.set(subjectId, named);
      return named;
    });
  }
}

/** @returns the subject of every row, when they come in one by one */
export async function partitionOf(
  people: readonly Person[],
  rig = new MatchingRig(),
): Promise<readonly number[]> {
  for (const person of people) await rig.add(person);
  return rig.partition();
}
