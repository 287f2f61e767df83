import { MemoryCandidateStore } from '../../functions/adapters/memory/candidate-store.ts';
import { type AtomId, asIdentifierToken } from '../../functions/contracts/ids.ts';
import { KeyChoice } from '../../functions/pipeline/2-identify/probabilistic/key-choice.ts';
import type { MatchReview } from '../../functions/pipeline/2-identify/probabilistic/match-batch.ts';
import { match } from '../../functions/pipeline/2-identify/probabilistic/matching.ts';
import { MatchModel } from '../../functions/pipeline/2-identify/probabilistic/model.ts';
import { matchRecordOf } from '../../functions/pipeline/2-identify/probabilistic/record.ts';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdiction-definition.ts';
import type { MatchParameters, Person } from '../../functions/registry/matching/attributes.ts';
import type { MatchPolicy } from '../../functions/registry/matching/parameters.ts';
import { Overlap } from './overlap.ts';
import { MemoryPeople } from './memory-people.ts';
import { SharedIdentifiers } from './shared-identifiers.ts';

type Mode = JurisdictionDefinition['identity']['value']['probabilistic'];

export interface SimulationReport {
  readonly probabilistic: Mode;
  readonly rows: number;
  readonly subjects: number;
  /** Joins that made the subjects; taking all of them back leaves every row alone. */
  readonly merges: { readonly deterministic: number; readonly probabilistic: number };
  readonly reviewQueue: number;
  readonly comparisonsPerRow: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly rowsPerSecond: number;
  readonly seconds: number;
}

export interface SimulationOptions {
  readonly mode: Mode;
  readonly parameters: MatchParameters;
  readonly policy: MatchPolicy;
  readonly uniqueWithinSource: boolean;
}

/** Identity resolution of an export, row by row, as a stack would run it under the rules of a jurisdiction: where
 * evidence may join people, an identifier is the strongest piece of it; elsewhere only shared identifiers join, and the
 * evidence goes to the review queue or is not computed at all. */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #identifiers = new SharedIdentifiers();
  readonly #people: MemoryPeople;
  readonly #store = new MemoryCandidateStore();
  readonly #model: MatchModel;
  readonly #choice: KeyChoice;
  readonly #atoms: AtomId[] = [];
  readonly #reviews = new Map<string, MatchReview>();
  readonly #comparisons: number[] = [];
  /** Milliseconds spent in resolution. */
  #spent = 0;
  readonly writes: number[] = [];
  readonly reads: number[] = [];

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { parameters, policy, uniqueWithinSource } = options;
    this.#people = new MemoryPeople(uniqueWithinSource ? new Overlap() : null, policy.householdPriorBits);
    this.#model = new MatchModel(parameters, policy);
    this.#choice = new KeyChoice(parameters, policy);
  }

  /** @param rowId unlike any other row's */
  async add(rowId: string, person: Person, source: number): Promise<void> {
    const started = performance.now();
    const row = this.#atoms.length;
    const atomId = asIdentifierToken(`userId.${rowId}`);
    this.#atoms.push(atomId);
    const { mode, parameters, policy } = this.#options;
    if (mode !== 'on') this.#identifiers.add(row, person);
    let comparisons = 0;
    if (mode !== 'off') {
      const record = matchRecordOf(person);
      this.#people.add(atomId, record, source);
      const { matched, indexing } = await match(
        [{ atomId, record, before: null, subjectId: null }],
        { token: (text) => text, choice: this.#choice, policy, parameters, model: this.#model, candidates: this.#store, people: this.#people },
        { policy, mayMerge: mode === 'on', model: 'simulation@1' },
        false,
      );
      await this.#store.write(indexing);
      this.#people.apply(matched);
      for (const review of matched.reviews) this.#reviews.set(`${review.a} ${review.b}`, review);
      comparisons = matched.comparisons;
      this.writes.push(indexing.length);
    }
    this.#comparisons.push(comparisons);
    this.#spent += performance.now() - started;
  }

  /** The subject of each row, named by its first row. */
  partition(): readonly number[] {
    if (this.#options.mode !== 'on') return this.#identifiers.partition(this.#atoms.length);
    const first = new Map<unknown, number>();
    return this.#atoms.map((atom, row) => {
      const subject = this.#people.subjectOf(atom) ?? atom;
      const named = first.get(subject) ?? row;
      first.set(subject, named);
      return named;
    });
  }

  /** Pairs of subjects that a steward should look at; those that an identifier has joined are settled. */
  #reviewQueue(partition: readonly number[]): number {
    const rows = new Map(this.#atoms.map((atom, row) => [atom, row]));
    const subjectOf = (atom: AtomId): number | undefined => partition[rows.get(atom) ?? -1];
    return new Set(
      [...this.#reviews.values()]
        .map(({ a, b }) => [subjectOf(a), subjectOf(b)])
        .filter(([x, y]) => x !== y)
        .map((pair) => pair.sort().join()),
    ).size;
  }

  report(): SimulationReport {
    const partition = this.partition();
    const subjects = new Set(partition).size;
    const merges = this.#atoms.length - subjects;
    const on = this.#options.mode === 'on';
    const sorted = [...this.#comparisons].sort((a, b) => a - b);
    const quantile = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const seconds = this.#spent / 1_000;
    return {
      probabilistic: this.#options.mode,
      rows: this.#atoms.length,
      subjects,
      merges: { deterministic: on ? 0 : merges, probabilistic: on ? merges : 0 },
      reviewQueue: this.#reviewQueue(partition),
      comparisonsPerRow: { p50: quantile(0.5), p99: quantile(0.99), max: sorted.at(-1) ?? 0 },
      rowsPerSecond: seconds > 0 ? Math.round(this.#atoms.length / seconds) : 0,
      seconds: Number(seconds.toFixed(3)),
    };
  }
}
