import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import {
  dayOf,
  neighboursOf,
  nodeOfSubjectId,
  type Published,
  type SubjectGraph,
} from '../../contracts/subject.ts';
import { readAlong } from './around.ts';
import type { Batch, BatchMatches, Delivery, OrderDelivery } from './delivery.ts';
import { decodeLinks, linkPrefix, NO_MATCHES, pairsOf, tokensOfOrder } from './delivery.ts';
import type { ProfileStore, StoredNode, StoredPerson, StoredSubject, World } from './ports.ts';

/** Signals and orders that must be judged together, since they concern one subject or link several. */
export interface Unit {
  readonly deliveries: ReadonlyMap<AtomId, readonly Delivery[]>;
  readonly orders: readonly OrderDelivery[];
  readonly matches: BatchMatches;
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
 * links into a subject that was not met yet cost a fourth, and each subject that something keeps apart from one that
 * changes may cost two more.)
 */
export async function readWorld(
  batch: Batch,
  store: Pick<ProfileStore, 'read'>,
  consistent: boolean,
  mayMatch: boolean,
): Promise<World> {
  const { byAtom } = batch;
  const nodes = new Map<IdentifierToken, StoredNode>();
  const subjects = new Map<SubjectId, StoredSubject>();
  let persons: ReadonlyMap<AtomId, StoredPerson> = new Map();
  const asked = new Set<IdentifierToken>();
  const askedSubjects = new Set<SubjectId>();
  const shapes = new Reshaping(batch);
  const stating = atomsThatState(byAtom);
  let wantedNodes: IdentifierToken[] = [...new Set([...byAtom.keys(), ...shapes.tokens])];
  let wantedSubjects: SubjectId[] = [];
  for (let round = 0; wantedNodes.length + wantedSubjects.length > 0; round += 1) {
    for (const node of wantedNodes) asked.add(node);
    for (const subject of wantedSubjects) askedSubjects.add(subject);
    const found = await store.read(wantedNodes, wantedSubjects, consistent, round === 0 ? [...stating] : []);
    if (round === 0) persons = found.persons;
    const nextNodes = new Set<IdentifierToken>();
    const nextSubjects = new Set<SubjectId>();
    if (round === 0) for (const token of linkingNodes(byAtom, found.nodes)) shapes.tokens.add(token);
    // Whose effects may have to be told again with those of this batch.
    const follow = ({ alongside }: Published): void => {
      for (const id of alongside?.subjectIds ?? [])
        if (!asked.has(nodeOfSubjectId(id))) nextNodes.add(nodeOfSubjectId(id));
    };
    for (const [id, node] of found.nodes) {
      nodes.set(id, node);
      if (node.published !== null) follow(node.published);
      if (node.subjectId === null) continue;
      if (!askedSubjects.has(node.subjectId)) nextSubjects.add(node.subjectId);
      // From now on it may be found: its row has to say who is around it.
      if (mayMatch && node.around === undefined && stating.has(id)) shapes.tokens.add(id);
      const along = readAlong(node);
      for (const atom of along.atoms) if (!asked.has(atom)) nextNodes.add(atom);
      if (!shapes.tokens.has(id)) continue;
      for (const each of along.nodes) if (!asked.has(each)) nextNodes.add(each);
      for (const each of along.subjects) if (!askedSubjects.has(each)) nextSubjects.add(each);
    }
    for (const [id, subject] of found.subjects) {
      subjects.set(id, subject);
      shapes.met(subject.graph);
      follow(subject.published);
      for (const atom of subject.graph.atoms) if (!asked.has(atom)) nextNodes.add(atom);
    }
    for (const token of shapes.wanted(subjects, round === 0)) if (!asked.has(token)) nextNodes.add(token);
    wantedNodes = [...nextNodes];
    wantedSubjects = [...nextSubjects];
  }
  return { nodes, subjects, persons };
}

/** Which subjects are about to change shape. Such a one needs all its identifiers, to point them elsewhere, and the
 * subjects that something keeps apart from it, since they may change with it. */
class Reshaping {
  /** Identifiers of which a link is new, gone, or older than was known. */
  readonly tokens: Set<IdentifierToken>;
  readonly #whole = new Set<SubjectId>();
  readonly #firstDays = new Map<AtomId, number>();
  readonly #firstDay: number;

  constructor({ byAtom, orders, matches }: Batch) {
    this.tokens = new Set([
      ...orders.flatMap(({ order }) => tokensOfOrder(order)),
      ...pairsOf(matches).flat(),
    ]);
    let first = Number.POSITIVE_INFINITY;
    for (const [atomId, deliveries] of byAtom) {
      for (const { signal } of deliveries) {
        if (signal.identifiers.length === 1) continue;
        const day = dayOf(signal.occurredAt);
        first = Math.min(first, day);
        this.#firstDays.set(atomId, Math.min(day, this.#firstDays.get(atomId) ?? day));
      }
    }
    this.#firstDay = first;
  }

  /** Notes links of a subject that the batch has seen earlier than was known. */
  met({ edges }: SubjectGraph): void {
    for (const [a, b, day] of edges) {
      if (day <= this.#firstDay) continue;
      for (const atom of [a, b]) if ((this.#firstDays.get(atom) ?? day) < day) this.tokens.add(a).add(b);
    }
  }

  /** Identifiers that have to be read besides. @param starting nothing but the batch's own identifiers is known yet */
  *wanted(subjects: ReadonlyMap<SubjectId, StoredSubject>, starting: boolean): Generator<IdentifierToken> {
    if (starting) yield* this.tokens;
    for (let isMore = this.tokens.size > 0; isMore; ) {
      isMore = false;
      for (const [id, { graph }] of subjects) {
        if (this.#whole.has(id) || !graph.nodes.some((node) => this.tokens.has(node))) continue;
        this.#whole.add(id);
        yield* graph.nodes;
        for (const neighbour of neighboursOf(graph)) {
          isMore = true;
          this.tokens.add(neighbour);
          yield neighbour;
        }
      }
    }
  }
}
/** Atoms of which a signal states something: their persons are read along with them. */
const atomsThatState = (byAtom: ReadonlyMap<AtomId, readonly Delivery[]>): ReadonlySet<AtomId> =>
  new Set(
    [...byAtom]
      .filter(([, deliveries]) => deliveries.some(({ signal }) => signal.person !== undefined))
      .map(([atomId]) => atomId),
  );

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

interface GrowingUnit {
  readonly deliveries: Map<AtomId, readonly Delivery[]>;
  readonly orders: OrderDelivery[];
  readonly subjectIds: Set<SubjectId>;
  matches: BatchMatches;
}

/** Groups a batch into units: atoms of one subject, atoms whose signals link to the same identifier, what an order or a
 * match names, and subjects that something keeps apart. */
export function unitsOf({ byAtom, orders, matches }: Batch, world: World): readonly Unit[] {
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
  const joinToken = (key: string, token: IdentifierToken): void => {
    join(key, token);
    const home = subjectOf(token);
    if (home !== null) join(token, home);
  };
  for (const [atomId, deliveries] of byAtom) {
    const own = subjectOf(atomId);
    if (own !== null) join(atomId, own);
    if (deliveries.every((delivery) => delivery.signal.identifiers.length === 1)) continue;
    const links = decodeLinks(world.nodes.get(atomId)?.links ?? new Uint8Array());
    for (const delivery of deliveries) {
      for (const token of unlinked(delivery, links)) {
        // A saturated identifier links nobody, so it binds no unit together either (a hot one would bind them all).
        if (world.nodes.get(token)?.saturated !== true) joinToken(atomId, token);
      }
    }
  }
  for (const { order } of orders) for (const token of tokensOfOrder(order)) joinToken(order.orderId, token);
  for (const [a, b] of pairsOf(matches)) {
    joinToken(a, a);
    joinToken(a, b);
  }
  for (const [id, { graph }] of world.subjects)
    for (const neighbour of neighboursOf(graph)) if (world.nodes.has(neighbour)) joinToken(id, neighbour);
  const units = new Map<string, GrowingUnit>();
  const unitOf = (key: string): GrowingUnit => {
    const root = find(key);
    const unit: GrowingUnit = units.get(root) ?? {
      deliveries: new Map(),
      orders: [],
      subjectIds: new Set(),
      matches: { ...NO_MATCHES, at: matches.at },
    };
    units.set(root, unit);
    return unit;
  };
  for (const [atomId, deliveries] of byAtom) unitOf(atomId).deliveries.set(atomId, deliveries);
  for (const delivery of orders) unitOf(delivery.order.orderId).orders.push(delivery);
  for (const link of matches.links) {
    const unit = unitOf(link.a);
    unit.matches = { ...unit.matches, links: [...unit.matches.links, link] };
  }
  for (const pair of matches.withdrawn) {
    const unit = unitOf(pair[0]);
    unit.matches = { ...unit.matches, withdrawn: [...unit.matches.withdrawn, pair] };
  }
  for (const subjectId of world.subjects.keys()) units.get(find(subjectId))?.subjectIds.add(subjectId);
  return [...units.values()].map((unit) => ({ ...unit, subjectIds: [...unit.subjectIds] }));
}
