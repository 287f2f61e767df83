import type { AtomId } from '../../../contracts/ids.ts';
import { type MatchLink, orderedPair } from '../../../contracts/subject.ts';
import type { EncodedRecord, MatchModel } from './model.ts';
import type { MatchRules, Neighbourhood } from './neighbourhood.ts';
import { type Contributions, type MatchSubject, merged, subjectBits, subjectOfGroup } from './subject.ts';

/** The neighbourhood while it is worked on: numbered records, the subjects they are in, the likely pairs among them, and what
 * speaks for two subjects being one. Decides nothing. */
export class Ground {
  /** Matches as they stand before the batch. */
  readonly standing: ReadonlySet<MatchLink>;
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
  #comparisons = 0;

  constructor(neighbourhood: Neighbourhood, model: MatchModel, rules: MatchRules) {
    this.#neighbourhood = neighbourhood;
    this.#model = model;
    this.#rules = rules;
    const standing = new Set<MatchLink>();
    for (const { groups, links } of neighbourhood.subjects) {
      const [first, ...rest] = groups.map((group) => this.#groupOf(group)).filter((group) => group !== null);
      if (first === undefined) continue;
      const subject = rest.reduce((sum, group) => merged(sum, group, []), first);
      this.own({ ...subject, links });
      for (const link of links) standing.add(link);
    }
    this.standing = standing;
  }

  /** Of records and of subjects, so far. */
  get comparisons(): number {
    return this.#comparisons;
  }

  get subjects(): ReadonlySet<MatchSubject> {
    return new Set(this.#subjects);
  }

  /** The number of an atom's record; null when nothing is known of it. */
  rowOf(atomId: AtomId): number | null {
    const known = this.#rows.get(atomId);
    if (known !== undefined) return known;
    return this.#groupOf([atomId])?.rows[0] ?? null;
  }

  subjectOf(row: number): MatchSubject {
    return known(this.#subjects[row]);
  }

  groupAt(row: number): MatchSubject {
    return known(this.#groups[row]);
  }

  /** Makes this the subject of its records. */
  own(subject: MatchSubject): void {
    for (const row of subject.rows) this.#subjects[row] = subject;
  }

  isAlive(subject: MatchSubject): boolean {
    return this.#subjects[subject.rows[0] ?? -1] === subject;
  }

  /** The records likely to be of the same person as this one, with the odds in bits. */
  likely(row: number): ReadonlyMap<number, number> {
    return this.#links[row] ?? NOBODY;
  }

  /** Subjects with a record that is likely to be of the same person as one of this. */
  neighboursOf(subject: MatchSubject): ReadonlySet<MatchSubject> {
    const neighbours = new Set<MatchSubject>();
    for (const row of subject.rows)
      for (const other of this.likely(row).keys()) neighbours.add(this.subjectOf(other));
    neighbours.delete(subject);
    return neighbours;
  }

  /** Compares two records, and remembers the pair when it is a likely one. */
  compare(row: number, other: number): void {
    const [a, b] = [this.#encoded[row], this.#encoded[other]];
    if (a === undefined || b === undefined || this.#groups[row] === this.#groups[other]) return;
    if (this.#links[row]?.has(other) === true) return;
    this.#comparisons++;
    const bits = this.#model.pairBits(a, b) + this.#model.priorBits;
    if (bits <= this.#rules.policy.rememberAbove) return;
    this.#links[row]?.set(other, bits);
    this.#links[other]?.set(row, bits);
  }

  /** Whether two subjects must stay two, or would be too large a one. */
  areApart(a: MatchSubject, b: MatchSubject): boolean {
    const atoms = ({ rows }: MatchSubject): AtomId[] => rows.map((row) => known(this.#atoms[row]));
    if (a.rows.length + b.rows.length > this.#rules.policy.regionMax) return true;
    return this.#neighbourhood.areApart(atoms(a), atoms(b));
  }

  /** Posterior odds, in bits, that two subjects are one person. */
  bitsOf(a: MatchSubject, b: MatchSubject, contributions?: Contributions): number {
    this.#comparisons++;
    const household = this.#neighbourhood.householdPriorBits(
      known(this.#atoms[a.rows[0] ?? 0]),
      known(this.#atoms[b.rows[0] ?? 0]),
    );
    return subjectBits(this.#model, this.#rules.policy, household, a, b, contributions);
  }

  compareAtoms(a: AtomId, b: AtomId): void {
    const [row, other] = [this.rowOf(a), this.rowOf(b)];
    if (row !== null && other !== null) this.compare(row, other);
  }

  /** What would join two subjects if a steward says so. The least atom of each stands for it, whichever of them was found
   * first: so a pair of subjects has one review, in any order of arrival. */
  reviewBetween(a: MatchSubject, b: MatchSubject): MatchLink {
    const [x, y] = [this.#leastOf(a), this.#leastOf(b)];
    const [first, second] = orderedPair(x, y);
    const contributions: Contributions = {};
    const bits = first === x ? this.bitsOf(a, b, contributions) : this.bitsOf(b, a, contributions);
    return { a: first, b: second, bits, contributions, model: this.#rules.model };
  }

  #leastOf({ rows }: MatchSubject): AtomId {
    return rows.map((row) => known(this.#atoms[row])).reduce((least, atom) => orderedPair(least, atom)[0]);
  }

  /** What would join two subjects: put between the records of either side that are most alike. */
  linkBetween(a: MatchSubject, b: MatchSubject): MatchLink {
    const contributions: Contributions = {};
    const bits = this.bitsOf(a, b, contributions);
    const [rowA, rowB] = this.#strongestPair(a, b);
    const [first, second] = orderedPair(known(this.#atoms[rowA]), known(this.#atoms[rowB]));
    return { a: first, b: second, bits, contributions, model: this.#rules.model };
  }

  #strongestPair(a: MatchSubject, b: MatchSubject): readonly [number, number] {
    let best: readonly [number, number] = [a.rows[0] ?? 0, b.rows[0] ?? 0];
    let most = Number.NEGATIVE_INFINITY;
    for (const row of a.rows) {
      for (const [other, bits] of this.likely(row)) {
        if (bits <= most || this.#subjects[other] !== b) continue;
        best = [row, other];
        most = bits;
      }
    }
    return best;
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
    this.own(group);
    return group;
  }
}

const NOBODY: ReadonlyMap<number, number> = new Map();

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('no such record');
  return value;
}
