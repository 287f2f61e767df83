import type { AtomId } from '../../../contracts/ids.ts';
import { type MatchLink, orderedPair, pairKey } from '../../../contracts/subject.ts';
import type { MatchPolicy } from '../../../registry/matching/parameters.ts';
import { Heap } from './heap.ts';
import type { EncodedRecord, MatchModel } from './model.ts';
import type { MatchRecord } from './record.ts';
import { type Contributions, type MatchSubject, merged, subjectBits, subjectOfGroup } from './subject.ts';

/** What applies to a whole batch. */
export interface MatchRules {
  readonly policy: MatchPolicy;
  /** Whether evidence alone may join subjects; otherwise it only proposes. */
  readonly mayMerge: boolean;
  /** `<model>@<version>`, kept with every link. */
  readonly model: string;
}

/** A subject as it stands: what must stay together, and the matches that hold it together. */
export interface StandingSubject {
  /** Atoms joined by identifiers or by decision: matching never takes these apart. */
  readonly groups: readonly (readonly AtomId[])[];
  readonly links: readonly MatchLink[];
}

/** What is known around the records that changed. */
export interface Neighbourhood {
  readonly records: ReadonlyMap<AtomId, MatchRecord>;
  /** Of several atoms; an atom that none of them names is alone. */
  readonly subjects: readonly StandingSubject[];
  /** Whether two groups of atoms must not be one person's. */
  areApart(a: readonly AtomId[], b: readonly AtomId[]): boolean;
  /** Prior odds, in bits, that an atom of either is one person's and not of two people of one home. */
  householdPriorBits(a: AtomId, b: AtomId): number;
}

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
  for (const { atomId, candidates } of changed) ground.consider(atomId, candidates);
  return ground.outcome();
}

/** Sizes at which a subject is examined again: each half as large again as the one before. */
const GROWTH = 1.5;
const stageOf = (records: number): number => Math.floor(Math.log(records) / Math.log(GROWTH));

type Proposal = readonly [MatchSubject, MatchSubject, bits: number];

/** The neighbourhood while it is worked on; records are numbered. */
class Ground {
  readonly #model: MatchModel;
  readonly #rules: MatchRules;
  readonly #neighbourhood: Neighbourhood;
  readonly #atoms: AtomId[] = [];
  readonly #rows = new Map<AtomId, number>();
  readonly #encoded: EncodedRecord[] = [];
  /** By record: the group it cannot be parted from. */
  readonly #groups: MatchSubject[] = [];
  /** By record: the subject it is in now. */
  readonly #subjects: MatchSubject[] = [];
  /** Likely pairs, by record. */
  readonly #links: Map<number, number>[] = [];
  readonly #standing = new Set<MatchLink>();
  readonly #touched = new Set<number>();
  #comparisons = 0;

  constructor(neighbourhood: Neighbourhood, model: MatchModel, rules: MatchRules) {
    this.#neighbourhood = neighbourhood;
    this.#model = model;
    this.#rules = rules;
    for (const { groups, links } of neighbourhood.subjects) {
      const [first, ...rest] = groups.map((group) => this.#groupOf(group)).filter((group) => group !== null);
      if (first === undefined) continue;
      const subject = rest.reduce((sum, group) => merged(sum, group, []), first);
      this.#own({ ...subject, links });
      for (const link of links) this.#standing.add(link);
    }
  }

  /** Compares a changed record and settles what follows. */
  consider(atomId: AtomId, candidates: readonly AtomId[]): void {
    const row = this.#rowOf(atomId);
    if (row === null) return;
    this.#touched.add(row);
    for (const candidate of candidates) {
      const other = this.#rowOf(candidate);
      if (other !== null) this.#compare(row, other);
    }
    const before = this.#subjectOf(row);
    const wasMatched = before.rows.length > this.#groupAt(row).rows.length;
    if (!wasMatched) this.#settle([before]);
    const joined = this.#subjectOf(row);
    if (wasMatched || (joined.rows.length > 2 && joined.stage < stageOf(joined.rows.length)))
      this.#reexamine(joined);
  }

  outcome(): Matched {
    const now = new Set<MatchLink>();
    for (const subject of new Set(this.#subjects)) for (const link of subject.links) now.add(link);
    const links = [...now].filter((link) => !this.#standing.has(link));
    const renewed = new Set(links.map(({ a, b }) => pairKey(a, b)));
    return {
      links,
      withdrawn: [...this.#standing].filter(
        (link) => !now.has(link) && !renewed.has(pairKey(link.a, link.b)),
      ),
      reviews: this.#reviews(),
      comparisons: this.#comparisons,
    };
  }

  /** Pairs of subjects in the middle band; where evidence alone may not merge, also all above it. */
  #reviews(): readonly MatchReview[] {
    const { policy, mayMerge } = this.#rules;
    const reviews: MatchReview[] = [];
    const seen = new Set<MatchSubject>();
    for (const row of this.#touched) {
      const subject = this.#subjectOf(row);
      seen.add(subject);
      for (const other of this.#neighboursOf(subject)) {
        if (seen.has(other) || this.#areApart(subject, other)) continue;
        const review = this.#linkBetween(subject, other);
        if (review.bits >= policy.reviewAbove && (review.bits <= policy.mergeAbove || !mayMerge))
          reviews.push(review);
      }
    }
    return reviews.sort((a, b) => b.bits - a.bits);
  }

  #compare(row: number, other: number): void {
    const [a, b] = [this.#encoded[row], this.#encoded[other]];
    if (a === undefined || b === undefined || this.#groups[row] === this.#groups[other]) return;
    if (this.#links[row]?.has(other) === true) return;
    this.#comparisons++;
    const bits = this.#model.pairBits(a, b) + this.#model.priorBits;
    if (bits <= this.#rules.policy.rememberAbove) return;
    this.#links[row]?.set(other, bits);
    this.#links[other]?.set(row, bits);
  }

  /** Merges subjects as long as the evidence favours it, the strongest first, starting from these. */
  #settle(starts: readonly MatchSubject[], seeds?: Heap<Proposal>): void {
    const heap = seeds ?? new Heap<Proposal>();
    for (const start of starts) this.#propose(start, heap);
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
      const [a, b] = next;
      if (!this.#isAlive(a) || !this.#isAlive(b)) continue;
      // The proposal may rest on one pair; what counts is the whole of both.
      const link = this.#linkBetween(a, b);
      if (link.bits <= this.#rules.policy.mergeAbove) continue;
      const subject = merged(a, b, [link]);
      this.#own(subject);
      this.#propose(subject, heap);
    }
  }

  #propose(subject: MatchSubject, heap: Heap<Proposal>): void {
    if (!this.#rules.mayMerge) return;
    for (const other of this.#neighboursOf(subject)) {
      if (this.#areApart(subject, other)) continue;
      const bits = this.#bitsOf(subject, other);
      if (bits > this.#rules.policy.mergeAbove) heap.push(bits, subject.rows[0] ?? 0, [subject, other, bits]);
    }
  }

  /** Takes a subject and those next to it apart, and puts their groups together again. */
  #reexamine(subject: MatchSubject): void {
    const region = this.#regionAround(subject);
    const before = new Map(region.map((member) => [keyOf(member), member]));
    const groups = new Set(region.flatMap(({ rows }) => rows.map((row) => this.#groupAt(row))));
    for (const group of groups) this.#own(group);
    const rows = [...groups].flatMap((group) => group.rows);
    for (const [at, row] of rows.entries()) for (const other of rows.slice(0, at)) this.#compare(row, other);
    const heap = new Heap<Proposal>();
    const inside = new Set(rows);
    if (this.#rules.mayMerge)
      for (const row of rows) {
        for (const [other, bits] of this.#links[row] ?? []) {
          if (other > row || !inside.has(other) || bits <= this.#rules.policy.mergeAbove) continue;
          const [a, b] = [this.#subjectOf(row), this.#subjectOf(other)];
          if (a !== b && !this.#areApart(a, b)) heap.push(bits, row, [a, b, bits]);
        }
      }
    this.#settle([], heap);
    const results = new Set(rows.map((row) => this.#subjectOf(row)));
    this.#settle([...results].filter((result) => groups.has(result)));
    for (const result of new Set(rows.map((row) => this.#subjectOf(row)))) {
      // What came out as it went in keeps the links it had, and their explanations.
      const same = before.get(keyOf(result));
      this.#own({ ...result, links: same?.links ?? result.links, stage: stageOf(result.rows.length) });
    }
  }

  /** The subject, and those linked to it by likely pairs, strongest first, within bounds. */
  #regionAround(subject: MatchSubject): readonly MatchSubject[] {
    const strength = new Map<MatchSubject, number>();
    for (const row of subject.rows) {
      for (const [other, bits] of this.#links[row] ?? []) {
        const next = this.#subjectOf(other);
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

  #neighboursOf(subject: MatchSubject): ReadonlySet<MatchSubject> {
    const neighbours = new Set<MatchSubject>();
    for (const row of subject.rows)
      for (const other of this.#links[row]?.keys() ?? []) neighbours.add(this.#subjectOf(other));
    neighbours.delete(subject);
    return neighbours;
  }

  #areApart(a: MatchSubject, b: MatchSubject): boolean {
    const atoms = ({ rows }: MatchSubject): AtomId[] => rows.map((row) => this.#atomAt(row));
    if (a.rows.length + b.rows.length > this.#rules.policy.regionMax) return true;
    return this.#neighbourhood.areApart(atoms(a), atoms(b));
  }

  #bitsOf(a: MatchSubject, b: MatchSubject, contributions?: Contributions): number {
    this.#comparisons++;
    const household = this.#neighbourhood.householdPriorBits(
      this.#atomAt(a.rows[0] ?? 0),
      this.#atomAt(b.rows[0] ?? 0),
    );
    return subjectBits(this.#model, this.#rules.policy, household, a, b, contributions);
  }

  #linkBetween(a: MatchSubject, b: MatchSubject): MatchLink {
    const contributions: Contributions = {};
    const bits = this.#bitsOf(a, b, contributions);
    const [rowA, rowB] = this.#strongestPair(a, b);
    const [first, second] = orderedPair(this.#atomAt(rowA), this.#atomAt(rowB));
    return { a: first, b: second, bits, contributions, model: this.#rules.model };
  }

  /** A record of either side, those most alike: where the link is put. */
  #strongestPair(a: MatchSubject, b: MatchSubject): readonly [number, number] {
    let best: readonly [number, number] = [a.rows[0] ?? 0, b.rows[0] ?? 0];
    let most = Number.NEGATIVE_INFINITY;
    for (const row of a.rows) {
      for (const [other, bits] of this.#links[row] ?? []) {
        if (bits <= most || this.#subjects[other] !== b) continue;
        best = [row, other];
        most = bits;
      }
    }
    return best;
  }

  #rowOf(atomId: AtomId): number | null {
    const known = this.#rows.get(atomId);
    if (known !== undefined) return known;
    return this.#groupOf([atomId])?.rows[0] ?? null;
  }

  /** Numbers the records of atoms that belong together; null when none of them has one. */
  #groupOf(atoms: readonly AtomId[]): MatchSubject | null {
    const first = this.#atoms.length;
    for (const atomId of atoms) {
      const record = this.#neighbourhood.records.get(atomId);
      if (record === undefined) continue;
      this.#rows.set(atomId, this.#atoms.length);
      this.#atoms.push(atomId);
      this.#encoded.push(this.#model.encode(record));
      this.#links.push(new Map());
    }
    if (this.#atoms.length === first) return null;
    const group = subjectOfGroup(first, this.#encoded.slice(first));
    for (const row of group.rows) this.#groups[row] = group;
    this.#own(group);
    return group;
  }

  #own(subject: MatchSubject): void {
    for (const row of subject.rows) this.#subjects[row] = subject;
  }

  #isAlive(subject: MatchSubject): boolean {
    return this.#subjects[subject.rows[0] ?? -1] === subject;
  }

  #subjectOf(row: number): MatchSubject {
    return known(this.#subjects[row]);
  }
  #groupAt(row: number): MatchSubject {
    return known(this.#groups[row]);
  }
  #atomAt(row: number): AtomId {
    return known(this.#atoms[row]);
  }
}

const keyOf = ({ rows }: MatchSubject): string => [...rows].sort((a, b) => a - b).join();

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('no such record');
  return value;
}
