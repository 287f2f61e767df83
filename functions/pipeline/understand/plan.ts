import { EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomId, AtomVersion, SubjectId } from '../../contracts/ids.ts';
import type { PersonState } from '../../contracts/person.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import {
  nodeOfSubjectId,
  type SubjectGraph,
  type SubjectOutline,
  soloGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { permits } from '../../rights/consent/permission.ts';
import { standingsOf } from '../../rights/consent/standing.ts';
import { carriesChoice, mergeConsent } from '../../rights/consent/state.ts';
import type { IdentityChange } from '../2-identify/changes.ts';
import { NOBODY } from '../3-profile/person.ts';
import { remember } from '../3-profile/seen.ts';
import { MATCHING_PURPOSE, type PlannedSubject } from './acquaintances.ts';
import { type Atom, atomsOf, bucketOf, consentOf, newestReceipt } from './atom.ts';
import type { ConflictCheck } from './conflicts.ts';
import { consentEffects, consentOutcome, tellsLossOf } from './consent.ts';
import { mayMatch, type UnderstandContext } from './context.ts';
import { tokensOfOrder } from './delivery.ts';
import { type Identified, identify, identityEffects } from './identify.ts';
import { type Ending, foldAtom, judge } from './judge.ts';
import type { PlannedPerson } from './match-persons.ts';
import { type IdentityEffect, matchEffects } from './matches.ts';
import { foldPerson, personChange, wasStoredBefore } from './person.ts';
import type { World } from './ports.ts';
import { type PublishedGroup, publishGroup } from './publish.ts';
import { isRestricted, setAside } from './set-aside.ts';
import type { Unit } from './world.ts';
import { type PlannedUnit, WriteCollector } from './writes.ts';

export interface Plan {
  readonly writes: readonly PlannedUnit[];
  readonly endings: readonly Ending[];
  /** Atoms whose state or person is written: each needs a secret before. */
  readonly stored: readonly AtomId[];
  readonly published: readonly PublishedGroup[];
  /** Persons that signals state something of, and all subjects of the unit: what matching looks at. */
  readonly persons: readonly PlannedPerson[];
  readonly subjects: readonly PlannedSubject[];
  /** Subjects in which values may contradict each other otherwise than before. */
  readonly conflicts: readonly ConflictCheck[];
  /** Subjects that the unit joined of several (or did in an earlier attempt, which may have died before it told of it), with
   * those of their atoms that others may find. */
  readonly merged: readonly Pick<SubjectOutline, 'atoms'>[];
  /** Effects on identifiers that no published subject stands for. */
  readonly identity: readonly IdentityEffect[];
  /** Atoms of customers who may no longer be profiled, from now on or since an earlier attempt: whatever else was derived from them for that has to go. */
  readonly lostProfiling: readonly AtomId[];
}

/**
 * Works out what a unit's signals do: identity, then permission, then profile, then segments and alerts. Pure: the same
 * world and signals give the same plan.
 *
 * @param paged messages in the pages of atoms that got signals older than their window.
 * @param written messages (`atom message`) this invocation has written already, before a conflict made it try again:
 *   their evidence is surely not out yet.
 * @param persons what is known of the persons of atoms that signals state something of.
 */
export function planUnit(
  whole: Unit,
  world: World,
  paged: ReadonlyMap<AtomId, ReadonlySet<string>>,
  written: ReadonlySet<string>,
  persons: ReadonlyMap<AtomId, PersonState>,
  context: UnderstandContext,
  now: EpochMs,
): Plan {
  const { unit, endings: forbidden } = setAside(whole, world, now);
  const known = unit.subjectIds
    .map((id) => world.subjects.get(id)?.graph)
    .filter((graph) => graph !== undefined);
  const atoms = atomsOf(unit, known, world, paged, context);
  const identity = identify(unit, known, atoms, world, context, now);

  const isFindable = mayMatch(context);
  const writes = new WriteCollector(world, identity.before, context.jurisdiction.retention);
  const endings: Ending[] = [...forbidden];
  const stored: AtomId[] = [];
  const published: PublishedGroup[] = [];
  const lostProfiling: AtomId[] = [];
  const planned: PlannedPerson[] = [];
  const subjects: PlannedSubject[] = [];
  const conflicts: ConflictCheck[] = [];
  const bucket = bucketOf([...atoms.values()], unit.orders[0]?.bucket ?? 'b00');
  const orderedAt = unit.orders[0]?.order.receivedAt ?? null;
  const receivedAt = newestReceipt([...atoms.values()]) ?? orderedAt;
  const effects = [
    ...identityEffects(identity, bucket, receivedAt, now),
    ...matchEffects(unit.matches, identity.graphs, atoms, { by: bucket, receivedAt }, now),
  ];
  const covered = new Set(identity.graphs.flatMap((graph) => graph.nodes));
  const alone = [...atoms.keys()].filter((id) => !covered.has(id)).map(soloGraph);
  const answering = answersFor(identity.changes, [...identity.graphs, ...alone]);
  for (const graph of [...identity.graphs, ...alone]) {
    const states: ProfileState[] = [];
    const versions: AtomVersion[] = [];
    const ended: Ending[] = [];
    const group = graph.atoms.map((id) => atoms.get(id)).filter((atom) => atom !== undefined);
    // Read only because something keeps it apart from one that changes: nothing about it is news.
    if (
      unit.orders.length === 0 &&
      known.includes(graph) &&
      group.every((atom) => atom.deliveries.length === 0)
    )
      continue;
    const standings = standingsOf(context.jurisdiction, consentOf(group), now);
    for (const atom of group) {
      const judged = judge(atom, graph.subjectId, standings, paged.get(atom.id) ?? new Set(), written);
      ended.push(...judged.endings);
      const state = foldAtom(atom, judged, standings);
      states.push(state);
      // An atom that got no signal loses what the customer took back all the same.
      const isWritten =
        (atom.deliveries.length > 0 || state !== atom.state) &&
        writes.atom(
          atom.id,
          state,
          remember(atom.window, judged.added),
          identity.links.get(atom.id) ?? new Set(),
        );
      if (statesPerson(atom)) {
        const before = persons.get(atom.id) ?? NOBODY;
        const after = foldPerson(before, judged.endings, context.secrets);
        const change = personChange(atom.id, before, after, world);
        if (change !== null) writes.person(change);
        if (isFindable && (change !== null || world.persons.has(atom.id))) writes.findable(atom.id);
        if (isWritten || change !== null) stored.push(atom.id);
        const isRepeated =
          judged.endings.some(({ repeated }) => repeated) || wasStoredBefore(before, judged.endings);
        planned.push({
          ...{ atomId: atom.id, subjectId: graph.subjectId },
          ...{ before, after, isChanged: change !== null, isRepeated },
        });
      } else if (isWritten) stored.push(atom.id);
      versions.push([atom.id, (atom.stored?.version ?? 0) + (isWritten ? 1 : 0)]);
    }
    endings.push(...ended);
    const isRepeated = identity.isRepeated || ended.some((ending) => ending.repeated);
    const chooses = group.some(({ deliveries }) => deliveries.some(({ signal }) => carriesChoice(signal)));
    const before = group.map(({ state }) => state.consent).reduce(mergeConsent, EMPTY_CONSENT);
    const findable = group.filter(({ stored }) => stored?.around !== undefined).map(({ id }) => id);
    subjects.push({
      graph,
      former: group.filter(({ stored }) => stored !== undefined).map(({ id }) => id),
      findable,
      isReshaped: isReshaped(graph, findable, identity),
      allows: permits(standings[MATCHING_PURPOSE]),
      allowedBefore: permits(standingsOf(context.jurisdiction, before, now)[MATCHING_PURPOSE]),
      isRepeated: isRepeated && chooses,
    });
    const repeatSince = isRepeated ? 0 : null;
    const answers = answering(graph);
    const own = effects.filter((each) => each.subjectId === graph.subjectId).map((each) => each.effect);
    const chosen = consentOutcome(group, standings, context, now);
    const publication = publishGroup(
      {
        graph,
        states,
        standings,
        world,
        before: identity.before,
        bucket: bucketOf(group, bucket),
        repeatSince,
        receivedAt: newestReceipt(group) ?? orderedAt,
        atoms: versions,
        answersFor: answers,
        otherAtoms: answers === null ? [] : versionsBeside(group, atoms),
        identity: [...own, ...consentEffects(chosen, bucketOf(group, bucket), newestReceipt(group), now)],
        restricted: isRestricted(graph.nodes, world, now),
        settled: false,
      },
      context,
      now,
    );
    published.push(publication);
    conflicts.push(
      ...conflictChecks(graph, group, planned, identity, { isFindable, told: publication.repeated }),
    );
    const wasLost = publication.repeated.some(tellsLossOf(MATCHING_PURPOSE));
    if (chosen.lostProfiling || (wasLost && !permits(standings[MATCHING_PURPOSE])))
      lostProfiling.push(...graph.atoms);
  }
  const isMerged = ({ effects: made, repeated }: PublishedGroup): boolean =>
    [...made, ...repeated].some(({ kind }) => kind === 'subjects-merged');
  const told = new Set(published.map((group) => group.subjectId));
  return {
    writes: writes.units(
      known,
      identity.graphs,
      identity.saturated.map(({ token }) => token),
      published,
    ),
    endings,
    stored,
    published,
    persons: planned,
    subjects,
    conflicts,
    merged: subjects.flatMap(({ findable }, at) => {
      const group = published[at];
      return group !== undefined && isMerged(group) ? [{ atoms: findable }] : [];
    }),
    identity: effects.filter((each) => !told.has(each.subjectId)),
    lostProfiling,
  };
}

/** Which part of a subject that came apart answers for an alert: the one that its subject id leads to; and for those whose id
 * leads nowhere now (its identifier links too many), the first. */
function answersFor(
  changes: readonly IdentityChange[],
  graphs: readonly SubjectGraph[],
): (graph: SubjectGraph) => ((subjectId: SubjectId) => boolean) | null {
  const splits = changes.filter(({ kind }) => kind === 'subject-split');
  if (splits.length === 0) return () => null;
  const homes = new Map(graphs.flatMap(({ nodes, subjectId }) => nodes.map((node) => [node, subjectId])));
  const firsts = new Set(
    Map.groupBy(splits, ({ from }) => from.join())
      .values()
      .map(([first]) => first?.subjectId),
  );
  return ({ subjectId }) =>
    splits.some((split) => split.subjectId === subjectId)
      ? (openedAs) => {
          const home = homes.get(nodeOfSubjectId(openedAs));
          return home === subjectId || (home === undefined && firsts.has(subjectId));
        }
      : null;
}

/** Whether whom the subject may be one with has to be looked at anew: it is made of several of whom something was known, or
 * is a part, or somebody ordered something about it. */
const isReshaped = (
  { subjectId, nodes }: SubjectGraph,
  findable: readonly AtomId[],
  { changes, obeyed }: Identified,
): boolean =>
  changes.some(
    (change) => change.subjectId === subjectId && (change.kind === 'subject-split' || findable.length > 1),
  ) || obeyed.some(({ order }) => tokensOfOrder(order).some((token) => nodes.includes(token)));

/** Whether values may contradict each other otherwise than before: the customer or a system stated something, or the subject
 * is made of several of whom something may be known, or is a part of one; now, or in an earlier attempt. */
function conflictChecks(
  graph: SubjectGraph,
  group: readonly Atom[],
  planned: readonly PlannedPerson[],
  { changes, before }: Identified,
  { isFindable, told }: { readonly isFindable: boolean; readonly told: PublishedGroup['repeated'] },
): readonly ConflictCheck[] {
  const persons = planned.filter(({ subjectId }) => subjectId === graph.subjectId);
  const stated = new Map(persons.map((person) => [person.atomId, person]));
  const isStated = persons.some(({ isChanged }) => isChanged);
  // Where one states something, another may do so for the first time right now.
  const mayBeKnown = ({ id, stored }: Atom): boolean =>
    stated.has(id) || (stored !== undefined && (isStated || !isFindable || stored.around !== undefined));
  const former = new Map(
    group.filter(mayBeKnown).map(({ id }) => [id, before.get(id) ?? subjectIdOf([id])] as const),
  );
  const isOfShape = (kind: string): boolean =>
    kind === 'subject-split' || (kind === 'subjects-merged' && former.size > 1);
  const isReshaped = changes.some(({ subjectId, kind }) => subjectId === graph.subjectId && isOfShape(kind));
  const wasReshaped = told.some(({ kind }) => isOfShape(kind));
  const isRepeated = wasReshaped || persons.some((person) => person.isRepeated);
  return former.size > 0 && (isReshaped || isRepeated || isStated)
    ? [{ graph, former, stated, isRepeated }]
    : [];
}

const statesPerson = (atom: Atom): boolean =>
  atom.deliveries.some(({ signal }) => signal.person !== undefined);

/** The unit's other atoms, each with the highest version that its state may have after the unit. */
const versionsBeside = (group: readonly Atom[], atoms: ReadonlyMap<AtomId, Atom>): readonly AtomVersion[] =>
  [...atoms.values()]
    .filter((atom) => !group.includes(atom))
    .map((atom) => [atom.id, (atom.stored?.version ?? 0) + (atom.deliveries.length > 0 ? 1 : 0)]);
