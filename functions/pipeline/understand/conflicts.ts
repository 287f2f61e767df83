import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import type { PersonAttribute, PersonState } from '../../contracts/person.ts';
import { type SubjectGraph, subjectIdOf } from '../../contracts/subject.ts';
import type { SubjectKey, SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { conflictsOf, mergePersons, NOBODY } from '../3-profile/person.ts';
import { openPersons } from './person.ts';
import type { ConflictQueue, ProfileStore } from './ports.ts';

/** A subject in which values may contradict each other otherwise than before a unit. */
export interface ConflictCheck {
  readonly graph: SubjectGraph;
  /** Its atoms of which something may be known, with the subjects they were in before. */
  readonly former: ReadonlyMap<AtomId, SubjectId>;
  /** What was and is known of those whose signals stated something. */
  readonly stated: ReadonlyMap<AtomId, { readonly before: PersonState; readonly after: PersonState }>;
  /** An earlier attempt may have written it, and died before it got here. */
  readonly isRepeated: boolean;
}

type Persons = ReadonlyMap<AtomId, PersonState>;

interface ConflictPorts {
  readonly profiles: Pick<ProfileStore, 'read'>;
  readonly keyring: Pick<SubjectKeyring, 'read'>;
  readonly conflicts: ConflictQueue;
  readonly clock: () => EpochMs;
}

/**
 * Lists the customers of whom values contradict each other since a batch, and takes those off who are no more such. After
 * the batch is written, and from what is surely the latest: of two batches that write two atoms of one customer at once, at
 * least one sees both. A customer who is listed too long does no harm: whoever reads the list looks at the person.
 *
 * A subject of one atom costs no read, and one whose conflicts stay as they are no write.
 * @param keys what is read is added @throws ThrottledError, TransientError
 */
export async function tellConflicts(
  checks: readonly ConflictCheck[],
  keys: Map<AtomId, SubjectKey>,
  ports: ConflictPorts,
  now: EpochMs,
): Promise<void> {
  if (checks.length === 0) return;
  const startedAt = ports.clock();
  const { persons, atomsOf } = await personsNow(checks, keys, ports);
  const before = contradictedBefore(checks, persons);
  const open = new Set<SubjectId>();
  const close = new Set(before);
  for (const check of checks) {
    const { subjectId, nodes } = check.graph;
    if (check.isRepeated) for (const node of nodes) close.add(subjectIdOf([node]));
    const attributes = contradictionsIn(atomsOf(check), (atom) => persons.get(atom));
    if (attributes.size > 0 && (!before.has(subjectId) || check.isRepeated || isNews(check, attributes)))
      open.add(subjectId);
    if (attributes.size > 0) close.delete(subjectId);
    else if (check.isRepeated) close.add(subjectId);
  }
  await Promise.all([
    open.size === 0 ? undefined : ports.conflicts.open([...open], now, ports.clock()),
    close.size === 0 ? undefined : ports.conflicts.close([...close], startedAt),
  ]);
}

/** What is known now of all atoms, and which of them make up each subject. */
async function personsNow(
  checks: readonly ConflictCheck[],
  keys: Map<AtomId, SubjectKey>,
  ports: ConflictPorts,
): Promise<{ readonly persons: Persons; readonly atomsOf: (check: ConflictCheck) => readonly AtomId[] }> {
  const persons = new Map<AtomId, PersonState>();
  for (const { stated } of checks) for (const [id, { after }] of stated) persons.set(id, after);
  // Only its own signals change an atom: what a unit of one atom has written is all there is.
  const several = checks.filter(({ graph, former }) => graph.atoms.length > 1 && former.size > 1);
  const parted = checks.filter(({ former, stated }) => [...former.keys()].some((id) => !stated.has(id)));
  const wanted = [...new Set([...several, ...parted])];
  const grown = new Map<SubjectId, readonly AtomId[]>();
  if (wanted.length > 0) {
    const read = async (
      ids: readonly AtomId[],
      subjectIds: readonly SubjectId[],
    ): Promise<SubjectGraph[]> => {
      const world = await ports.profiles.read([], subjectIds, true, ids);
      for (const [id, person] of await openPersons(world.persons, keys, ports.keyring))
        persons.set(id, person);
      return [...world.subjects.values()].map(({ graph }) => graph);
    };
    const asked = new Set(wanted.flatMap(({ former }) => [...former.keys()]));
    const graphs = await read(
      [...asked],
      several.map(({ graph }) => graph.subjectId),
    );
    const planned = new Set(checks.flatMap(({ graph }) => graph.atoms));
    // Somebody joined it with others meanwhile, and may have looked before this batch was written.
    const joined = graphs.filter(({ atoms }) => atoms.some((atom) => !planned.has(atom)));
    const further = joined.flatMap(({ atoms }) => atoms.filter((atom) => !asked.has(atom)));
    if (further.length > 0) await read(further, []);
    for (const { subjectId, atoms } of joined) grown.set(subjectId, atoms);
  }
  return { persons, atomsOf: ({ graph }) => grown.get(graph.subjectId) ?? graph.atoms };
}

/** Subjects in which values contradicted each other before. */
function contradictedBefore(checks: readonly ConflictCheck[], persons: Persons): ReadonlySet<SubjectId> {
  const atoms = new Map<SubjectId, AtomId[]>();
  const stated = new Map(checks.flatMap((check) => [...check.stated]));
  for (const { former } of checks)
    for (const [atom, subjectId] of former) atoms.set(subjectId, [...(atoms.get(subjectId) ?? []), atom]);
  const wasKnown = (atom: AtomId): PersonState | undefined => stated.get(atom)?.before ?? persons.get(atom);
  return new Set(
    [...atoms].filter(([, own]) => contradictionsIn(own, wasKnown).size > 0).map(([subjectId]) => subjectId),
  );
}

const contradictionsIn = (
  atoms: readonly AtomId[],
  personOf: (atom: AtomId) => PersonState | undefined,
): ReadonlySet<PersonAttribute> =>
  new Set(
    conflictsOf(atoms.map((atom) => personOf(atom) ?? NOBODY).reduce(mergePersons, NOBODY)).map(
      ({ attribute }) => attribute,
    ),
  );

/** Whether signals stated something else of an attribute that is contradicted: of two who do so at once, neither knows
 * whether there was a contradiction before the other. */
const isNews = ({ stated, former }: ConflictCheck, attributes: ReadonlySet<PersonAttribute>): boolean =>
  former.size > 1 &&
  [...stated.values()].some(({ before, after }) =>
    [...attributes].some((attribute) => valuesIn(before, attribute) !== valuesIn(after, attribute)),
  );

const valuesIn = (person: PersonState, attribute: PersonAttribute): string => {
  const { customer, system, steward } = person[attribute] ?? {};
  return JSON.stringify([customer?.value, system?.value, steward?.value]);
};
