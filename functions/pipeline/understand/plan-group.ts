import { EMPTY_CONSENT } from '../../contracts/consent.ts';
import type { AtomId, AtomVersion, SubjectId } from '../../contracts/ids.ts';
import type { PersonState } from '../../contracts/person.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import { type SubjectGraph, subjectIdOf } from '../../contracts/subject.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { permits } from '../../rights/consent/permission.ts';
import { type Standings, standingsOf } from '../../rights/consent/standing.ts';
import { carriesChoice, mergeConsent } from '../../rights/consent/state.ts';
import { NOBODY, saysMore } from '../3-profile/person.ts';
import { remember } from '../3-profile/seen.ts';
import { MATCHING_PURPOSE, type PlannedSubject } from './acquaintances.ts';
import { type Atom, bucketOf, consentOf, newestReceipt } from './atom.ts';
import type { ConflictCheck } from './conflicts.ts';
import { type ConsentOutcome, consentEffects, consentOutcome, tellsLossOf } from './consent.ts';
import { mayMatch, type UnderstandContext } from './context.ts';
import { tokensOfOrder } from './delivery.ts';
import type { Identified } from './identify.ts';
import { type Ending, foldAtom, judge } from './judge.ts';
import type { PlannedPerson } from './match-persons.ts';
import type { IdentityEffect } from './matches.ts';
import { foldPerson, personChange, wasStoredBefore } from './person.ts';
import type { World } from './ports.ts';
import { type PublishedGroup, publishGroup } from './publish.ts';
import { isRestricted } from './set-aside.ts';
import type { WriteCollector } from './writes.ts';

/** What a unit is planned from. */
export interface Knowledge {
  readonly world: World;
  /** Messages in the pages of atoms that got signals older than their window. */
  readonly paged: ReadonlyMap<AtomId, ReadonlySet<string>>;
  /** Messages (`atom message`) this invocation has written already, before a conflict made it try again: their evidence is
   * surely not out yet. */
  readonly written: ReadonlySet<string>;
  /** What is known of the persons of atoms that signals state something of. */
  readonly persons: ReadonlyMap<AtomId, PersonState>;
}

/** A unit of which identity is settled, while its subjects are planned. */
export interface IdentifiedUnit extends Knowledge {
  readonly atoms: ReadonlyMap<AtomId, Atom>;
  readonly identity: Identified;
  /** Evidence about identity, of all its subjects. */
  readonly effects: readonly IdentityEffect[];
  /** For a subject without a signal: whose evidence its is among. */
  readonly bucket: string;
  /** When the first order was received; null without one. */
  readonly orderedAt: EpochMs | null;
  /** See `GroupView.answersFor`. */
  answersFor(graph: SubjectGraph): ((openedAs: SubjectId) => boolean) | null;
  readonly writes: WriteCollector;
}

/** What becomes of one subject. */
export interface GroupPlan {
  readonly endings: readonly Ending[];
  /** Atoms whose state or person is written. */
  readonly stored: readonly AtomId[];
  readonly persons: readonly PlannedPerson[];
  readonly subject: PlannedSubject;
  readonly published: PublishedGroup;
  readonly conflicts: readonly ConflictCheck[];
  /** Its atoms, when it may no longer be profiled. */
  readonly lostProfiling: readonly AtomId[];
}

/** Plans one subject: permission, then profile, then segments and alerts. What has to be written goes to `writes`. */
export function planGroup(
  graph: SubjectGraph,
  unit: IdentifiedUnit,
  context: UnderstandContext,
  now: EpochMs,
): GroupPlan {
  const group = graph.atoms.map((id) => unit.atoms.get(id)).filter((atom) => atom !== undefined);
  const standings = standingsOf(context.jurisdiction, consentOf(group), now);
  const planned = group.map((atom) => planAtom(atom, graph.subjectId, standings, unit, context));
  const endings = planned.flatMap((each) => each.endings);
  const persons = planned.flatMap(({ person }) => person ?? []);
  const isRepeated = unit.identity.isRepeated || endings.some(({ repeated }) => repeated);
  const chosen = consentOutcome(group, standings, context, now);
  const published = publishGroup(
    {
      graph,
      standings,
      states: planned.map(({ state }) => state),
      atoms: planned.map(({ version }) => version),
      ...evidenceOf(graph, group, chosen, unit, now),
      world: unit.world,
      before: unit.identity.before,
      repeatSince: isRepeated ? 0 : null,
      restricted: isRestricted(graph.nodes, unit.world, now),
      settled: false,
    },
    context,
    now,
  );
  const isAllowed = permits(standings[MATCHING_PURPOSE]);
  const wasLost = published.repeated.some(tellsLossOf(MATCHING_PURPOSE));
  return {
    endings,
    stored: planned.flatMap(({ stored }) => stored ?? []),
    persons,
    subject: {
      ...subjectToMatch(graph, group, unit.identity, context, now),
      allows: isAllowed,
      isRepeated: isRepeated && group.some(chooses),
    },
    published,
    conflicts: conflictChecks(graph, group, persons, unit.identity, {
      isFindable: mayMatch(context),
      told: published.repeated,
    }),
    lostProfiling: chosen.lostProfiling || (wasLost && !isAllowed) ? graph.atoms : [],
  };
}

interface AtomPlan {
  readonly endings: readonly Ending[];
  readonly state: ProfileState;
  readonly version: AtomVersion;
  /** The atom, when its state or person is written. */
  readonly stored: AtomId | null;
  /** When its signals state something of the person. */
  readonly person: PlannedPerson | null;
}

function planAtom(
  atom: Atom,
  subjectId: SubjectId,
  standings: Standings,
  unit: IdentifiedUnit,
  context: UnderstandContext,
): AtomPlan {
  const { paged, written, identity, writes } = unit;
  const judged = judge(atom, subjectId, standings, paged.get(atom.id) ?? NONE, written);
  const { endings } = judged;
  const state = foldAtom(atom, judged, standings);
  // An atom that got no signal loses what the customer took back all the same.
  const isWritten =
    (atom.deliveries.length > 0 || state !== atom.state) &&
    writes.atom(atom.id, state, remember(atom.window, judged.added), identity.links.get(atom.id) ?? NONE);
  const person = statesPerson(atom) ? planPerson(atom.id, subjectId, endings, unit, context) : null;
  return {
    endings,
    state,
    version: [atom.id, (atom.stored?.version ?? 0) + (isWritten ? 1 : 0)],
    stored: isWritten || person?.isChanged === true ? atom.id : null,
    person,
  };
}

const NONE: ReadonlySet<never> = new Set();

function planPerson(
  atomId: AtomId,
  subjectId: SubjectId,
  endings: readonly Ending[],
  { persons, world, writes }: IdentifiedUnit,
  context: UnderstandContext,
): PlannedPerson {
  const before = persons.get(atomId) ?? NOBODY;
  const after = foldPerson(before, endings, context.secrets);
  const change = personChange(atomId, before, after, world);
  if (change !== null) writes.person(change);
  if (mayMatch(context) && (change !== null || world.persons.has(atomId))) writes.findable(atomId);
  const isRepeated = endings.some(({ repeated }) => repeated) || wasStoredBefore(before, endings);
  return { atomId, subjectId, before, after, isChanged: change !== null, isRepeated };
}

/** Whose evidence it is among, and what there is to tell besides segments and alerts. */
function evidenceOf(
  graph: SubjectGraph,
  group: readonly Atom[],
  chosen: ConsentOutcome,
  unit: IdentifiedUnit,
  now: EpochMs,
): Pick<
  Parameters<typeof publishGroup>[0],
  'bucket' | 'receivedAt' | 'answersFor' | 'otherAtoms' | 'identity'
> {
  const bucket = bucketOf(group, unit.bucket);
  const receivedAt = newestReceipt(group);
  const answersFor = unit.answersFor(graph);
  const own = unit.effects.filter(({ subjectId }) => subjectId === graph.subjectId);
  return {
    bucket,
    receivedAt: receivedAt ?? unit.orderedAt,
    answersFor,
    otherAtoms: answersFor === null ? [] : versionsBeside(group, unit.atoms),
    identity: [...own.map(({ effect }) => effect), ...consentEffects(chosen, bucket, receivedAt, now)],
  };
}

function subjectToMatch(
  graph: SubjectGraph,
  group: readonly Atom[],
  identity: Identified,
  { jurisdiction }: UnderstandContext,
  now: EpochMs,
): Omit<PlannedSubject, 'allows' | 'isRepeated'> {
  const before = group.map(({ state }) => state.consent).reduce(mergeConsent, EMPTY_CONSENT);
  const findable = group.filter(({ stored }) => stored?.around !== undefined).map(({ id }) => id);
  return {
    graph,
    former: group.filter(({ stored }) => stored !== undefined).map(({ id }) => id),
    findable,
    isReshaped: isReshaped(graph, findable, identity),
    allowedBefore: permits(standingsOf(jurisdiction, before, now)[MATCHING_PURPOSE]),
  };
}

const chooses = ({ deliveries }: Atom): boolean => deliveries.some(({ signal }) => carriesChoice(signal));

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
  const isStated = persons.some(({ before: was, after }) => saysMore(was, after, DAY_MS));
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
