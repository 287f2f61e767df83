import type { AtomPair } from '../../../contracts/identity-review.ts';
import type { AtomId } from '../../../contracts/ids.ts';
import { type MatchLink, pairKey } from '../../../contracts/subject.ts';
import { Ground } from './ground.ts';
import { Heap } from './heap.ts';
import type { MatchModel } from './model.ts';
import type { MatchRules, Neighbourhood } from './neighbourhood.ts';
import { type MatchSubject, merged } from './subject.ts';

/** A record that is new or says something new, and those it is compared with. */
export interface ChangedRecord {
  readonly atomId: AtomId;
  readonly candidates: readonly AtomId[];
}

/** Two subjects that may be one person: for a steward to decide. */
export interface MatchReview extends MatchLink {}

export interface Matched {
  /** Links to add; a link between the same two atoms replaces the former. */
  readonly links: readonly MatchLink[];
  readonly withdrawn: readonly MatchLink[];
  readonly reviews: readonly MatchReview[];
  /** Pairs that waited for a steward and need nobody's decision any more: they are one subject by now, or must stay two, or
   * the evidence is too weak, or (where it may join) strong enough; or another pair stands for the same two subjects. */
  readonly settled: readonly AtomPair[];
  /** Of records and of subjects. */
  readonly comparisons: number;
}

/**
 * Probabilistic identity resolution of the records that changed, within their neighbourhood. Pure.
 *
 * A changed record is compared with its candidates, and its subject joins the one that it fits best, if the odds favour
 * it; subjects that it brings near each other are then looked at as wholes. A subject that has grown by half, or of
 * which a record changed, is taken apart with those next to it (down to what identifiers and decisions join) and put
 * together again, strongest evidence first, as if its records had just come in together. So the result depends little on
 * the order of arrival. What changes is links alone: ordinary edges, added and withdrawn.
 */
export function matchBatch(
  changed: readonly ChangedRecord[],
  neighbourhood: Neighbourhood,
  model: MatchModel,
  rules: MatchRules,
): Matched {
  const ground = new Ground(neighbourhood, model, rules);
  const waiting = neighbourhood.waiting ?? [];
  for (const [a, b] of waiting) ground.compareAtoms(a, b);
  const assembly = new Assembly(ground, rules, waiting);
  for (const { atomId, candidates } of changed) assembly.consider(atomId, candidates);
  return assembly.outcome();
}

/** Sizes at which a subject is examined again: each half as large again as the one before. */
const GROWTH = 1.5;
const stageOf = (records: number): number => Math.floor(Math.log(records) / Math.log(GROWTH));

type Proposal = readonly [MatchSubject, MatchSubject, bits: number];

/** Puts subjects together and takes them apart, as the evidence on the ground favours it. */
class Assembly {
  readonly #ground: Ground;
  readonly #rules: MatchRules;
  readonly #waiting: readonly AtomPair[];
  readonly #touched = new Set<number>();

  constructor(ground: Ground, rules: MatchRules, waiting: readonly AtomPair[]) {
    this.#ground = ground;
    this.#rules = rules;
    this.#waiting = waiting;
  }

  /** Compares a changed record and settles what follows. */
  consider(atomId: AtomId, candidates: readonly AtomId[]): void {
    const row = this.#ground.rowOf(atomId);
    if (row === null) return;
    this.#touched.add(row);
    for (const candidate of candidates) {
      const other = this.#ground.rowOf(candidate);
      if (other !== null) this.#ground.compare(row, other);
    }
    const before = this.#ground.subjectOf(row);
    const wasMatched = before.rows.length > this.#ground.groupAt(row).rows.length;
    if (!wasMatched) this.#settle([before]);
    const joined = this.#ground.subjectOf(row);
    if (wasMatched || (joined.rows.length > 2 && joined.stage < stageOf(joined.rows.length)))
      this.#reexamine(joined);
  }

  outcome(): Matched {
    const now = new Set<MatchLink>();
    for (const subject of this.#ground.subjects) for (const link of subject.links) now.add(link);
    const links = [...now].filter((link) => !this.#ground.standing.has(link));
    const renewed = new Set(links.map(({ a, b }) => pairKey(a, b)));
    const reviews = this.#reviews();
    return {
      links,
      withdrawn: [...this.#ground.standing].filter(
        (link) => !now.has(link) && !renewed.has(pairKey(link.a, link.b)),
      ),
      reviews,
      settled: this.#settled(reviews),
      comparisons: this.#ground.comparisons,
    };
  }

  /** Pairs of subjects in the middle band; where evidence alone may not merge, also all above it. */
  #reviews(): readonly MatchReview[] {
    const { policy, mayMerge } = this.#rules;
    const reviews: MatchReview[] = [];
    const seen = new Set<MatchSubject>();
    for (const row of this.#touched) {
      const subject = this.#ground.subjectOf(row);
      seen.add(subject);
      for (const other of this.#ground.neighboursOf(subject)) {
        if (seen.has(other) || this.#ground.areApart(subject, other)) continue;
        const review = this.#ground.reviewBetween(subject, other);
        if (review.bits >= policy.reviewAbove && (review.bits <= policy.mergeAbove || !mayMerge))
          reviews.push(review);
      }
    }
    return reviews.sort((a, b) => b.bits - a.bits);
  }

  /** Of what waited, what was looked at again and is not proposed again. Somebody who may not be compared now is left waiting. */
  #settled(reviews: readonly MatchReview[]): readonly AtomPair[] {
    const open = new Set(reviews.map(({ a, b }) => pairKey(a, b)));
    const looked = new Set([...this.#touched].map((row) => this.#ground.subjectOf(row)));
    const isLookedAt = (pair: AtomPair): boolean => {
      const [x, y] = pair.map((atomId) => this.#ground.rowOf(atomId));
      if (x == null || y == null) return false;
      return looked.has(this.#ground.subjectOf(x)) || looked.has(this.#ground.subjectOf(y));
    };
    return this.#waiting.filter((pair) => !open.has(pairKey(...pair)) && isLookedAt(pair));
  }

  /** Merges subjects as long as the evidence favours it, the strongest first, starting from these. */
  #settle(starts: readonly MatchSubject[], seeds?: Heap<Proposal>): void {
    const heap = seeds ?? new Heap<Proposal>();
    for (const start of starts) this.#propose(start, heap);
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
      const [a, b] = next;
      if (!this.#ground.isAlive(a) || !this.#ground.isAlive(b)) continue;
      // The proposal may rest on one pair; what counts is the whole of both.
      const link = this.#ground.linkBetween(a, b);
      if (link.bits <= this.#rules.policy.mergeAbove) continue;
      const subject = merged(a, b, [link]);
      this.#ground.own(subject);
      this.#propose(subject, heap);
    }
  }

  #propose(subject: MatchSubject, heap: Heap<Proposal>): void {
    if (!this.#rules.mayMerge) return;
    for (const other of this.#ground.neighboursOf(subject)) {
      if (this.#ground.areApart(subject, other)) continue;
      const bits = this.#ground.bitsOf(subject, other);
      if (bits > this.#rules.policy.mergeAbove) heap.push(bits, subject.rows[0] ?? 0, [subject, other, bits]);
    }
  }

  /** Takes a subject and those next to it apart, and puts their groups together again. */
  #reexamine(subject: MatchSubject): void {
    const region = this.#regionAround(subject);
    const before = new Map(region.map((member) => [keyOf(member), member]));
    const groups = new Set(region.flatMap(({ rows }) => rows.map((row) => this.#ground.groupAt(row))));
    for (const group of groups) this.#ground.own(group);
    const rows = [...groups].flatMap((group) => group.rows);
    for (const [at, row] of rows.entries())
      for (const other of rows.slice(0, at)) this.#ground.compare(row, other);
    const heap = new Heap<Proposal>();
    const inside = new Set(rows);
    if (this.#rules.mayMerge)
      for (const row of rows) {
        for (const [other, bits] of this.#ground.likely(row)) {
          if (other > row || !inside.has(other) || bits <= this.#rules.policy.mergeAbove) continue;
          const [a, b] = [this.#ground.subjectOf(row), this.#ground.subjectOf(other)];
          if (a !== b && !this.#ground.areApart(a, b)) heap.push(bits, row, [a, b, bits]);
        }
      }
    this.#settle([], heap);
    const results = new Set(rows.map((row) => this.#ground.subjectOf(row)));
    this.#settle([...results].filter((result) => groups.has(result)));
    for (const result of new Set(rows.map((row) => this.#ground.subjectOf(row)))) {
      // What came out as it went in keeps the links it had, and their explanations.
      const same = before.get(keyOf(result));
      this.#ground.own({ ...result, links: same?.links ?? result.links, stage: stageOf(result.rows.length) });
    }
  }

  /** The subject, and those linked to it by likely pairs, strongest first, within bounds. */
  #regionAround(subject: MatchSubject): readonly MatchSubject[] {
    const strength = new Map<MatchSubject, number>();
    for (const row of subject.rows) {
      for (const [other, bits] of this.#ground.likely(row)) {
        const next = this.#ground.subjectOf(other);
        if (next === subject || bits <= this.#rules.policy.mergeAbove) continue;
        strength.set(next, Math.max(strength.get(next) ?? bits, bits));
      }
    }
    const region = [subject];
    let size = subject.rows.length;
    for (const [other] of [...strength].sort(([, a], [, b]) => b - a)) {
      if (size + other.rows.length > this.#rules.policy.regionMax) continue;
      region.push(other);
      size += other.rows.length;
    }
    return region;
  }
}

const keyOf = ({ rows }: MatchSubject): string => [...rows].sort((a, b) => a - b).join();
