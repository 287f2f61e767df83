import { MemoryCandidateStore } from '../../functions/adapters/memory/candidate-store.ts';
import { type AtomId, asIdentifierToken } from '../../functions/contracts/ids.ts';
import type { SubjectGraph } from '../../functions/contracts/subject.ts';
import { CandidateSearch } from '../../functions/pipeline/2-identify/probabilistic/candidates.ts';
import { explain, type MatchExplanation } from '../../functions/pipeline/2-identify/probabilistic/explain.ts';
import { KeyChoice } from '../../functions/pipeline/2-identify/probabilistic/key-choice.ts';
import type { MatchReview } from '../../functions/pipeline/2-identify/probabilistic/match-batch.ts';
import { type MatchTools, match } from '../../functions/pipeline/2-identify/probabilistic/matching.ts';
import { MatchModel } from '../../functions/pipeline/2-identify/probabilistic/model.ts';
import { type MatchRecord, matchRecordOf } from '../../functions/pipeline/2-identify/probabilistic/record.ts';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdiction-definition.ts';
import type { MatchParameters, Person } from '../../functions/registry/matching/attributes.ts';
import type { MatchPolicy } from '../../functions/registry/matching/parameters.ts';
import { ExportPeople } from './export-people.ts';
import { Overlap } from './overlap.ts';

type Mode = JurisdictionDefinition['identity']['value']['probabilistic'];

export interface SimulationReport {
  readonly probabilistic: Mode;
  readonly rows: number;
  readonly subjects: number;
  /** Joins that made the subjects; taking all of them back leaves every row alone. */
  readonly merges: { readonly deterministic: number; readonly probabilistic: number };
  readonly reviewQueue: number;
  readonly comparisonsPerRow: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Items of the candidate index that a row changes, each of a kilobyte at most. */
  readonly indexWritesPerRow: number;
  readonly rowsPerSecond: number;
  readonly seconds: number;
}

export interface SimulationOptions {
  readonly mode: Mode;
  readonly parameters: MatchParameters;
  readonly policy: MatchPolicy;
  readonly uniqueWithinSource: boolean;
}

/** Identity resolution of an export, row by row, through what `understand` runs under the rules of a jurisdiction: rows
 * that share an identifier are linked; where evidence may join people it does, elsewhere it proposes, or is not computed
 * at all. */
export class Simulation {
  readonly #options: SimulationOptions;
  readonly #people: ExportPeople;
  readonly #tools: MatchTools;
  readonly #atoms: AtomId[] = [];
  readonly #reviews = new Map<string, MatchReview>();
  readonly #comparisons: number[] = [];
  #indexWrites = 0;
  /** Milliseconds spent in resolution. */
  #spent = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { parameters, policy, uniqueWithinSource } = options;
    this.#people = new ExportPeople(uniqueWithinSource ? new Overlap() : null, policy.householdPriorBits);
    this.#tools = {
      // In memory there is nothing to hide from.
      token: (text) => text,
      choice: new KeyChoice(parameters, policy),
      parameters,
      policy,
      model: new MatchModel(parameters, policy),
      candidates: new MemoryCandidateStore(),
      people: this.#people,
      // Every row is new, and nothing waits of what is new.
      waiting: async () => [],
    };
  }

  /** Whether evidence may join people here, and not only propose it. */
  get mayMerge(): boolean {
    return this.#options.mode === 'on';
  }

  /** @param rowId unlike any other row's · @param source the file it is from */
  async add(rowId: string, person: Person, source: number): Promise<void> {
    const started = performance.now();
    const atomId = asIdentifierToken(`userId.${source}:${rowId}`);
    this.#atoms.push(atomId);
    const record = matchRecordOf(person);
    const subjectId = this.#people.add(atomId, person, record, source);
    this.#comparisons.push(this.#options.mode === 'off' ? 0 : await this.#match(atomId, record, subjectId));
    this.#spent += performance.now() - started;
  }

  async #match(
    atomId: AtomId,
    record: MatchRecord,
    subjectId: SubjectGraph['subjectId'] | null,
  ): Promise<number> {
    const { policy } = this.#options;
    const rules = { policy, mayMerge: this.mayMerge, model: 'simulation@1' };
    const matched = await match([{ atomId, record, before: null, subjectId }], this.#tools, rules, false);
    const { written } = await matched.enter(new Set([atomId]), this.#people);
    this.#indexWrites += written;
    this.#people.apply({ matches: matched.links, withdrawn: matched.withdrawn.map(({ a, b }) => [a, b]) });
    for (const review of matched.reviews) this.#reviews.set(`${review.a} ${review.b}`, review);
    return matched.comparisons;
  }

  /** The subject of each row, named by its first row. */
  partition(): readonly number[] {
    const first = new Map<string, number>();
    return this.#atoms.map((atom, row) => {
      const { subjectId } = this.#people.graphOf(atom);
      const named = first.get(subjectId) ?? row;
      first.set(subjectId, named);
      return named;
    });
  }

  /** Why two rows (counted from 0) are, or are not, one person's; null where evidence is not computed. */
  async explain(rowA: number, rowB: number): Promise<MatchExplanation | null> {
    if (this.#options.mode === 'off') return null;
    const { model, candidates } = this.#tools;
    const search = new CandidateSearch(this.#tools);
    const sides = [rowA, rowB].map((row) => this.#sideOf(row));
    const [a, b] = sides;
    if (a === undefined || b === undefined) throw new RangeError('two rows');
    await search.readFor([], candidates, false);
    const records = sides.flatMap(({ subject }) => subject);
    await search.readValuesOf(records, candidates, false);
    model.regard(search.population);
    search.teach((comparison, value, count) => model.learn(comparison, value, count));
    const standing = await this.#people.subjects([a.graph.subjectId, b.graph.subjectId]);
    const links = a.graph.subjectId === b.graph.subjectId ? a.graph.matches : null;
    const prior = standing.householdPriorBits(a.atomId, b.atomId);
    return explain(a, b, links, model, this.#options.policy, prior);
  }

  #sideOf(row: number) {
    const atomId = this.#atoms[row];
    const record = atomId === undefined ? undefined : this.#people.recordOf(atomId);
    if (atomId === undefined || record === undefined) throw new RangeError(`no row ${row}`);
    const graph = this.#people.graphOf(atomId);
    const subject = graph.atoms
      .map((atom) => this.#people.recordOf(atom))
      .filter((each) => each !== undefined);
    return { atomId, record, graph, subject };
  }

  /** Pairs of subjects that a steward should look at; those that have been joined since are settled. */
  #reviewQueue(): number {
    const idOf = (atom: AtomId): string => this.#people.graphOf(atom).subjectId;
    const pairs = [...this.#reviews.values()].map(({ a, b }) => [idOf(a), idOf(b)].sort());
    return new Set(pairs.filter(([x, y]) => x !== y).map((pair) => pair.join())).size;
  }

  report(): SimulationReport {
    const rows = this.#atoms.length;
    const graphs = new Map(
      this.#atoms.map((atom) => [this.#people.graphOf(atom).subjectId, this.#people.graphOf(atom)]),
    );
    const probabilistic = [...graphs.values()].reduce(
      (sum, graph) => sum + this.#people.matchedJoins(graph),
      0,
    );
    const sorted = [...this.#comparisons].sort((a, b) => a - b);
    const quantile = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const seconds = this.#spent / 1_000;
    return {
      probabilistic: this.#options.mode,
      rows,
      subjects: graphs.size,
      merges: { deterministic: rows - graphs.size - probabilistic, probabilistic },
      reviewQueue: this.#reviewQueue(),
      comparisonsPerRow: { p50: quantile(0.5), p99: quantile(0.99), max: sorted.at(-1) ?? 0 },
      indexWritesPerRow: rows > 0 ? Number((this.#indexWrites / rows).toFixed(2)) : 0,
      rowsPerSecond: seconds > 0 ? Math.round(rows / seconds) : 0,
      seconds: Number(seconds.toFixed(3)),
    };
  }
}
