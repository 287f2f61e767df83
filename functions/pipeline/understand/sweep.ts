import { EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomVersion, SubjectId } from '../../contracts/ids.ts';
import { nodeOfSubjectId, type SubjectGraph, soloGraph } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { mergeConsent } from '../../rights/consent/state.ts';
import { EMPTY_STATE } from '../3-profile/state.ts';
import { decodeState } from '../3-profile/state-codec.ts';
import type { UnderstandContext } from './context.ts';
import { atomsToldOf, emit, emptyEmission, gatherPublished } from './emit.ts';
import type { FallenDue, ProfileStore, SweepPorts, World, WriteUnit } from './ports.ts';
import { type GroupView, type PublishedGroup, publishGroup } from './publish.ts';
import { isRestricted } from './set-aside.ts';

/** The writer's name among kept effects, and the partition key of its evidence. */
const SWEEP = 'sweep';

/**
 * Looks at every subject whose silence has a meaning by now: segments and alerts are judged again, with no new signal.
 * A subject that somebody is writing meanwhile keeps its cue for the next sweep; so does everything when a port fails.
 *
 * @returns how many cues were looked at and how many alerts opened.
 * @throws TransientError when a port can't be reached.
 */
export async function sweep(
  context: UnderstandContext,
  ports: SweepPorts,
  now: EpochMs,
): Promise<{ cues: number; alerts: number }> {
  let [cues, alerts] = [0, 0];
  for await (const page of ports.cues.due(now, ports.isInTime)) {
    cues += page.length;
    const world = await readSubjects(
      page.map((cue) => cue.subjectId),
      ports.profiles,
    );
    const groups = groupsOf(page, world, context, now);
    const writes = groups.map((group) => writeOf(group, world));
    const changed = writes.filter((write) => write !== null);
    const results = changed.length === 0 ? [] : await ports.profiles.write(changed);
    const emission = emptyEmission();
    const effects = groups.flatMap(({ published }) => [...published.effects, ...published.repeated]);
    const keys = await ports.keyring.read(atomsToldOf(effects));
    const telling = { context, toldAt: ports.clock(), keys };
    const done = new Set<SubjectId>();
    for (const [index, group] of groups.entries()) {
      const write = writes[index] ?? null;
      if (write !== null && results[changed.indexOf(write)] !== 'written') continue;
      gatherPublished(emission, group.published, telling);
      alerts += group.published.alerts.length;
      for (const asked of group.askedFor) done.add(asked);
    }
    await emit(emission, ports);
    const known = new Set(groups.flatMap((group) => group.askedFor));
    await ports.cues.forget(page.filter((cue) => done.has(cue.subjectId) || !known.has(cue.subjectId)));
  }
  return { cues, alerts };
}

/** Subjects by ids that may be older than the last merge: the id's own node says where it belongs now. */
async function readSubjects(subjectIds: readonly SubjectId[], store: ProfileStore): Promise<World> {
  const { nodes } = await store.read([...new Set(subjectIds.map(nodeOfSubjectId))], [], true);
  const pointed = [...nodes.values()].map((node) => node.subjectId).filter((id) => id !== null);
  const { subjects } = await store.read([], [...new Set(pointed)], true);
  const fellows = [...subjects.values()]
    .flatMap((subject) => subject.graph.atoms)
    .filter((atom) => !nodes.has(atom));
  const rest = fellows.length === 0 ? new Map() : (await store.read(fellows, [], true)).nodes;
  return { nodes: new Map([...nodes, ...rest]), subjects, persons: new Map() };
}

interface SweptGroup {
  readonly graph: SubjectGraph;
  readonly published: PublishedGroup;
  /** Ids under which cues asked for it. */
  readonly askedFor: readonly SubjectId[];
}

function groupsOf(
  page: readonly FallenDue[],
  world: World,
  context: UnderstandContext,
  now: EpochMs,
): readonly SweptGroup[] {
  const asked = new Map<SubjectId, { graph: SubjectGraph; ids: SubjectId[]; dueAt: EpochMs }>();
  for (const cue of page) {
    const node = world.nodes.get(nodeOfSubjectId(cue.subjectId));
    if (node === undefined) continue;
    const stored = node.subjectId === null ? undefined : world.subjects.get(node.subjectId);
    const graph = stored?.graph ?? soloGraph(node.id);
    const entry = asked.get(graph.subjectId) ?? { graph, ids: [], dueAt: cue.dueAt };
    entry.ids.push(cue.subjectId);
    entry.dueAt = Math.min(entry.dueAt, cue.dueAt);
    asked.set(graph.subjectId, entry);
  }
  return [...asked.values()].map(({ graph, ids, dueAt }) => {
    const view = { ...viewOf(graph, world, context, now), repeatSince: dueAt };
    return { graph, askedFor: ids, published: publishGroup(view, context, now) };
  });
}

/** A subject as it is stored, to be judged without any new signal. */
export function viewOf(
  graph: SubjectGraph,
  world: World,
  { jurisdiction }: UnderstandContext,
  now: EpochMs,
): GroupView {
  const states = graph.atoms
    .map((atom) => world.nodes.get(atom)?.state ?? null)
    .map((state) => (state === null ? EMPTY_STATE : decodeState(state)));
  const consent = states.map((state) => state.consent).reduce(mergeConsent, EMPTY_CONSENT);
  return {
    graph,
    states,
    standings: standingsOf(jurisdiction, consent, now),
    world,
    before: new Map(graph.nodes.map((node) => [node, graph.subjectId])),
    bucket: SWEEP,
    repeatSince: null,
    receivedAt: null,
    atoms: graph.atoms.map((atom): AtomVersion => [atom, world.nodes.get(atom)?.version ?? 0]),
    answersFor: null,
    identity: [],
    restricted: isRestricted(graph.nodes, world, now),
    settled: true,
  };
}

function writeOf({ graph, published }: SweptGroup, world: World): WriteUnit | null {
  if (!published.changed) return null;
  const none = { pages: [], nodes: [], subjects: [], atomic: false };
  const subject = world.subjects.get(graph.subjectId);
  if (subject !== undefined) {
    return {
      ...none,
      subjects: [
        { subjectId: graph.subjectId, version: subject.version, next: { graph, published: published.next } },
      ],
    };
  }
  const node = published.alone === null ? undefined : world.nodes.get(published.alone);
  return node === undefined ? null : { ...none, nodes: [{ ...node, published: published.next }] };
}
