import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { ConsentState, ProfileState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import {
  type Edge,
  edgeOf,
  type KeptEffect,
  type SubjectGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { permissionFor } from '../../rights/consent/permission.ts';
import { type IdentityChange, identityChanges, resolve } from '../2-identify/resolve.ts';
import { foldConsent, foldSignals } from '../3-profile/fold.ts';
import {
  decodeWindow,
  EMPTY_WINDOW,
  messagePrefix,
  minuteOf,
  remember,
  type SeenEntry,
  type SeenWindow,
  sight,
  tagsByMessage,
} from '../3-profile/seen.ts';
import { EMPTY_STATE, mergeConsent } from '../3-profile/state.ts';
import { decodeState } from '../3-profile/state-codec.ts';
import type { UnderstandContext } from './context.ts';
import { type Delivery, decodeLinks } from './delivery.ts';
import type { StoredNode, World, WriteUnit } from './ports.ts';
import { type PublishedGroup, publishGroup } from './publish.ts';
import type { Unit } from './world.ts';
import { unlinked } from './world.ts';
import { StaleReadError, WriteCollector } from './writes.ts';

/** How one signal ended, with what its evidence needs. */
export interface Ending {
  readonly delivery: Delivery;
  readonly subjectId: SubjectId;
  readonly outcome: 'applied' | 'duplicate' | 'withheld';
  readonly reason: string;
  readonly allowed: readonly Purpose[];
  /** The state held it already, from this very place in the stream: an earlier attempt wrote it. */
  readonly repeated: boolean;
  /** … and that attempt was another invocation, so its evidence may exist already. */
  readonly redelivered: boolean;
}

export interface Plan {
  readonly writes: readonly WriteUnit[];
  readonly endings: readonly Ending[];
  readonly published: readonly PublishedGroup[];
  /** Effects on identifiers that no published subject stands for. */
  readonly identity: readonly IdentityEffect[];
}

export interface IdentityEffect {
  readonly subjectId: SubjectId;
  readonly effect: KeptEffect;
}

/** An atom while its batch is worked out. */
interface Atom {
  readonly id: AtomId;
  readonly stored: StoredNode | undefined;
  readonly window: SeenWindow;
  readonly state: ProfileState;
  readonly deliveries: readonly Delivery[];
}

/**
 * Works out what a unit's signals do: identity, then permission, then profile, then segments and alerts. Pure: the same
 * world and signals give the same plan.
 *
 * @param paged messages in the pages of atoms that got signals older than their window.
 * @param written messages (`atom message`) this invocation has written already, before a conflict made it try again:
 *   their evidence is surely not out yet.
 */
export function planUnit(
  unit: Unit,
  world: World,
  paged: ReadonlyMap<AtomId, ReadonlySet<string>>,
  written: ReadonlySet<string>,
  context: UnderstandContext,
  now: EpochMs,
): Plan {
  const known = unit.subjectIds
    .map((id) => world.subjects.get(id)?.graph)
    .filter((graph) => graph !== undefined);
  const atoms = atomsOf(unit, known, world);
  const identity = identify(unit, known, atoms, world, context);

  const writes = new WriteCollector(world, identity.before);
  const endings: Ending[] = [];
  const published: PublishedGroup[] = [];
  const bucket = bucketOf([...atoms.values()], 'b00');
  const effects = identityEffects(identity, bucket, newestReceipt([...atoms.values()]), now);
  const covered = new Set(identity.graphs.flatMap((graph) => graph.nodes));
  const alone = [...atoms.keys()].filter((id) => !covered.has(id)).map(soloGraph);
  for (const graph of [...identity.graphs, ...alone]) {
    const states: ProfileState[] = [];
    const group = graph.atoms.map((id) => atoms.get(id)).filter((atom) => atom !== undefined);
    const consent = consentOf(group, context);
    for (const atom of group) {
      const judged = judge(atom, graph.subjectId, consent, paged.get(atom.id) ?? new Set(), written, context);
      endings.push(...judged.endings);
      const state = foldAtom(atom, judged, context);
      states.push(state);
      if (atom.deliveries.length > 0)
        writes.atom(
          atom.id,
          state,
          remember(atom.window, judged.added),
          identity.links.get(atom.id) ?? new Set(),
        );
    }
    const repeatSince = endings.some((ending) => ending.repeated && ending.subjectId === graph.subjectId)
      ? 0
      : null;
    const own = effects.filter((each) => each.subjectId === graph.subjectId).map((each) => each.effect);
    published.push(
      publishGroup(
        {
          graph,
          states,
          consent,
          world,
          before: identity.before,
          bucket: bucketOf(group, bucket),
          repeatSince,
          receivedAt: newestReceipt(group),
          identity: own,
          settled: false,
        },
        context,
        now,
      ),
    );
  }
  const told = new Set(published.map((group) => group.subjectId));
  return {
    writes: writes.units(known, identity.graphs, identity.saturated, published),
    endings,
    published,
    identity: effects.filter((each) => !told.has(each.subjectId)),
  };
}

const newestReceipt = (atoms: readonly Atom[]): EpochMs | null =>
  atoms
    .flatMap((atom) => atom.deliveries)
    .reduce((newest: EpochMs | null, { signal }) => Math.max(newest ?? 0, signal.receivedAt), null);

/** A subject of one identifier, which needs no stored graph. */
const soloGraph = (id: IdentifierToken): SubjectGraph => ({
  subjectId: subjectIdOf([id]),
  nodes: [id],
  atoms: [id],
  edges: [],
});

const bucketOf = (atoms: readonly Atom[], otherwise: string): string =>
  atoms.find((atom) => atom.deliveries.length > 0)?.deliveries[0]?.bucket ?? otherwise;

function atomsOf(unit: Unit, known: readonly SubjectGraph[], world: World): ReadonlyMap<AtomId, Atom> {
  const ids = new Set<AtomId>(unit.deliveries.keys());
  for (const graph of known) for (const atom of graph.atoms) ids.add(atom);
  // An identifier that was its own subject until now brings its state along.
  for (const delivery of [...unit.deliveries.values()].flat()) {
    for (const { token } of delivery.signal.identifiers) {
      const linked = world.nodes.get(token);
      if (linked !== undefined && linked.state !== null && !linked.saturated) ids.add(token);
    }
  }
  const atoms = new Map<AtomId, Atom>();
  for (const id of ids) {
    const stored = world.nodes.get(id);
    const pointsAt = stored?.subjectId ?? null;
    if (pointsAt !== null && !known.some((graph) => graph.subjectId === pointsAt)) throw new StaleReadError();
    atoms.set(id, {
      id,
      stored,
      window: stored?.seen == null ? EMPTY_WINDOW : decodeWindow(stored.seen),
      state: stored?.state == null ? EMPTY_STATE : decodeState(stored.state),
      deliveries: unit.deliveries.get(id) ?? [],
    });
  }
  return atoms;
}

interface Identified {
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
function identify(
  unit: Unit,
  known: readonly SubjectGraph[],
  atoms: ReadonlyMap<AtomId, Atom>,
  world: World,
  context: UnderstandContext,
): Identified {
  const links = new Map<AtomId, Set<IdentifierToken>>();
  const added: Edge[] = [];
  for (const [atomId, deliveries] of unit.deliveries) {
    if (deliveries.every((delivery) => delivery.signal.identifiers.length === 1)) continue;
    const stored = world.nodes.get(atomId);
    const remembered = decodeLinks(stored?.links ?? new Uint8Array());
    const graph = known.find((each) => each.nodes.includes(atomId));
    const fellows = (graph?.atoms ?? [atomId])
      .map((id) => atoms.get(id))
      .filter((atom) => atom !== undefined);
    const consent = consentOf(
      fellows.some((atom) => atom.id === atomId) ? fellows : [...fellows, ...present(atoms.get(atomId))],
      context,
    );
    for (const delivery of deliveries) {
      const others = unlinked(delivery, remembered);
      if (
        others.length === 0 ||
        'withheld' in permissionFor(context.jurisdiction, consent, delivery.signal.purposes)
      )
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
  return { ...resolution, graphs, changes, links, before };
}

const isSameGraph = (a: SubjectGraph, b: SubjectGraph): boolean =>
  a.subjectId === b.subjectId &&
  a.nodes.join() === b.nodes.join() &&
  a.atoms.join() === b.atoms.join() &&
  a.edges.join() === b.edges.join();

const present = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

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

/** The group's choices, with those that the batch itself brings: they hold before anything else is looked at. */
function consentOf(group: readonly Atom[], context: UnderstandContext): ConsentState {
  const denies = context.jurisdiction.globalPrivacyControl.value;
  let consent: ConsentState = {};
  for (const atom of group) {
    consent = mergeConsent(consent, atom.state.consent);
    consent = foldConsent(
      consent,
      atom.deliveries.map((delivery) => delivery.signal),
      denies,
    );
  }
  return consent;
}

interface Judged {
  readonly endings: readonly Ending[];
  /** New signals that may be applied, with the purposes allowed. */
  readonly fresh: readonly { readonly delivery: Delivery; readonly allowed: readonly Purpose[] }[];
  readonly added: readonly SeenEntry[];
}

function judge(
  atom: Atom,
  subjectId: SubjectId,
  consent: ConsentState,
  paged: ReadonlySet<string>,
  written: ReadonlySet<string>,
  context: UnderstandContext,
): Judged {
  const endings: Ending[] = [];
  const fresh: { delivery: Delivery; allowed: readonly Purpose[] }[] = [];
  const added: SeenEntry[] = [];
  const known = tagsByMessage(atom.window);
  for (const delivery of atom.deliveries) {
    const { signal, tag } = delivery;
    const message = messagePrefix(signal.messageToken);
    const sighting = sight(known, paged, message, tag);
    const base = { delivery, subjectId, reason: '', repeated: false, redelivered: false };
    if (sighting === 'duplicate') {
      endings.push({ ...base, outcome: 'duplicate', reason: 'message-seen-before', allowed: [] });
      continue;
    }
    const permission = permissionFor(context.jurisdiction, consent, signal.purposes);
    if (sighting === 'redelivered') {
      const allowed = 'allowed' in permission ? permission.allowed : [];
      endings.push({
        ...base,
        outcome: 'applied',
        allowed,
        repeated: true,
        redelivered: !written.has(`${atom.id} ${message}`),
      });
      continue;
    }
    if ('withheld' in permission) {
      endings.push({ ...base, outcome: 'withheld', reason: permission.withheld, allowed: [] });
      continue;
    }
    known.set(message, tag);
    added.push({ message, minute: minuteOf(signal.occurredAt), tag });
    fresh.push({ delivery, allowed: permission.allowed });
    endings.push({ ...base, outcome: 'applied', allowed: permission.allowed });
  }
  return { endings, fresh, added };
}

function foldAtom(atom: Atom, judged: Judged, context: UnderstandContext): ProfileState {
  const denies = context.jurisdiction.globalPrivacyControl.value;
  const folded = foldSignals(
    atom.state,
    judged.fresh.map(({ delivery }) => delivery.signal),
    judged.fresh.map(({ allowed }) => allowed),
  );
  const consent = foldConsent(
    folded.consent,
    atom.deliveries.map((delivery) => delivery.signal),
    denies,
  );
  return consent === folded.consent ? folded : { ...folded, consent };
}

function identityEffects(
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
      effect: effect('identifier-blocked', typeName(token), 'identifier-links-too-many'),
    })),
    ...identity.refused.map(([a]) => ({
      subjectId: subjectIdOf([a]),
      effect: effect('link-refused', typeName(a), 'subject-full'),
    })),
  ];
}

const typeName = (token: IdentifierToken): string => token.slice(0, token.indexOf('.'));
