import type { MatchParameters, Person } from '../../../registry/matching/attributes.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { blockingKeys } from './blocking-keys.ts';
import { type CandidateIndex, candidatesOf } from './candidate-index.ts';
import type { MatchExplanation, MatchReview } from './findings.ts';
import { Heap } from './heap.ts';
import { type EncodedRecord, MatchModel } from './model.ts';
import { matchRecordOf } from './record.ts';
import { type Contributions, type MatchSubject, merged, subjectBits, subjectOfRecord } from './subject.ts';

/** A rank above any evidence: decisions of a steward are carried out first. */
const DECIDED = Number.MAX_VALUE;

/** A subject is examined again when it, or the population, has grown by this factor since: the work stays proportional
 * to the number of records. */
const GROWTH = 1.5;

interface Link {
  readonly to: number;
  readonly bits: number;
}

export interface MatcherOptions {
  readonly parameters: MatchParameters;
  readonly policy: MatchPolicy;
  readonly index: CandidateIndex;
  /** Whether evidence alone may join subjects; otherwise it only proposes. */
  readonly mayMerge: boolean;
  /** Records of one source are known to be different people. */
  readonly uniqueWithinSource: boolean;
}

/**
 * Probabilistic identity resolution, one record at a time.
 *
 * A new record is compared with those that share a blocking key, and joins the subject that it fits best, if the odds
 * favour it; subjects that the new record brings near each other are then looked at as wholes. Decisions are revised:
 * a subject that has grown by half, and every one not examined since the population grew by half, is taken apart
 * with those next to it and put together again, strongest evidence first (agglomerative, as if its records had just
 * come in together). So the result depends little on the order of arrival. A pair that a steward told apart is never in
 * one subject.
 */
export class Matcher {
  readonly #options: MatcherOptions;
  readonly #model: MatchModel;
  readonly #records: EncodedRecord[] = [];
  readonly #sources: number[] = [];
  readonly #links: Link[][] = [];
  readonly #subjects: MatchSubject[] = [];
  readonly #same = new Map<number, Set<number>>();
  readonly #different = new Map<number, Set<number>>();
  /** Subjects in the order of their last examination. */
  readonly #aging: MatchSubject[] = [];
  #agingHead = 0;
  #comparisons = 0;

  constructor(options: MatcherOptions) {
    this.#options = options;
    this.#model = new MatchModel(options.parameters, options.policy);
  }

  /** Takes one record in.
   * @returns its row number (counted from 0), and how many comparisons it cost, of records and of subjects */
  add(person: Person, source: number): { readonly row: number; readonly comparisons: number } {
    const { policy, index } = this.#options;
    this.#comparisons = 0;
    const row = this.#records.length;
    const record = matchRecordOf(person);
    const keys = blockingKeys(record);
    const candidates = candidatesOf(index, keys, row, policy.candidatesMax);
    const encoded = this.#model.encode(record);
    this.#records.push(encoded);
    this.#sources.push(source);
    this.#links.push([]);
    for (const candidate of candidates) this.#compare(row, encoded, candidate);
    for (const key of keys) index.add(key, row);
    const subject = subjectOfRecord(row, encoded, source, this.#model.population);
    this.#subjects.push(subject);
    this.#aging.push(subject);
    this.#settle([subject]);
    const joined = this.#subjectOf(row);
    if (joined.rows.length >= GROWTH * joined.examinedSize && joined.rows.length > 2) this.#reexamine(joined);
    this.#reexamineOldest();
    return { row, comparisons: this.#comparisons };
  }

  /** Records a steward's decision about two records; later evidence cannot override it. The latest decision holds. */
  decide(a: number, b: number, verdict: 'same' | 'different'): void {
    const [made, withdrawn] =
      verdict === 'same' ? [this.#same, this.#different] : [this.#different, this.#same];
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      withdrawn.get(x)?.delete(y);
      const known = made.get(x);
      if (known === undefined) made.set(x, new Set([y]));
      else known.add(y);
    }
    for (const row of [a, b]) this.#reexamine(this.#subjectOf(row));
  }

  /** The subject of every record, named by the subject's first record. */
  partition(): readonly number[] {
    return this.#subjects.map(({ rows }) => rows.reduce((first, row) => Math.min(first, row)));
  }

  /** All subjects as they stand. */
  subjects(): readonly MatchSubject[] {
    return [...new Set(this.#subjects)];
  }

  /** Pairs of subjects in the middle band; where evidence alone may not merge, also all above it. */
  reviews(): readonly MatchReview[] {
    const { policy, mayMerge } = this.#options;
    const reviews: MatchReview[] = [];
    for (const subject of this.subjects()) {
      for (const other of this.#neighboursOf(subject)) {
        const [row = 0, otherRow = 0] = [subject.rows[0], other.rows[0]];
        if (row > otherRow || this.#areApart(subject, other)) continue;
        const contributions: Contributions = {};
        const bits = this.#bitsOf(subject, other, contributions);
        if (bits >= policy.reviewAbove && (bits <= policy.mergeAbove || !mayMerge))
          reviews.push({ rows: [row, otherRow], bits, contributions });
      }
    }
    return reviews.sort((a, b) => b.bits - a.bits);
  }

  explain(a: number, b: number): MatchExplanation {
    const [recordA, recordB] = [this.#records[a], this.#records[b]];
    if (recordA === undefined || recordB === undefined) throw new RangeError('no such row');
    const [subjectA, subjectB] = [this.#subjectOf(a), this.#subjectOf(b)];
    const sameSubject = subjectA === subjectB;
    const pair = this.#model.contributions(recordA, recordB);
    const { priorBits } = this.#model;
    if (sameSubject) return { sameSubject, priorBits, pair, edges: subjectA.edges };
    const contributions: Contributions = {};
    const bits = this.#bitsOf(subjectA, subjectB, contributions);
    return { sameSubject, priorBits, pair, subjects: { bits, contributions } };
  }

  #compare(row: number, record: EncodedRecord, candidate: number): void {
    const other = this.#records[candidate];
    if (other === undefined) return;
    this.#comparisons++;
    const bits = this.#model.pairBits(record, other) + this.#model.priorBits;
    if (bits <= this.#options.policy.rememberAbove) return;
    this.#links[row]?.push({ to: candidate, bits });
    this.#links[candidate]?.push({ to: row, bits });
  }

  /** Merges subjects as long as the evidence favours it, the strongest first, starting from these. */
  #settle(
    starts: readonly MatchSubject[],
    seeds?: Heap<readonly [MatchSubject, MatchSubject, number]>,
  ): void {
    const heap = seeds ?? new Heap<readonly [MatchSubject, MatchSubject, number]>();
    for (const start of starts) this.#propose(start, heap);
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
      const [a, b, bits] = next;
      if (!a.alive || !b.alive) continue;
      const contributions: Contributions = {};
      // Evidence kept from earlier is looked at again before anything is built on it.
      const now = bits === DECIDED ? DECIDED : this.#bitsOf(a, b, contributions);
      if (now <= this.#options.policy.mergeAbove) continue;
      const subject = merged(a, b, {
        rows: [a.rows[0] ?? 0, b.rows[0] ?? 0],
        bits: now === DECIDED ? null : now,
        contributions,
      });
      a.alive = false;
      b.alive = false;
      this.#own(subject);
      this.#propose(subject, heap);
    }
  }

  #propose(subject: MatchSubject, heap: Heap<readonly [MatchSubject, MatchSubject, number]>): void {
    for (const other of this.#decidedSame(subject)) {
      if (!this.#areApart(subject, other)) heap.push(DECIDED, 0, [subject, other, DECIDED]);
    }
    if (!this.#options.mayMerge) return;
    for (const other of this.#neighboursOf(subject)) {
      if (this.#areApart(subject, other)) continue;
      const bits = this.#bitsOf(subject, other);
      if (bits > this.#options.policy.mergeAbove)
        heap.push(bits, subject.rows[0] ?? 0, [subject, other, bits]);
    }
  }

  /** Takes a subject and those next to it apart, and puts their records together again. */
  #reexamine(subject: MatchSubject): void {
    const { policy, mayMerge } = this.#options;
    const region = this.#regionAround(subject);
    const rows = region.flatMap((member) => member.rows);
    for (const member of region) member.alive = false;
    for (const row of rows) {
      const record = this.#records[row];
      if (record === undefined) continue;
      this.#own(subjectOfRecord(row, record, this.#sources[row] ?? 0, this.#model.population));
    }
    const inside = new Set(rows);
    const heap = new Heap<readonly [MatchSubject, MatchSubject, number]>();
    for (const row of rows) {
      const own = this.#subjectOf(row);
      for (const other of this.#decidedSame(own))
        if (!this.#areApart(own, other)) heap.push(DECIDED, row, [own, other, DECIDED]);
      if (!mayMerge) continue;
      for (const { to, bits } of this.#links[row] ?? []) {
        if (to > row || !inside.has(to) || bits <= policy.mergeAbove) continue;
        const other = this.#subjectOf(to);
        if (!this.#areApart(own, other)) heap.push(bits, row, [own, other, bits]);
      }
    }
    this.#settle([], heap);
    const results = new Set(rows.map((row) => this.#subjectOf(row)));
    this.#settle([...results].filter((result) => result.rows.length === 1));
    for (const result of new Set(rows.map((row) => this.#subjectOf(row)))) {
      result.examinedAt = this.#model.population;
      result.examinedSize = result.rows.length;
      this.#aging.push(result);
    }
  }

  /** The subject, and those linked to it by likely pairs, strongest first, within bounds. */
  #regionAround(subject: MatchSubject): readonly MatchSubject[] {
    const strength = new Map<MatchSubject, number>();
    for (const row of subject.rows) {
      for (const { to, bits } of this.#links[row] ?? []) {
        const other = this.#subjectOf(to);
        if (other === subject || bits <= this.#options.policy.mergeAbove) continue;
        strength.set(other, Math.max(strength.get(other) ?? bits, bits));
      }
    }
    const region = [subject];
    let size = subject.rows.length;
    for (const [other] of [...strength].sort(([, a], [, b]) => b - a)) {
      if (size + other.rows.length > this.#options.policy.regionMax) continue;
      region.push(other);
      size += other.rows.length;
    }
    return region;
  }

  /** One subject that was not examined since the population grew by GROWTH is examined again. */
  #reexamineOldest(): void {
    for (;;) {
      const oldest = this.#aging[this.#agingHead];
      if (oldest === undefined || (oldest.alive && GROWTH * oldest.examinedAt > this.#model.population))
        return;
      this.#agingHead++;
      if (this.#agingHead > 1_024 && 2 * this.#agingHead > this.#aging.length) {
        this.#aging.splice(0, this.#agingHead);
        this.#agingHead = 0;
      }
      if (oldest.alive && GROWTH * oldest.examinedAt <= this.#model.population) {
        this.#reexamine(oldest);
        return;
      }
    }
  }

  #neighboursOf(subject: MatchSubject): ReadonlySet<MatchSubject> {
    const neighbours = new Set<MatchSubject>();
    for (const row of subject.rows)
      for (const { to } of this.#links[row] ?? []) neighbours.add(this.#subjectOf(to));
    neighbours.delete(subject);
    return neighbours;
  }

  #decidedSame(subject: MatchSubject): readonly MatchSubject[] {
    if (this.#same.size === 0) return [];
    const others = new Set<MatchSubject>();
    for (const row of subject.rows)
      for (const other of this.#same.get(row) ?? []) others.add(this.#subjectOf(other));
    others.delete(subject);
    return [...others];
  }

  /** Whether the two must not be one: told apart by a steward, or with records of one source that has no duplicates. */
  #areApart(a: MatchSubject, b: MatchSubject): boolean {
    if (this.#options.uniqueWithinSource)
      for (const source of a.sources) if (b.sources.has(source)) return true;
    if (this.#different.size === 0) return false;
    return a.rows.some((row) => {
      const apart = this.#different.get(row);
      return apart !== undefined && b.rows.some((other) => apart.has(other));
    });
  }

  #bitsOf(a: MatchSubject, b: MatchSubject, contributions?: Contributions): number {
    this.#comparisons++;
    return subjectBits(this.#model, this.#options.policy, a, b, contributions);
  }

  #own(subject: MatchSubject): void {
    for (const row of subject.rows) this.#subjects[row] = subject;
  }

  #subjectOf(row: number): MatchSubject {
    const subject = this.#subjects[row];
    if (subject === undefined) throw new RangeError(`row ${row} is in no subject`);
    return subject;
  }
}
