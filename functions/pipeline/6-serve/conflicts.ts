import type { ConflictPage, ConflictView, ContradictionView } from '../../contracts/conflicts-api.ts';
import { EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import type { PersonState } from '../../contracts/person.ts';
import { nodeOfSubjectId, type SubjectOutline } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { permits } from '../../rights/consent/permission.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { mergeConsent } from '../../rights/consent/state.ts';
import { conflictsOf, mergePersons, NOBODY } from '../3-profile/person.ts';
import { decodeState } from '../3-profile/state-codec.ts';
import { personsOf, told } from './attributes.ts';
import type { KnownNode, ReviewsQuery, ServePorts } from './ports.ts';
import { ATTRIBUTES_SCOPE } from './profiles.ts';
import { restrictedAmong } from './restricted.ts';
import type { ServePolicy } from './setting.ts';

type ConflictPorts = Pick<ServePorts, 'subjects' | 'keyring' | 'conflicts'>;
type Known = ReadonlyMap<AtomId, KnownNode>;

/**
 * `GET /v1/identity/conflicts`: customers of whom values contradict each other, newest first. What contradicts what is read
 * from the persons themselves, in as many calls for a page as for one customer; an entry of somebody of whom nothing
 * contradicts any more, or who may not be told of (their choice, or processing is restricted), is passed over.
 * @throws ThrottledError, TransientError
 */
export async function listConflicts(
  { owner, ...query }: ReviewsQuery & { readonly owner?: string },
  policy: Pick<ServePolicy, 'jurisdiction'>,
  ports: ConflictPorts,
  scopes: readonly string[],
  now: EpochMs,
): Promise<ConflictPage> {
  const { conflicts: listed, ...rest } = await ports.conflicts.list(query);
  const ids = listed.map(({ subjectId }) => subjectId);
  const [outlines, untold] = await Promise.all([
    outlinesOf(ids, ports),
    restrictedAmong(ids, ports.subjects, now),
  ]);
  const atoms = [...outlines.values()].flatMap((outline) => outline.atoms);
  const [{ nodes }, persons] =
    atoms.length === 0
      ? [{ nodes: new Map() as Known }, new Map<AtomId, PersonState>()]
      : await Promise.all([ports.subjects.read(atoms, [], true), personsOf({ atoms }, ports)]);
  const isWith = scopes.includes(ATTRIBUTES_SCOPE);
  const views = listed.flatMap(({ subjectId, openedAt }): ConflictView[] => {
    const outline = outlines.get(subjectId);
    if (outline === undefined || untold.has(subjectId) || !mayBeTold(outline, nodes, policy, now)) return [];
    const person = outline.atoms.map((atom) => persons.get(atom) ?? NOBODY).reduce(mergePersons, NOBODY);
    const conflicts = contradictionsOf(person, isWith).filter(
      (each) => owner === undefined || each.owner === owner,
    );
    return conflicts.length === 0
      ? []
      : [{ subjectId, openedAt: new Date(openedAt).toISOString(), conflicts }];
  });
  return { customers: views, ...rest };
}

/** The subjects as they stand; none for an id that leads elsewhere by now: the subject it leads to has its own entry. */
async function outlinesOf(
  subjectIds: readonly SubjectId[],
  { subjects: store }: Pick<ConflictPorts, 'subjects'>,
): Promise<ReadonlyMap<SubjectId, SubjectOutline>> {
  if (subjectIds.length === 0) return new Map();
  const { nodes, subjects } = await store.read(subjectIds.map(nodeOfSubjectId), subjectIds, true);
  const outlines = new Map<SubjectId, SubjectOutline>();
  for (const subjectId of subjectIds) {
    const node = nodes.get(nodeOfSubjectId(subjectId));
    const graph = subjects.get(subjectId)?.graph;
    if (node === undefined) continue;
    if (node.subjectId === null) outlines.set(subjectId, { nodes: [node.id], atoms: [node.id] });
    else if (node.subjectId === subjectId && graph !== undefined) outlines.set(subjectId, graph);
  }
  return outlines;
}

/** Attributes are kept to serve the customer, and told for that alone. */
function mayBeTold(
  { atoms }: SubjectOutline,
  nodes: Known,
  { jurisdiction }: Pick<ServePolicy, 'jurisdiction'>,
  now: EpochMs,
): boolean {
  const consents = atoms.map((atom) => {
    const state = nodes.get(atom)?.state ?? null;
    return state === null ? EMPTY_CONSENT : decodeState(state).consent;
  });
  const { service } = standingsOf(jurisdiction, consents.reduce(mergeConsent, EMPTY_CONSENT), now);
  return permits(service);
}

const contradictionsOf = (person: PersonState, withValues: boolean): readonly ContradictionView[] =>
  conflictsOf(person).map(({ attribute, value, origin, conflict }) => {
    const side = (each: typeof value, from: typeof origin) => {
      const { value: text, ...shown } = told(each);
      return { ...shown, origin: from, ...(withValues ? { value: text } : {}) };
    };
    return {
      attribute,
      owner: conflict.owner,
      survives: side(value, origin),
      contradicts: side(conflict.value, conflict.origin),
    };
  });
