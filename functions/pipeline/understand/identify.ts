import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import {
  dayOf,
  type Edge,
  edgeOf,
  endsOf,
  type KeptEffect,
  neighboursOf,
  pairKey,
  type SubjectGraph,
  soloGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { permissionFor } from '../../rights/consent/permission.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { type IdentityChange, identityChanges } from '../2-identify/changes.ts';
import type { NewEvidence } from '../2-identify/evidence.ts';
import { lowerOf, type Saturation } from '../2-identify/limits.ts';
import { resolve } from '../2-identify/resolve.ts';
import type { Refusal } from '../2-identify/valve.ts';
import { type Atom, consentOf } from './atom.ts';
import type { UnderstandContext } from './context.ts';
import { linkPrefix, type OrderDelivery, pairsOf, tokensOfOrder } from './delivery.ts';
import { type IdentityEffect, isApplied, matchesOf } from './matches.ts';
import type { StoredNode, World } from './ports.ts';
import { StaleReadError } from './stale-read.ts';
import type { Unit } from './world.ts';

/** What the unit's signals and orders make of identities. */
export interface Identified {
  readonly graphs: readonly SubjectGraph[];
  readonly saturated: readonly Saturation[];
  readonly refused: readonly Refusal[];
  readonly changes: readonly IdentityChange[];
  /** Identifiers each atom has now been seen with, beyond what it remembered. */
  readonly links: ReadonlyMap<AtomId, ReadonlySet<IdentifierToken>>;
  /** Subject of every node before this batch. */
  readonly before: ReadonlyMap<IdentifierToken, SubjectId>;
  /** Orders that change something now. */
  readonly obeyed: readonly OrderDelivery[];
  /** Whether an order was obeyed in an earlier attempt, which may have died before it told of it. */
  readonly isRepeated: boolean;
}

/** Adds the links of those signals that may be used at all: identity is matched only with permission (law 6). */
export function identify(
  unit: Unit,
  known: readonly SubjectGraph[],
  atoms: ReadonlyMap<AtomId, Atom>,
  world: World,
  context: UnderstandContext,
  now: EpochMs,
): Identified {
  const { edges, links } = linksOf(unit, known, atoms, context, now);
  const before = new Map<IdentifierToken, SubjectId>();
  for (const graph of known) for (const node of graph.nodes) before.set(node, graph.subjectId);
  const around = storedAround(unit, known, world);
  for (const { id, subjectId } of around) if (!before.has(id)) before.set(id, subjectId ?? subjectIdOf([id]));
  const obeyed = unit.orders.filter((each) => !isObeyed(each, known));
  const base = { links, before, obeyed, isRepeated: obeyed.length < unit.orders.length };
  const { links: matches, withdrawn } = matchesOf(unit, obeyed);
  if (edges.length + obeyed.length + matches.length + withdrawn.length === 0) {
    const graphs = known.map((graph) => withNewAtoms(graph, unit));
    return { ...base, graphs, saturated: [], refused: [], changes: [] };
  }
  const added: NewEvidence = {
    edges,
    decisions: obeyed.flatMap(({ order }) => order.decisions),
    severed: obeyed.flatMap(({ order }) => order.severed),
    matches,
    withdrawn,
  };
  expectComplete(known, added, world);
  const alreadySaturated = idsOf(around.filter((node) => node.saturated));
  const stateHolders = idsOf(around.filter((node) => node.state !== null)).union(
    new Set(unit.deliveries.keys()),
  );
  const resolution = resolve(known, added, alreadySaturated, stateHolders, context.linkPolicy);
  const graphs = resolution.graphs.map((graph) => known.find((each) => isSameGraph(each, graph)) ?? graph);
  const changes = identityChanges(before, withSolos(graphs, before, known), idsOf(around), added);
  const told = new Set(resolution.saturated.map(({ token }) => token));
  const untold = takenForSaturated(known, world).filter((token) => !told.has(token));
  const saturated = [...resolution.saturated, ...untold.map((token) => ({ token, limit: 'ever' }))];
  // The link that was one too many is remembered only once the other end is known to link nobody: should that write fail,
  // the link has to count again.
  for (const own of links.values()) for (const { token } of saturated) own.delete(token);
  return { ...base, ...resolution, graphs, saturated, changes };
}

/** Whether two were seen together before the day that their subject knows of. Hardly ever: late signals are rare. */
function earlierThanKnown(
  home: SubjectGraph | undefined,
): (a: IdentifierToken, b: IdentifierToken, day: number) => boolean {
  let newest = Number.NEGATIVE_INFINITY;
  for (const edge of home?.edges ?? []) newest = Math.max(newest, edge[2]);
  return (a, b, day) => {
    if (day >= newest) return false;
    const key = pairKey(a, b);
    return home?.edges.some((edge) => day < edge[2] && pairKey(edge[0], edge[1]) === key) === true;
  };
}

/** What the unit's signals have seen together: new links, and known ones that are older than was known. */
function linksOf(
  unit: Unit,
  known: readonly SubjectGraph[],
  atoms: ReadonlyMap<AtomId, Atom>,
  context: UnderstandContext,
  now: EpochMs,
): { readonly edges: readonly Edge[]; readonly links: Map<AtomId, Set<IdentifierToken>> } {
  const links = new Map<AtomId, Set<IdentifierToken>>();
  const edges = new Map<string, Edge>();
  for (const [atomId, deliveries] of unit.deliveries) {
    if (deliveries.every((delivery) => delivery.signal.identifiers.length === 1)) continue;
    const atom = atoms.get(atomId);
    if (atom === undefined) continue;
    const home = known.find((graph) => graph.nodes.includes(atomId));
    const consent = consentOf([atom, ...fellowsOf(atom, home, atoms)]);
    const standings = standingsOf(context.jurisdiction, consent, now);
    const isEarlier = earlierThanKnown(home);
    for (const { signal, recorded, restricted } of deliveries) {
      if (restricted === true) continue;
      const fresh = signal.identifiers.filter(
        ({ token }) =>
          token !== atomId &&
          (!atom.links.has(linkPrefix(token)) || isEarlier(atomId, token, dayOf(signal.occurredAt))),
      );
      if (fresh.length === 0 || 'withheld' in permissionFor(standings, signal, recorded)) continue;
      const own = links.get(atomId) ?? new Set();
      links.set(atomId, own);
      for (const { token } of fresh) {
        own.add(token);
        const edge = edgeOf(atomId, token, signal.occurredAt);
        const key = pairKey(atomId, token);
        const noted = edges.get(key);
        if (noted === undefined || edge[2] < noted[2]) edges.set(key, edge);
      }
    }
  }
  return { edges: [...edges.values()], links };
}

/** An order that the graphs carry already was obeyed in an earlier attempt. */
function isObeyed({ order }: OrderDelivery, known: readonly SubjectGraph[]): boolean {
  return (
    isApplied(order.concluded, known) &&
    order.decisions.every(({ a, b, at }) =>
      known.some((graph) => graph.decisions.some((each) => each.a === a && each.b === b && each.at >= at)),
    ) &&
    order.severed.every(([a, b, at]) =>
      known.some((graph) => graph.severed.some((each) => each[0] === a && each[1] === b && each[2] >= at)),
    )
  );
}

/** A signal's first identifier holds state from now on, if it did not before. */
function withNewAtoms(graph: SubjectGraph, unit: Unit): SubjectGraph {
  const atoms = graph.nodes.filter((node) => graph.atoms.includes(node) || unit.deliveries.has(node));
  return atoms.length === graph.atoms.length ? graph : { ...graph, atoms };
}

/** Whoever is about to be joined or parted must be known whole, with the subjects kept apart from it.
 * @throws StaleReadError when something was being written between the reads */
function expectComplete(known: readonly SubjectGraph[], added: NewEvidence, world: World): void {
  const homes = new Map<IdentifierToken, SubjectId>();
  for (const graph of known) for (const node of graph.nodes) homes.set(node, graph.subjectId);
  // Of one who was erased since, the other side may still know a link.
  const isErased = (node: IdentifierToken): boolean => world.nodes.get(node)?.erasedAt != null;
  for (const graph of known)
    for (const neighbour of neighboursOf(graph))
      if (!homes.has(neighbour) && !isErased(neighbour)) throw new StaleReadError();
  const ends = [
    ...(added.edges ?? []).flatMap(endsOf),
    ...(added.decisions ?? []).flatMap(({ a, b }) => [a, b]),
    ...(added.severed ?? []).flatMap(endsOf),
    ...(added.matches ?? []).flatMap(({ a, b }) => [a, b]),
  ];
  for (const end of ends) {
    const pointsAt = world.nodes.get(end)?.subjectId ?? null;
    if (pointsAt !== (homes.get(end) ?? null)) throw new StaleReadError();
  }
}

/** Ends that a graph takes for ones that link too many, and whose own rows do not say so: one of the two was read too early.
 * Saying it again either mends the row or conflicts, and then both are read afresh. */
const takenForSaturated = (known: readonly SubjectGraph[], world: World): readonly IdentifierToken[] =>
  known.flatMap((graph) => graph.saturated).filter((end) => world.nodes.get(end)?.saturated === false);

const isSameGraph = (a: SubjectGraph, b: SubjectGraph): boolean =>
  a.subjectId === b.subjectId && JSON.stringify(a) === JSON.stringify(b);

const fellowsOf = (
  atom: Atom,
  home: SubjectGraph | undefined,
  atoms: ReadonlyMap<AtomId, Atom>,
): readonly Atom[] =>
  (home?.atoms ?? [])
    .filter((id) => id !== atom.id)
    .map((id) => atoms.get(id))
    .filter((fellow) => fellow !== undefined);

/** What is stored of the identifiers that the unit's signals, orders and subjects name. The world holds the whole batch's: to look
 * through it for every unit would make the batch's cost grow with its square. */
function storedAround(unit: Unit, known: readonly SubjectGraph[], world: World): readonly StoredNode[] {
  const tokens = new Set<IdentifierToken>();
  for (const deliveries of unit.deliveries.values())
    for (const { signal } of deliveries) for (const { token } of signal.identifiers) tokens.add(token);
  for (const { order } of unit.orders) for (const token of tokensOfOrder(order)) tokens.add(token);
  for (const [a, b] of pairsOf(unit.matches)) tokens.add(a).add(b);
  for (const graph of known) for (const token of [...graph.nodes, ...graph.saturated]) tokens.add(token);
  return [...tokens].map((token) => world.nodes.get(token)).filter((node) => node !== undefined);
}

const idsOf = (nodes: readonly StoredNode[]): Set<IdentifierToken> => new Set(nodes.map((node) => node.id));

/** Nodes of former subjects that are now alone count as subjects of their own when changes are told. */
function withSolos(
  graphs: readonly SubjectGraph[],
  before: ReadonlyMap<IdentifierToken, SubjectId>,
  known: readonly SubjectGraph[],
): readonly SubjectGraph[] {
  const covered = new Set(graphs.flatMap((graph) => graph.nodes));
  const alone = known
    .flatMap((graph) => graph.nodes)
    .filter((node) => !covered.has(node) && before.has(node));
  return [...graphs, ...alone.map(soloGraph)];
}

/** The evidence of it. Reasons are codes: what caused a change, and the limit that was exceeded. */
export function identityEffects(
  identity: Identified,
  bucket: string,
  receivedAt: EpochMs | null,
  now: EpochMs,
): readonly IdentityEffect[] {
  const effect = (kind: KeptEffect['kind'], name: string, reasons: string, at = now): KeptEffect => ({
    by: bucket,
    kind,
    name,
    reasons,
    at,
    receivedAt,
    atoms: [],
  });
  const homes = new Map(
    identity.graphs.flatMap(({ nodes, subjectId }) => nodes.map((node) => [node, subjectId])),
  );
  const homeOf = (token: IdentifierToken): SubjectId => homes.get(token) ?? subjectIdOf([token]);
  // Either side's evidence says what was ordered about it.
  const homesOf = (a: IdentifierToken, b: IdentifierToken) =>
    new Set([homeOf(a), homeOf(b)]).values().toArray();
  return [
    ...identity.changes.map((change) => ({
      subjectId: change.subjectId,
      effect: effect(change.kind, change.cause, reasonOf(change, identity)),
    })),
    ...identity.saturated.map(({ token, limit }) => ({
      subjectId: subjectIdOf([token]),
      effect: effect('identifier-blocked', typeOfToken(token), `identifier-links-too-many,${limit}`),
    })),
    ...identity.refused.map(({ a, b, reason }) => ({
      subjectId: homeOf(lowerOf([a, b])),
      effect: effect('link-refused', typeOfToken(lowerOf([a, b])), reason),
    })),
    ...identity.obeyed.flatMap(({ order }) => [
      ...order.decisions.flatMap((decision) => {
        const { a, b, verdict, cause, at } = decision;
        const told = effect('identity-decided', verdict, reasonsOf(cause, order), at);
        const ordered = { decisions: [decision], severed: [] };
        return homesOf(a, b).map((subjectId) => ({ subjectId, effect: { ...told, ordered } }));
      }),
      ...order.severed.flatMap((severed) => {
        const [a, b, at] = severed;
        const told = effect('link-severed', typesOf(a, b), reasonsOf('operator', order), at);
        const ordered = { decisions: [], severed: [severed] };
        return homesOf(a, b).map((subjectId) => ({ subjectId, effect: { ...told, ordered } }));
      }),
    ]),
  ];
}

const typesOf = (a: IdentifierToken, b: IdentifierToken): string => `${typeOfToken(a)}-${typeOfToken(b)}`;

const reasonsOf = (cause: string, { reason }: IdentityOrder): string =>
  reason === undefined ? cause : `${cause},${reason}`;

/** A subject comes apart because an identifier turned out to be shared, because a limit leaves a link out now, or because
 * somebody took a link away. */
function reasonOf({ kind, from, cause }: IdentityChange, { saturated, refused }: Identified): string {
  if (kind === 'subjects-merged') return `subjects:${from.length}`;
  if (cause !== 'deterministic') return `link-undone:${cause}`;
  return saturated.length > 0 ? 'identifier-links-too-many' : `link-refused:${refused[0]?.reason ?? 'limit'}`;
}
