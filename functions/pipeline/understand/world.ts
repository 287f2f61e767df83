import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { Delivery } from './delivery.ts';
import { decodeLinks, linkPrefix } from './delivery.ts';
import type { ProfileStore, StoredNode, StoredPerson, StoredSubject, World } from './ports.ts';

/** Signals that must be judged together, since they concern one subject or link several. */
export interface Unit {
  readonly deliveries: ReadonlyMap<AtomId, readonly Delivery[]>;
  readonly subjectIds: readonly SubjectId[];
}

/** Identifiers of a signal that its atom has not been seen with yet. */
export function unlinked(delivery: Delivery, links: ReadonlySet<string>): IdentifierToken[] {
  const [, ...others] = delivery.signal.identifiers;
  return others
    .map((each) => each.token)
    .filter((token) => token !== delivery.atomId && !links.has(linkPrefix(token)));
}

/**
 * Reads everything the batch touches in at most three calls, of which known customers need two: their atoms; then the
 * subjects those belong to, and identifiers they have not been seen with; then the other atoms of these subjects. (New
 * links into a subject that was not met yet cost a fourth.)
 */
export async function readWorld(
  byAtom: ReadonlyMap<AtomId, readonly Delivery[]>,
  store: ProfileStore,
  consistent: boolean,
): Promise<World> {
  const nodes = new Map<IdentifierToken, StoredNode>();
  const subjects = new Map<SubjectId, StoredSubject>();
  let persons: ReadonlyMap<AtomId, StoredPerson> = new Map();
  const asked = new Set<IdentifierToken>();
  const askedSubjects = new Set<SubjectId>();
  let wantedNodes: IdentifierToken[] = [...byAtom.keys()];
  let wantedSubjects: SubjectId[] = [];
  let linking: ReadonlySet<IdentifierToken> = new Set();
  for (let round = 0; wantedNodes.length + wantedSubjects.length > 0; round += 1) {
    for (const node of wantedNodes) asked.add(node);
    for (const subject of wantedSubjects) askedSubjects.add(subject);
    const stating = round === 0 ? atomsThatState(byAtom) : [];
    const found = await store.read(wantedNodes, wantedSubjects, consistent, stating);
    if (round === 0) persons = found.persons;
    const nextNodes = new Set<IdentifierToken>();
    const nextSubjects = new Set<SubjectId>();
    for (const [id, node] of found.nodes) {
      nodes.set(id, node);
      if (node.subjectId !== null && !askedSubjects.has(node.subjectId)) nextSubjects.add(node.subjectId);
    }
    for (const [id, subject] of found.subjects) {
      subjects.set(id, subject);
      // A subject that is about to change shape needs all its identifiers, to point them elsewhere.
      const { nodes: members, atoms } = subject.graph;
      for (const each of members.some((node) => linking.has(node)) ? members : atoms)
        if (!asked.has(each)) nextNodes.add(each);
    }
    if (round === 0) {
      linking = linkingNodes(byAtom, nodes);
      for (const token of linking) if (!asked.has(token)) nextNodes.add(token);
    }
    wantedNodes = [...nextNodes];
    wantedSubjects = [...nextSubjects];
  }
  return { nodes, subjects, persons };
}

/** Atoms of which a signal states something: their persons are read along with them. */
const atomsThatState = (byAtom: ReadonlyMap<AtomId, readonly Delivery[]>): readonly AtomId[] =>
  [...byAtom]
    .filter(([, deliveries]) => deliveries.some(({ signal }) => signal.person !== undefined))
    .map(([atomId]) => atomId);

/** Identifiers that get a new link from the batch: the atom's end and the other. */
function linkingNodes(
  byAtom: ReadonlyMap<AtomId, readonly Delivery[]>,
  nodes: ReadonlyMap<IdentifierToken, StoredNode>,
): ReadonlySet<IdentifierToken> {
  const tokens = new Set<IdentifierToken>();
  for (const [atomId, deliveries] of byAtom) {
    if (deliveries.every((delivery) => delivery.signal.identifiers.length === 1)) continue;
    const node = nodes.get(atomId);
    const links = node === undefined ? new Set<string>() : decodeLinks(node.links);
    for (const delivery of deliveries) {
      for (const token of unlinked(delivery, links)) tokens.add(token).add(atomId);
    }
  }
  return tokens;
}

/** Groups the batch's atoms into units: atoms of one subject, and atoms whose signals link to the same identifier. */
export function unitsOf(byAtom: ReadonlyMap<AtomId, readonly Delivery[]>, world: World): readonly Unit[] {
  const leader = new Map<string, string>();
  const find = (key: string): string => {
    let at = key;
    for (let next = leader.get(at); next !== undefined && next !== at; next = leader.get(at)) at = next;
    return at;
  };
  const join = (a: string, b: string): void => {
    const [x, y] = [find(a), find(b)];
    if (x !== y) leader.set(x, y);
  };
  const subjectOf = (token: IdentifierToken): SubjectId | null => world.nodes.get(token)?.subjectId ?? null;
  for (const [atomId, deliveries] of byAtom) {
    const own = subjectOf(atomId);
    if (own !== null) join(atomId, own);
    if (deliveries.every((delivery) => delivery.signal.identifiers.length === 1)) continue;
    const links = decodeLinks(world.nodes.get(atomId)?.links ?? new Uint8Array());
    for (const delivery of deliveries) {
      for (const token of unlinked(delivery, links)) {
        // A saturated identifier links nobody, so it binds no unit together either (a hot one would bind them all).
        if (world.nodes.get(token)?.saturated === true) continue;
        join(atomId, token);
        const other = subjectOf(token);
        if (other !== null) join(token, other);
      }
    }
  }
  const units = new Map<
    string,
    { deliveries: Map<AtomId, readonly Delivery[]>; subjectIds: Set<SubjectId> }
  >();
  for (const [atomId, deliveries] of byAtom) {
    const root = find(atomId);
    const unit = units.get(root) ?? { deliveries: new Map(), subjectIds: new Set() };
    unit.deliveries.set(atomId, deliveries);
    units.set(root, unit);
  }
  for (const subjectId of world.subjects.keys()) units.get(find(subjectId))?.subjectIds.add(subjectId);
  return [...units.values()].map((unit) => ({
    deliveries: unit.deliveries,
    subjectIds: [...unit.subjectIds],
  }));
}
