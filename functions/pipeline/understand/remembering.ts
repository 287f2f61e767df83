import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { ProfileStore, StoredNode, StoredPerson, StoredSubject } from './ports.ts';

/** Reads what was not read yet, and remembers it for one attempt at a batch: matching and planning look at the same
 * things, and have to see the same of them. */
export function rememberingStore(store: Pick<ProfileStore, 'read'>): Pick<ProfileStore, 'read'> {
  const nodes = new Map<IdentifierToken, StoredNode | undefined>();
  const subjects = new Map<SubjectId, StoredSubject | undefined>();
  const persons = new Map<AtomId, StoredPerson | undefined>();
  return {
    async read(wantedNodes, wantedSubjects, consistent, wantedPersons = []) {
      const missing = {
        nodes: wantedNodes.filter((id) => !nodes.has(id)),
        subjects: wantedSubjects.filter((id) => !subjects.has(id)),
        persons: wantedPersons.filter((id) => !persons.has(id)),
      };
      if (missing.nodes.length + missing.subjects.length + missing.persons.length > 0) {
        const found = await store.read(missing.nodes, missing.subjects, consistent, missing.persons);
        for (const id of missing.nodes) nodes.set(id, found.nodes.get(id));
        for (const id of missing.subjects) subjects.set(id, found.subjects.get(id));
        for (const id of missing.persons) persons.set(id, found.persons.get(id));
      }
      return {
        nodes: known(nodes, wantedNodes),
        subjects: known(subjects, wantedSubjects),
        persons: known(persons, wantedPersons),
      };
    },
  };
}

function known<K, V>(from: ReadonlyMap<K, V | undefined>, keys: readonly K[]): ReadonlyMap<K, V> {
  const found = new Map<K, V>();
  for (const key of keys) {
    const value = from.get(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}
