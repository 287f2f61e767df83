import type { AtomId, SubjectId } from '../../functions/contracts/ids.ts';
import { type MatchLink, subjectIdOf } from '../../functions/contracts/subject.ts';
import type { Matched, StandingSubject } from '../../functions/pipeline/2-identify/probabilistic/match-batch.ts';
import type { People, StandingPeople } from '../../functions/pipeline/2-identify/probabilistic/matching.ts';
import type { KnownRecord } from '../../functions/pipeline/2-identify/probabilistic/ports.ts';
import type { MatchRecord } from '../../functions/pipeline/2-identify/probabilistic/record.ts';

import type { Overlap } from './overlap.ts';

interface MemorySubject {
  readonly id: SubjectId;
  readonly atoms: readonly AtomId[];
  readonly links: readonly MatchLink[];
}

/** The people of an export, in memory. */
export class MemoryPeople implements People {
  readonly #records = new Map<AtomId, MatchRecord>();
  readonly #sources = new Map<AtomId, number>();
  readonly #subjects = new Map<AtomId, MemorySubject>();
  readonly #byId = new Map<SubjectId, MemorySubject>();
  readonly #overlap: Overlap | null;
  readonly #householdPriorBits: number;

  /** @param overlap where sources have no duplicates */
  constructor(overlap: Overlap | null, householdPriorBits: number) {
    this.#overlap = overlap;
    this.#householdPriorBits = householdPriorBits;
  }

  add(atomId: AtomId, record: MatchRecord, source: number): void {
    this.#records.set(atomId, record);
    this.#sources.set(atomId, source);
    this.#overlap?.arrive(source);
  }

  recordOf(atomId: AtomId): MatchRecord | undefined {
    return this.#records.get(atomId);
  }
  subjectOf(atomId: AtomId): MemorySubject | undefined {
    return this.#subjects.get(atomId);
  }

  async records(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, KnownRecord>> {
    const found = new Map<AtomId, KnownRecord>();
    for (const atomId of atomIds) {
      const record = this.#records.get(atomId);
      if (record !== undefined) found.set(atomId, { record, subjectId: this.#subjects.get(atomId)?.id ?? null });
    }
    return found;
  }

  async subjects(subjectIds: readonly SubjectId[]): Promise<StandingPeople> {
    const subjects: StandingSubject[] = [];
    const records = new Map<AtomId, MatchRecord>();
    for (const id of subjectIds) {
      const subject = this.#byId.get(id);
      if (subject === undefined) continue;
      subjects.push({ groups: subject.atoms.map((atom) => [atom]), links: subject.links });
      for (const atom of subject.atoms) {
        const record = this.#records.get(atom);
        if (record !== undefined) records.set(atom, record);
      }
    }
    return { subjects, records, areApart: this.areApart, householdPriorBits: this.householdPriorBits };
  }

  readonly areApart = (a: readonly AtomId[], b: readonly AtomId[]): boolean => {
    if (this.#overlap === null) return false;
    const sources = new Set(a.map((atom) => this.#sources.get(atom)));
    return b.some((atom) => sources.has(this.#sources.get(atom)));
  };

  readonly householdPriorBits = (a: AtomId, b: AtomId): number =>
    this.#householdPriorBits + (this.#overlap?.bits(this.#sourceOf(a), this.#sourceOf(b)) ?? 0);

  #sourceOf(atomId: AtomId): number {
    return this.#sources.get(atomId) ?? -1;
  }

  /** Takes the outcome over, as the graph would. */
  apply({ links, withdrawn }: Pick<Matched, 'links' | 'withdrawn'>): void {
    if (links.length + withdrawn.length === 0) return;
    const touched = new Set<MemorySubject>();
    const atoms = new Set<AtomId>();
    for (const { a, b } of [...links, ...withdrawn])
      for (const end of [a, b]) {
        const subject = this.#subjects.get(end);
        atoms.add(end);
        if (subject !== undefined) touched.add(subject);
      }
    const gone = new Set(withdrawn);
    const kept = [...touched].flatMap((subject) => subject.links).filter((link) => !gone.has(link));
    for (const subject of touched) {
      this.#byId.delete(subject.id);
      for (const atom of subject.atoms) {
        atoms.add(atom);
        this.#subjects.delete(atom);
        this.#overlap?.join(this.#sourceOf(atom), -1);
      }
    }
    const all = [...kept, ...links];
    for (const group of componentsOf([...atoms], all)) {
      if (group.length < 2) continue;
      const members = new Set(group);
      const subject = { id: subjectIdOf(group), atoms: group, links: all.filter(({ a }) => members.has(a)) };
      this.#byId.set(subject.id, subject);
      for (const atom of group) {
        this.#subjects.set(atom, subject);
        this.#overlap?.join(this.#sourceOf(atom), 1);
      }
    }
  }
}

function componentsOf(atoms: readonly AtomId[], links: readonly MatchLink[]): readonly AtomId[][] {
  const leader = new Map<AtomId, AtomId>();
  const find = (atom: AtomId): AtomId => {
    let at = atom;
    for (let next = leader.get(at); next !== undefined; next = leader.get(at)) at = next;
    return at;
  };
  for (const { a, b } of links) {
    const [x, y] = [find(a), find(b)];
    if (x !== y) leader.set(x, y);
  }
  const groups = new Map<AtomId, AtomId[]>();
  for (const atom of atoms) {
    const group = groups.get(find(atom));
    if (group === undefined) groups.set(find(atom), [atom]);
    else group.push(atom);
  }
  return [...groups.values()];
}
