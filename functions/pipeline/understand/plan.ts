import type { AtomId, SubjectId } from '../../contracts/ids.ts';
import {
  nodeOfSubjectId,
  type SubjectGraph,
  type SubjectOutline,
  soloGraph,
} from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { IdentityChange } from '../2-identify/changes.ts';
import type { PlannedSubject } from './acquaintances.ts';
import { atomsOf, bucketOf, newestReceipt } from './atom.ts';
import type { ConflictCheck } from './conflicts.ts';
import type { UnderstandContext } from './context.ts';
import { tokensOfOrder } from './delivery.ts';
import { identify, identityEffects } from './identify.ts';
import type { Ending } from './judge.ts';
import type { PlannedPerson } from './match-persons.ts';
import { type IdentityEffect, matchEffects } from './matches.ts';
import { type GroupPlan, type Knowledge, planGroup } from './plan-group.ts';
import type { World } from './ports.ts';
import { type PublishedGroup, publishedAlongside } from './publish.ts';
import { setAside } from './set-aside.ts';
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
 * knowledge and signals give the same plan.
 */
export function planUnit(whole: Unit, knowledge: Knowledge, context: UnderstandContext, now: EpochMs): Plan {
  const { world, paged } = knowledge;
  const { unit, endings: forbidden } = setAside(whole, world, now);
  const known = unit.subjectIds
    .map((id) => world.subjects.get(id)?.graph)
    .filter((graph) => graph !== undefined);
  const atoms = atomsOf(unit, known, world, paged, context);
  const identity = identify(unit, known, atoms, world, context, now);
  const writes = new WriteCollector(world, identity.before, context.jurisdiction.retention);
  const bucket = bucketOf([...atoms.values()], unit.orders[0]?.bucket ?? 'b00');
  const orderedAt = unit.orders[0]?.order.receivedAt ?? null;
  const receivedAt = newestReceipt([...atoms.values()]) ?? orderedAt;
  const effects = [
    ...identityEffects(identity, bucket, receivedAt, now),
    ...matchEffects(unit.matches, identity.graphs, atoms, { by: bucket, receivedAt }, now),
  ];
  const covered = new Set(identity.graphs.flatMap((graph) => graph.nodes));
  const alone = [...atoms.keys()].filter((id) => !covered.has(id)).map(soloGraph);
  const graphs = [...identity.graphs, ...alone];
  // Read only because something keeps it apart from one that changes: nothing about it is news.
  const isNews = (graph: SubjectGraph): boolean =>
    unit.orders.length > 0 ||
    !known.includes(graph) ||
    graph.atoms.some((id) => (atoms.get(id)?.deliveries.length ?? 0) > 0);
  const identified = {
    ...knowledge,
    ...{ atoms, identity, effects, bucket, orderedAt, writes },
    answersFor: answersFor(identity.changes, graphs),
  };
  const groups = graphs.filter(isNews).map((graph) => planGroup(graph, identified, context, now));
  const published = withSilent(unit, groups, world);
  const told = new Set(published.map(({ subjectId }) => subjectId));
  return {
    writes: writes.units(
      known,
      identity.graphs,
      identity.saturated.map(({ token }) => token),
      published,
    ),
    endings: [...forbidden, ...groups.flatMap(({ endings }) => endings)],
    stored: groups.flatMap(({ stored }) => stored),
    published,
    persons: groups.flatMap(({ persons }) => persons),
    subjects: groups.map(({ subject }) => subject),
    conflicts: groups.flatMap(({ conflicts }) => conflicts),
    merged: groups.flatMap((group) => (isMerged(group.published) ? [{ atoms: group.subject.findable }] : [])),
    identity: effects.filter(({ subjectId }) => !told.has(subjectId)),
    lostProfiling: groups.flatMap(({ lostProfiling }) => lostProfiling),
  };
}

/**
 * What is published of the unit's subjects. Some have come apart from those whose signals and orders the unit is made of: should
 * the writer die before it tells, only the latter come again. So these note the others, and tell for them when they do.
 */
function withSilent(unit: Unit, groups: readonly GroupPlan[], world: World): readonly PublishedGroup[] {
  const spoken = new Set([
    ...unit.deliveries.keys(),
    ...unit.orders.flatMap(({ order }) => tokensOfOrder(order)),
  ]);
  const speaks = ({ subject }: GroupPlan): boolean => subject.graph.nodes.some((node) => spoken.has(node));
  const subjectIds = groups
    .filter((group) => !speaks(group) && group.published.effects.length > 0)
    .map(({ published }) => published.subjectId);
  const here = new Set(groups.map(({ published }) => published.subjectId));
  return groups.flatMap((group) => {
    const { published } = group;
    const { next, bucket } = published;
    if (speaks(group) && subjectIds.length > 0)
      return [{ ...published, next: { ...next, alongside: { by: bucket, subjectIds } }, changed: true }];
    const { alongside } = next;
    if (published.repeated.length === 0 || alongside?.by !== bucket) return [published];
    const others = alongside.subjectIds.flatMap((id) => publishedAlongside(id, bucket, world) ?? []);
    return [published, ...others.filter(({ subjectId }) => !here.has(subjectId))];
  });
}

const isMerged = ({ effects, repeated }: PublishedGroup): boolean =>
  [...effects, ...repeated].some(({ kind }) => kind === 'subjects-merged');

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
