import type { Alert } from '../../contracts/alerts.ts';
import type { AtomVersion, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { ConsentDepth, Purpose } from '../../contracts/purposes.ts';
import {
  isWorthKeeping,
  type KeptEffect,
  NOTHING_PUBLISHED,
  nodeOfSubjectId,
  openedTogether,
  type Published,
  type SubjectGraph,
  subjectIdOf,
} from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertRuleDefinition } from '../../registry/alert-rule-definition.ts';
import type { SegmentDefinition } from '../../registry/segment-definition.ts';
import { permits } from '../../rights/consent/permission.ts';
import type { Standings } from '../../rights/consent/standing.ts';
import { stateFor, withoutWithdrawn } from '../3-profile/revocable.ts';
import { EMPTY_STATE, mergeStates } from '../3-profile/state.ts';
import { type Scored, scoreProfile } from '../4-score/score.ts';
import { alertsOf } from '../5-alert/alert.ts';
import { alertsAfterSplit } from '../5-alert/split.ts';
import type { UnderstandContext } from './context.ts';
import type { World } from './ports.ts';

/** Silence is not concluded from sooner than this after a signal: the rest of the story may still be in the stream. */
const SETTLE_MS = 15_000;

/** What is to be told about one subject after its signals were folded. */
export interface PublishedGroup {
  readonly subjectId: SubjectId;
  /** The node, when the subject has no other. */
  readonly alone: IdentifierToken | null;
  readonly next: Published;
  /** Whether `next` differs from what is stored. */
  readonly changed: boolean;
  readonly bucket: string;
  /** Effects of this write. */
  readonly effects: readonly KeptEffect[];
  /** Effects of an earlier write by the same writer, whose emission may have been lost in a crash. */
  readonly repeated: readonly KeptEffect[];
  readonly alerts: readonly Alert[];
  /** An absence cue to arm: an earlier one than the armed, or the armed one again when its arming may have been lost. */
  readonly armAt: EpochMs | null;
}

export interface GroupView {
  readonly graph: SubjectGraph;
  readonly states: readonly ProfileState[];
  readonly standings: Standings;
  readonly world: World;
  readonly before: ReadonlyMap<IdentifierToken, SubjectId>;
  readonly bucket: string;
  /** Effects that this writer kept at this time or later may never have been told, since it crashed: tell them again. Null
   * when nothing points to a crash. */
  readonly repeatSince: EpochMs | null;
  /** When the newest of its signals was received; null when none came. */
  readonly receivedAt: EpochMs | null;
  /** The states, by atom and version. */
  readonly atoms: readonly AtomVersion[];
  /** Of a part: the other parts' atoms, without which it cannot be told why it stands alone. */
  readonly otherAtoms?: readonly AtomVersion[];
  /** When it is a part of a subject that came apart: see `alertsAfterSplit`. */
  readonly answersFor: ((subjectId: SubjectId) => boolean) | null;
  /** Merges, splits and changes of consent that concern this subject. */
  readonly identity: readonly KeptEffect[];
  /** Processing is restricted: nothing new is concluded, and only what is not permitted any more ends. */
  readonly restricted: boolean;
  /** See `alertsOf`. */
  readonly settled: boolean;
  /** What was told before, when it is not what is stored. */
  readonly told?: Published;
}

/** Scores a subject and finds what changed against what was published: segments entered and left, alerts opened, and when
 * to look again. */
export function publishGroup(view: GroupView, context: UnderstandContext, now: EpochMs): PublishedGroup {
  const { graph } = view;
  const { published, shared } =
    view.told === undefined ? publishedBefore(view) : { published: view.told, shared: true };
  const judged = judgeGroup(view, published, context, now);
  const { segments, moves } = segmentsAfter(view, published, judged, context, now);
  const effects = [
    ...view.identity.map((each) => ({ ...each, atoms: atomsBehind(each, view) })),
    ...moves,
    ...alertEffects(view, judged, now),
  ];
  const { dueAt, armAt } = cueAfter(view, published, judged, now);
  const isOwn = (kept: KeptEffect): boolean => kept.by === view.bucket;
  const { alongside } = published;
  const isKept = effects.length === 0 || alongside?.by !== view.bucket;
  const next: Published = {
    segments,
    alerts: judged.alerted.alerts,
    dueAt,
    effects:
      effects.length === 0
        ? published.effects
        : [...published.effects.filter((kept) => !isOwn(kept)), ...effects],
    ...(alongside === undefined || !isKept ? {} : { alongside }),
  };
  return {
    subjectId: graph.subjectId,
    alone: isWorthKeeping(graph) ? null : (graph.nodes[0] ?? null),
    next,
    changed: !shared || JSON.stringify(next) !== JSON.stringify(published),
    bucket: view.bucket,
    effects,
    repeated: published.effects.filter((kept) => isOwn(kept) && isUntold(kept, view)),
    alerts: openedBy(judged),
    armAt,
  };
}

/** What an earlier write by the same writer kept of a subject that it changed alongside others: to be told again.
 * @param subjectId as it was then
 * @returns null when nothing of it is left */
export function publishedAlongside(
  subjectId: SubjectId,
  bucket: string,
  world: Pick<World, 'nodes' | 'subjects'>,
): PublishedGroup | null {
  const node = world.nodes.get(nodeOfSubjectId(subjectId));
  const home = node?.subjectId ?? subjectId;
  const published = world.subjects.get(home)?.published ?? node?.published ?? null;
  if (published === null) return null;
  return {
    subjectId: home,
    alone: null,
    next: published,
    changed: false,
    bucket,
    effects: [],
    repeated: published.effects.filter(({ by }) => by === bucket),
    alerts: [],
    armAt: published.dueAt,
  };
}

/** What the rules say of a subject now. */
interface Judged {
  /** Whether a rule may conclude anything: while processing is restricted, only that what is not permitted any more ends. */
  isConcluded(definition: Concluding): boolean;
  readonly scored: Scored;
  /** Of a part of a subject that came apart: which of the alerts are its own. */
  readonly split: ReturnType<typeof alertsAfterSplit> | null;
  readonly alerted: ReturnType<typeof alertsOf>;
}

function judgeGroup(
  view: GroupView,
  published: Published,
  { segments, alertRules }: UnderstandContext,
  now: EpochMs,
): Judged {
  const { graph, standings, answersFor } = view;
  const { subjectId } = graph;
  const merged = view.states.reduce(mergeStates, EMPTY_STATE);
  const seenFor = stateFor(withoutWithdrawn(merged, standings));
  const permitted = (purpose: Purpose, depth: ConsentDepth): boolean => permits(standings[purpose], depth);
  const isConcluded = ({ purposes, depth }: Concluding): boolean =>
    !view.restricted || purposes.some((purpose) => !permitted(purpose, depth ?? 'basic'));
  const allowed = <T extends Concluding>(all: readonly T[]): readonly T[] =>
    view.restricted ? all.filter(isConcluded) : all;
  const scored = scoreProfile(seenFor, allowed(segments), permitted, now);
  const split =
    answersFor === null
      ? null
      : alertsAfterSplit(
          { subjectId, stateFor: seenFor, segments: scored.segments, answersFor },
          published.alerts,
          alertRules,
          permitted,
          now,
        );
  const alerted = alertsOf(
    subjectId,
    seenFor,
    scored.segments,
    split?.alerts ?? published.alerts,
    allowed(alertRules),
    permitted,
    now,
    view.settled,
  );
  return { isConcluded, scored, split, alerted };
}

const openedBy = ({ split, alerted }: Judged): readonly Alert[] => [
  ...(split?.opened ?? []),
  ...alerted.opened,
];

const effectOf = (
  { bucket, receivedAt, atoms }: GroupView,
  now: EpochMs,
  kind: KeptEffect['kind'],
  name: string,
  reasons: string,
): KeptEffect => ({ by: bucket, kind, name, reasons, at: now, receivedAt, atoms });

/** Segments it is in now, and the evidence of those it entered and left. */
function segmentsAfter(
  view: GroupView,
  published: Published,
  { isConcluded, scored }: Judged,
  context: UnderstandContext,
  now: EpochMs,
): { readonly segments: Record<string, EpochMs>; readonly moves: readonly KeptEffect[] } {
  const segments: Record<string, EpochMs> = {};
  const moves: KeptEffect[] = [];
  for (const definition of context.segments) {
    const { name } = definition;
    const since = published.segments[name];
    const isIn = isConcluded(definition) ? scored.segments.has(name) : since !== undefined;
    if (isIn) segments[name] = since ?? now;
    if (isIn === (since !== undefined)) continue;
    const kind = isIn ? 'segment-entered' : 'segment-left';
    moves.push(effectOf(view, now, kind, name, segmentReasons(definition, scored)));
  }
  return { segments, moves };
}

function alertEffects(view: GroupView, judged: Judged, now: EpochMs): readonly KeptEffect[] {
  return [
    ...(judged.split?.closed ?? []).map(({ alertId, rule }) => ({
      ...effectOf(view, now, 'alert-closed', rule, 'subject-split'),
      closes: [alertId],
    })),
    ...openedBy(judged).map((alert) => ({
      ...effectOf(view, now, 'alert-opened', alert.rule, alertReasons(alert)),
      alert,
    })),
    ...judged.alerted.closed.map(({ rule, missing, alertIds }) => ({
      ...effectOf(view, now, 'alert-closed', rule, `not-permitted:${missing.join('+')}`),
      closes: alertIds,
    })),
  ];
}

/** When to look again, and the cue to arm for it, if any. */
function cueAfter(
  { repeatSince }: GroupView,
  published: Published,
  { alerted }: Judged,
  now: EpochMs,
): Pick<Published, 'dueAt'> & Pick<PublishedGroup, 'armAt'> {
  const armed = published.dueAt !== null && published.dueAt > now ? published.dueAt : null;
  const due = alerted.dueAt === null ? null : Math.max(alerted.dueAt, now + SETTLE_MS);
  // What an earlier attempt noted as armed, it may have died before arming.
  const rearm = repeatSince === null ? null : armed;
  const armAt = due !== null && (armed === null || due < armed) ? due : rearm;
  return { dueAt: armAt ?? armed, armAt };
}

/** The states that an effect on identity followed from: a match is about its two atoms, wherever they belong. */
function atomsBehind({ kind, matched, atoms }: KeptEffect, view: GroupView): readonly AtomVersion[] {
  if (matched !== undefined) return atoms;
  return kind === 'subject-split' ? [...view.atoms, ...(view.otherAtoms ?? [])] : view.atoms;
}

/** What draws a conclusion from a profile for purposes. */
type Concluding = Pick<SegmentDefinition | AlertRuleDefinition, 'purposes' | 'depth'>;

/** Why a subject is in a segment, or is not. */
function segmentReasons(
  { name, version }: { readonly name: string; readonly version: number },
  { scores, notComputed }: Scored,
): string {
  const missing = notComputed[name];
  return missing === undefined
    ? `score:${round(scores[name])},version:${version}`
    : `not-permitted:${missing.join('+')}`;
}

const alertReasons = ({ reasons }: Alert): string =>
  reasons.map(({ code, value }) => `${code}:${value}`).join();

/** Whether an effect of an earlier write may never have been told. */
const isUntold = (kept: KeptEffect, { repeatSince }: GroupView): boolean =>
  repeatSince !== null && kept.at >= repeatSince;

const round = (score: number | null | undefined): string => (score == null ? 'none' : score.toFixed(1));

/** What was published about the subjects this one is made of. `shared` when it is exactly what is stored for it. */
function publishedBefore(view: GroupView): { published: Published; shared: boolean } {
  const sources = new Map<SubjectId, Published>();
  for (const node of view.graph.nodes) {
    const subjectId = view.before.get(node) ?? subjectIdOf([node]);
    const stored = view.world.subjects.get(subjectId)?.published ?? view.world.nodes.get(node)?.published;
    if (stored != null) sources.set(subjectId, asToldBy(subjectId, stored, view.graph.subjectId));
  }
  const [first, ...rest] = [...sources.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, published]) => published);
  if (first === undefined) return { published: NOTHING_PUBLISHED, shared: true };
  const published = rest.reduce(mergePublished, first);
  if (view.answersFor === null) return { published, shared: rest.length === 0 };
  // A part arms its own cues, and tells again only what was told under its own id.
  const { effects = [] } = sources.get(view.graph.subjectId) ?? {};
  return { published: { ...published, dueAt: null, effects }, shared: false };
}

/** Effects that were told under another id are told again under that, should it come to it. */
function asToldBy(subjectId: SubjectId, published: Published, now: SubjectId): Published {
  if (subjectId === now || published.effects.length === 0) return published;
  return { ...published, effects: published.effects.map((each) => ({ toldAs: subjectId, ...each })) };
}

function mergePublished(a: Published, b: Published): Published {
  const segments: Record<string, EpochMs> = { ...a.segments };
  for (const [name, since] of Object.entries(b.segments))
    segments[name] = Math.min(segments[name] ?? since, since);
  const alerts: Record<string, Published['alerts'][string]> = { ...a.alerts };
  for (const [rule, fired] of Object.entries(b.alerts)) {
    const own = alerts[rule];
    alerts[rule] =
      own === undefined
        ? fired
        : {
            firedAt: Math.max(own.firedAt, fired.firedAt),
            occurredAt: Math.max(own.occurredAt, fired.occurredAt),
            opened: openedTogether(own.opened ?? [], fired.opened ?? []),
          };
  }
  const dueAt = a.dueAt === null ? b.dueAt : b.dueAt === null ? a.dueAt : Math.min(a.dueAt, b.dueAt);
  const alongside = a.alongside ?? b.alongside;
  const effects = [...a.effects, ...b.effects];
  return { segments, alerts, dueAt, effects, ...(alongside === undefined ? {} : { alongside }) };
}
