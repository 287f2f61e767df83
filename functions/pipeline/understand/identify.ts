import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import {
  type Edge,
  edgeOf,
  type KeptEffect,
  type SubjectGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import { typeOfToken } from '../../contracts/tokens.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { permissionFor } from '../../rights/consent/permission.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { type IdentityChange, identityChanges, resolve } from '../2-identify/resolve.ts';
import { type Atom, consentOf } from './atom.ts';
import type { UnderstandContext } from './context.ts';
import type { StoredNode, World } from './ports.ts';
import { type Unit, unlinked } from './world.ts';

/** What the unit's signals make of identities. */
export interface Identified {
  readonly graphs: readonly SubjectGraph[];
  readonly saturated: readonly IdentifierToken[];
  readonly refused: readonly Edge[];
  readonly changes: readonly IdentityChange[];
  /** Identifiers each atom has now been seen with, beyond what it remembered. */
  readonly links: ReadonlyMap<AtomId, ReadonlySet<IdentifierToken>>;
  /** Subject of every node before this batch. */
  readonly before: ReadonlyMap<IdentifierToken, SubjectId>;
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
  const links = new Map<AtomId, Set<IdentifierToken>>();
  const added: Edge[] = [];
  for (const [atomId, deliveries] of unit.deliveries) {
    if (deliveries.every((delivery) => delivery.signal.identifiers.length === 1)) continue;
    const atom = atoms.get(atomId);
    if (atom === undefined) continue;
    const consent = consentOf([atom, ...fellowsOf(atom, known, atoms)]);
    const standings = standingsOf(context.jurisdiction, consent, now);
    for (const delivery of deliveries) {
      const others = unlinked(delivery, atom.links);
      if (others.length === 0 || 'withheld' in permissionFor(standings, delivery.signal, delivery.recorded))
        continue;
      const own = links.get(atomId) ?? new Set();
      links.set(atomId, own);
      for (const other of others) {
        if (own.has(other)) continue;
        own.add(other);
        added.push(edgeOf(atomId, other));
      }
    }
  }
  const before = new Map<IdentifierToken, SubjectId>();
  for (const graph of known) for (const node of graph.nodes) before.set(node, graph.subjectId);
  const around = storedAround(unit, known, world);
  for (const { id, subjectId } of around) if (!before.has(id)) before.set(id, subjectId ?? subjectIdOf([id]));
  const newAtoms = new Set(unit.deliveries.keys());
  const isNewAtom = known.some((graph) =>
    graph.nodes.some((node) => newAtoms.has(node) && !graph.atoms.includes(node)),
  );
  if (added.length === 0 && !isNewAtom)
    return { graphs: known, saturated: [], refused: [], changes: [], links, before };
  const alreadySaturated = idsOf(around.filter((node) => node.saturated));
  const stateHolders = idsOf(around.filter((node) => node.state !== null)).union(newAtoms);
  const resolution = resolve(known, added, alreadySaturated, stateHolders, context.linkLimits);
  const graphs = resolution.graphs.map((graph) => known.find((each) => isSameGraph(each, graph)) ?? graph);
  const changes = identityChanges(before, withSolos(graphs, before, known), idsOf(around));
  const saturated = new Set([...resolution.saturated, ...takenForSaturated(known, world)]);
  // The link that was one too many is remembered only once the other end is known to link nobody: should that write fail,
  // the link has to count again.
  for (const own of links.values()) for (const token of saturated) own.delete(token);
  return { ...resolution, graphs, saturated: [...saturated], changes, links, before };
}

/** Ends that a graph takes for ones that link too many, and whose own rows do not say so: one of the two was read too early.
 * Saying it again either mends the row or conflicts, and then both are read afresh. */
const takenForSaturated = (known: readonly SubjectGraph[], world: World): readonly IdentifierToken[] =>
  known
    .flatMap((graph) => graph.edges.flat().filter((end) => !graph.nodes.includes(end)))
    .filter((end) => world.nodes.get(end)?.saturated === false);

const isSameGraph = (a: SubjectGraph, b: SubjectGraph): boolean =>
  a.subjectId === b.subjectId &&
  a.nodes.join() === b.nodes.join() &&
  a.atoms.join() === b.atoms.join() &&
  a.edges.join() === b.edges.join();

const fellowsOf = (
  atom: Atom,
  known: readonly SubjectGraph[],
  atoms: ReadonlyMap<AtomId, Atom>,
): readonly Atom[] =>
  (known.find((graph) => graph.nodes.includes(atom.id))?.atoms ?? [])
    .filter((id) => id !== atom.id)
    .map((id) => atoms.get(id))
    .filter((fellow) => fellow !== undefined);

/** What is stored of the identifiers that the unit's signals and subjects name. The world holds the whole batch's: to look
 * through it for every unit would make the batch's cost grow with its square. */
function storedAround(unit: Unit, known: readonly SubjectGraph[], world: World): readonly StoredNode[] {
  const tokens = new Set<IdentifierToken>();
  for (const deliveries of unit.deliveries.values())
    for (const { signal } of deliveries) for (const { token } of signal.identifiers) tokens.add(token);
  for (const graph of known) for (const token of [...graph.nodes, ...graph.edges.flat()]) tokens.add(token);
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

/** A subject of one identifier, which needs no stored graph. */
export const soloGraph = (id: IdentifierToken): SubjectGraph => ({
  subjectId: subjectIdOf([id]),
  nodes: [id],
  atoms: [id],
  edges: [],
});

export interface IdentityEffect {
  readonly subjectId: SubjectId;
  readonly effect: KeptEffect;
}

/** The evidence of it. */
export function identityEffects(
  identity: Identified,
  bucket: string,
  receivedAt: EpochMs | null,
  now: EpochMs,
): readonly IdentityEffect[] {
  const effect = (kind: KeptEffect['kind'], name: string, reasons: string): KeptEffect => ({
    by: bucket,
    kind,
    name,
    reasons,
    at: now,
    receivedAt,
    atoms: [],
  });
  return [
    ...identity.changes.map(({ subjectId, kind, from }) => ({
      subjectId,
      effect: effect(
        kind,
        'deterministic',
        kind === 'subjects-merged' ? `subjects:${from.length}` : 'identifier-links-too-many',
      ),
    })),
    ...identity.saturated.map((token) => ({
      subjectId: subjectIdOf([token]),
      effect: effect('identifier-blocked', typeOfToken(token), 'identifier-links-too-many'),
    })),
    ...identity.refused.map(([a]) => ({
      subjectId: subjectIdOf([a]),
      effect: effect('link-refused', typeOfToken(a), 'subject-full'),
    })),
  ];
}
