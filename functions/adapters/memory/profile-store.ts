import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { pagesFrom } from '../../pipeline/3-profile/seen.ts';
import type {
  PageWrite,
  ProfileStore,
  StoredNode,
  StoredPerson,
  StoredSubject,
  World,
  WriteUnit,
} from '../../pipeline/understand/ports.ts';
import { asKeptAt, asUnknown, mayBeKnown } from '../kept.ts';

/** The profile store in memory, with the same conditions as the real one; for unit and property tests. */
export class MemoryProfileStore implements ProfileStore {
  readonly #clock: () => EpochMs;
  readonly nodes = new Map<IdentifierToken, StoredNode>();
  readonly subjects = new Map<SubjectId, StoredSubject>();
  readonly persons = new Map<AtomId, StoredPerson>();
  readonly pages = new Map<AtomId, Map<string, PageWrite>>();

  /** @param clock what is past its time by it counts for nothing; without one, nothing ever is */
  constructor(clock: () => EpochMs = () => Number.NEGATIVE_INFINITY) {
    this.#clock = clock;
  }

  async read(
    nodes: readonly IdentifierToken[],
    subjects: readonly SubjectId[],
    _consistent?: boolean,
    persons: readonly AtomId[] = [],
  ): Promise<World> {
    const pick = <K, V>(from: ReadonlyMap<K, V>, keys: readonly K[]): ReadonlyMap<K, V> => {
      const found = new Map<K, V>();
      for (const key of keys) {
        const value = from.get(key);
        if (value !== undefined) found.set(key, value);
      }
      return found;
    };
    const kept = [...pick(this.nodes, nodes)].map(
      ([id, node]) => [id, asKeptAt(node, this.#clock())] as const,
    );
    const now = this.#clock();
    const shown = [...pick(this.persons, persons)].map(
      ([id, person]) =>
        [id, mayBeKnown(person, this.nodes.get(id), now) ? person : asUnknown(person)] as const,
    );
    return { nodes: new Map(kept), subjects: pick(this.subjects, subjects), persons: new Map(shown) };
  }

  async storedPersons(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, StoredPerson>> {
    return new Map(atomIds.flatMap((id) => this.persons.get(id) ?? []).map((person) => [person.id, person]));
  }

  async pagedMessages(atomId: AtomId, since: EpochMs): Promise<ReadonlySet<string>> {
    const pages = [...(this.pages.get(atomId) ?? new Map<string, PageWrite>()).values()];
    const kept = pages.filter((page) => page.key >= pagesFrom(since) && page.keptUntil > this.#clock());
    return new Set(kept.flatMap(({ messages }) => messages));
  }

  async write(units: readonly WriteUnit[]): Promise<readonly ('written' | 'conflict')[]> {
    return units.map((unit) => this.#writeUnit(unit));
  }

  #writeUnit(unit: WriteUnit): 'written' | 'conflict' {
    for (const page of unit.pages) {
      const pages = this.pages.get(page.atomId) ?? new Map<string, PageWrite>();
      this.pages.set(page.atomId, pages.set(page.key, page));
    }
    const nodeFits = (node: StoredNode): boolean => (this.nodes.get(node.id)?.version ?? 0) === node.version;
    const subjectFits = (write: WriteUnit['subjects'][number]): boolean =>
      (this.subjects.get(write.subjectId)?.version ?? 0) === write.version;
    const persons = unit.persons ?? [];
    const personFits = (person: StoredPerson): boolean =>
      (this.persons.get(person.id)?.version ?? 0) === person.version;
    const personsFit = persons.every(personFits);
    const allFit = unit.nodes.every(nodeFits) && unit.subjects.every(subjectFits);
    for (const person of persons)
      if (personFits(person)) this.persons.set(person.id, { ...person, version: person.version + 1 });
    if (unit.atomic && !allFit) return 'conflict';
    for (const node of unit.nodes)
      if (nodeFits(node)) this.nodes.set(node.id, { ...node, version: node.version + 1 });
    for (const write of unit.subjects) {
      if (!subjectFits(write)) continue;
      if (write.next === null) this.subjects.delete(write.subjectId);
      else this.subjects.set(write.subjectId, { ...write.next, version: write.version + 1 });
    }
    return allFit && personsFit ? 'written' : 'conflict';
  }
}
