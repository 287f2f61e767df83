import { memoryCandidateIndex } from '../../functions/pipeline/2-identify/probabilistic/candidate-index.ts';
import { Matcher } from '../../functions/pipeline/2-identify/probabilistic/matcher.ts';
import type { JurisdictionDefinition } from '../../functions/registry/jurisdiction-definition.ts';
import type { MatchParameters, Person } from '../../functions/registry/matching/attributes.ts';
import type { MatchPolicy } from '../../functions/registry/matching/parameters.ts';
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
  readonly matcher: Matcher | undefined;
  readonly #options: SimulationOptions;
  readonly #identifiers = new SharedIdentifiers();
  readonly #comparisons: number[] = [];
  #rows = 0;
  /** Milliseconds spent in resolution. */
  #spent = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { mode, parameters, policy, uniqueWithinSource } = options;
    if (mode !== 'off')
      this.matcher = new Matcher({
        parameters,
        policy,
        index: memoryCandidateIndex(policy.blockMax),
        mayMerge: mode === 'on',
        uniqueWithinSource,
      });
  }

  add(person: Person, source: number): void {
    const started = performance.now();
    const row = this.#rows++;
    if (this.#options.mode !== 'on') this.#identifiers.add(row, person);
    this.#comparisons.push(this.matcher?.add(person, source).comparisons ?? 0);
    this.#spent += performance.now() - started;
  }

  /** The subject of each row, named by its first row. */
  partition(): readonly number[] {
    return this.#options.mode === 'on' && this.matcher !== undefined
      ? this.matcher.partition()
      : this.#identifiers.partition(this.#rows);
  }

  /** Pairs of subjects that a steward should look at; those that an identifier has joined are settled. */
  #reviewQueue(partition: readonly number[]): number {
    const reviews = this.matcher?.reviews() ?? [];
    return reviews.filter(({ rows: [a, b] }) => partition[a] !== partition[b]).length;
  }

  report(): SimulationReport {
    const partition = this.partition();
    const subjects = new Set(partition).size;
    const merges = this.#rows - subjects;
    const on = this.#options.mode === 'on';
    const sorted = [...this.#comparisons].sort((a, b) => a - b);
    const quantile = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const seconds = this.#spent / 1_000;
    return {
      probabilistic: this.#options.mode,
      rows: this.#rows,
      subjects,
      merges: { deterministic: on ? 0 : merges, probabilistic: on ? merges : 0 },
      reviewQueue: this.#reviewQueue(partition),
      comparisonsPerRow: { p50: quantile(0.5), p99: quantile(0.99), max: sorted.at(-1) ?? 0 },
      rowsPerSecond: seconds > 0 ? Math.round(this.#rows / seconds) : 0,
      seconds: Number(seconds.toFixed(3)),
    };
  }
}
