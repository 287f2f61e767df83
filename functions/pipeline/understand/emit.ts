import { crc32 } from 'node:zlib';
import type { Alert } from '../../contracts/alerts.ts';
import type { AlertId, AtomId, SubjectId } from '../../contracts/ids.ts';
import type { LineageRow, RefusalRow, SignalRow } from '../../contracts/lineage.ts';
import type { QuarantineReason } from '../../contracts/outcomes.ts';
import { effectPayloadText, sealedMatch, signalPayloadText } from '../../contracts/payloads.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import { endsOf, type KeptEffect } from '../../contracts/subject.ts';
import { rowRef, type SubjectKey, seal } from '../../contracts/subject-keys.ts';
import { stableId } from '../../kernel/codec.ts';
import { type EpochMs, utcDate } from '../../kernel/time.ts';
import { carriesChoice } from '../../rights/consent/state.ts';
import { isConsentEffect } from './consent.ts';
import { PIPELINE_VERSION, type UnderstandContext } from './context.ts';
import type { StreamRecord } from './delivery.ts';
import { EFFECT_CLASS, EVENT_TYPE } from './effect-kinds.ts';
import type { Ending } from './judge.ts';
import { statedBy } from './person.ts';
import type { Plan } from './plan.ts';
import type { DomainEvent, DueCue, EffectPorts } from './ports.ts';
import type { PublishedGroup } from './publish.ts';

/** Everything a batch tells the world once its state is durable. */
export interface Emission {
  readonly rows: Map<string, LineageRow[]>;
  readonly records: OutcomeRecord[];
  readonly alerts: Alert[];
  readonly closed: Map<AlertId, EpochMs>;
  readonly dueCues: DueCue[];
  readonly events: DomainEvent[];
}

export const emptyEmission = (): Emission => ({
  rows: new Map(),
  records: [],
  alerts: [],
  closed: new Map(),
  dueCues: [],
  events: [],
});

/** What telling needs besides the plan. */
export interface Telling {
  readonly context: UnderstandContext;
  readonly toldAt: EpochMs;
  readonly keys: ReadonlyMap<AtomId, SubjectKey>;
}

/** An effect of several atoms is kept in the name of the first: its key seals it, and its reference leads to it. A match is
 * sealed under the key of the second, too. */
export const atomsToldOf = (effects: readonly KeptEffect[]): readonly AtomId[] => [
  ...new Set(
    effects.flatMap(({ atoms: [first], matched }) => [
      ...(first === undefined ? [] : [first[0]]),
      ...(matched === undefined ? [] : [matched.b]),
    ]),
  ),
];

/** What makes a row a customer's: nothing when there is none, or none any more. */
function sealedFor(
  atomId: AtomId | undefined,
  rowId: string,
  at: EpochMs,
  payload: (() => string) | null,
  { keys }: Telling,
): { readonly rowRef: string | null; readonly payload?: string } {
  const key = atomId === undefined ? undefined : keys.get(atomId);
  if (key === undefined) return { rowRef: null };
  const sealed = payload === null ? null : seal(key, payload(), rowId);
  return {
    rowRef: rowRef(key, at),
    ...(sealed === null ? {} : { payload: Buffer.from(sealed).toString('base64') }),
  };
}

/** Adds what a written plan has to tell. */
export function gather(into: Emission, plan: Plan, telling: Telling): void {
  for (const ending of plan.endings) gatherEnding(into, ending, telling);
  for (const { subjectId, effect } of plan.identity) gatherEffect(into, subjectId, effect, false, telling);
  for (const group of plan.published) gatherPublished(into, group, telling);
}

/** Adds what one subject's new publication tells: also the sweep's way to tell. */
export function gatherPublished(into: Emission, group: PublishedGroup, telling: Telling): void {
  for (const effect of group.repeated)
    gatherEffect(into, effect.toldAs ?? group.subjectId, effect, true, telling);
  for (const effect of group.effects) gatherEffect(into, group.subjectId, effect, false, telling);
  if (group.armAt !== null) into.dueCues.push({ subjectId: group.subjectId, dueAt: group.armAt });
}

/** Adds the evidence of a record that could not be read. It stands for an unknown number of events, and says no more than
 * that it came: the bytes are in quarantine. */
export function gatherUnreadable(into: Emission, record: StreamRecord, now: EpochMs): void {
  push(into, record.partitionKey, {
    table: 'refusals',
    rowId: stableId(record.shardId, record.sequenceNumber),
    eventClass: 'other',
    receivedAt: now,
    policyVersion: PIPELINE_VERSION,
    rowRef: null,
    sourceId: 'unknown',
    signalName: 'other',
    outcome: 'quarantined',
    reason: 'unreadable-record' satisfies QuarantineReason,
  });
}

function push(into: Emission, bucket: string, row: LineageRow): void {
  const rows = into.rows.get(bucket);
  if (rows === undefined) into.rows.set(bucket, [row]);
  else rows.push(row);
}

function gatherEnding(into: Emission, ending: Ending, telling: Telling): void {
  const { signal, bucket, tag, atomId } = ending.delivery;
  const { outcome, reason, allowed, version, since } = ending;
  const isApplied = outcome === 'applied';
  const rowId = isApplied
    ? // One applied signal per message and atom, wherever in the stream it came from.
      `${signal.messageToken}.${crc32(atomId).toString(36)}`
    : // One per delivery: a message refused twice was sent twice.
      `${signal.messageToken}.${tag.toString(36)}`;
  const payload =
    isApplied || isChoiceKept(ending)
      ? () => {
          const stated = isApplied ? statedBy(signal, allowed, telling.context.secrets) : null;
          return signalPayloadText({
            signal,
            allowed,
            version,
            since,
            ...(stated === null ? {} : { stated }),
          });
        }
      : null;
  const base = {
    rowId,
    eventClass: signal.eventClass,
    receivedAt: signal.receivedAt,
    policyVersion: PIPELINE_VERSION,
    ...sealedFor(outcome === 'suppressed' ? undefined : atomId, rowId, signal.receivedAt, payload, telling),
    sourceId: signal.sourceId,
    signalName: signal.name,
  };
  if (outcome === 'applied') {
    const row: SignalRow = {
      ...base,
      table: 'signals',
      purposes: allowed.join(),
      occurredDate: utcDate(signal.occurredAt),
      latencyMs: Math.max(0, telling.toldAt - signal.receivedAt),
      ...(ending.redelivered ? { redelivered: true as const } : {}),
    };
    push(into, bucket, row);
    return;
  }
  const row: RefusalRow = { ...base, table: 'refusals', outcome, reason };
  push(into, bucket, row);
  if (outcome === 'withheld' || outcome === 'suppressed') {
    into.records.push({
      messageToken: signal.messageToken,
      outcome,
      reason,
      sourceId: signal.sourceId,
      receivedAt: signal.receivedAt,
    });
  }
}

/** A withheld signal is not folded, but the choice it carries is. */
const isChoiceKept = ({ outcome, delivery: { signal } }: Ending): boolean =>
  outcome === 'withheld' && carriesChoice(signal);

/** A change of consent is kept for all its purposes together, and told for each. */
function gatherEffect(
  into: Emission,
  subjectId: SubjectId,
  effect: KeptEffect,
  repeated: boolean,
  telling: Telling,
): void {
  const names = isConsentEffect(effect) ? effect.name.split('+') : [effect.name];
  for (const name of names) gatherOne(into, subjectId, { ...effect, name }, repeated, telling);
}

function gatherOne(
  into: Emission,
  subjectId: SubjectId,
  effect: KeptEffect,
  repeated: boolean,
  telling: Telling,
): void {
  const id = rowIdOf(subjectId, effect);
  const { kind, name, reasons, at, atoms } = effect;
  push(into, effect.by, {
    table: 'effects',
    rowId: id,
    eventClass: EFFECT_CLASS[effect.kind] ?? 'account',
    receivedAt: effect.at,
    policyVersion: versionOf(effect, telling.context),
    ...sealedFor(atoms[0]?.[0], id, at, payloadOf(subjectId, effect, id, telling), telling),
    kind,
    name,
    reasons,
    latencyMs: effect.receivedAt === null ? null : Math.max(0, telling.toldAt - effect.receivedAt),
    ...(repeated ? { redelivered: true as const } : {}),
  });
  if (effect.alert !== undefined) into.alerts.push(effect.alert);
  for (const alertId of effect.closes ?? []) into.closed.set(alertId, at);
  const type = EVENT_TYPE[effect.kind];
  if (type === undefined) return;
  into.events.push({
    id,
    type,
    subjectId,
    name: effect.name,
    occurredAt: effect.at,
    ...(effect.alert === undefined ? {} : { alert: effect.alert }),
  });
}

/** Names the effect; a repetition has the same. */
const rowIdOf = (subjectId: SubjectId, effect: KeptEffect): string =>
  stableId(subjectId, effect.kind, effect.name, effect.at, ...distinctionOf(effect));

/** What tells effects of one kind, name and moment apart: a subject may have several matches at once, people may order several
 * links away, and several may be refused. Each needs evidence of its own. */
function distinctionOf({ kind, reasons, ordered, matched, closes = [] }: KeptEffect): readonly string[] {
  const { decisions = [], severed = [] } = ordered ?? {};
  return [
    ...(kind === 'link-refused' ? [reasons] : []),
    ...(matched === undefined ? [] : [matched.a, matched.b]),
    ...decisions.flatMap(({ a, b }) => [a, b]),
    ...severed.flatMap(endsOf),
    ...closes,
  ];
}

/** What is sealed of it; null for a match with somebody whose key is gone. */
function payloadOf(
  subjectId: SubjectId,
  { kind, name, reasons, at, atoms, ordered, matched }: KeptEffect,
  id: string,
  { keys }: Telling,
): (() => string) | null {
  const key = matched === undefined ? undefined : keys.get(matched.b);
  if (matched !== undefined && key === undefined) return null;
  return () =>
    effectPayloadText({
      ...{ subjectId, kind, name, reasons, atoms, at },
      ...(ordered === undefined ? {} : { ordered }),
      ...(matched === undefined || key === undefined ? {} : { matched: sealedMatch(matched, key, id) }),
    });
}

function versionOf(effect: KeptEffect, context: UnderstandContext): string {
  const definitions: readonly { name: string; version: number }[] = [
    ...context.segments,
    ...context.alertRules,
  ];
  const definition = definitions.find((each) => each.name === effect.name);
  return definition === undefined ? PIPELINE_VERSION : `${definition.name}@${definition.version}`;
}

/** Tells it. Each port is safe to repeat, so a crash between them is made good by the redelivery. Evidence goes before
 * events: nobody hears of what the archive will not know. Alerts close after others opened: of both, closed holds. */
export async function emit(emission: Emission, ports: EffectPorts): Promise<void> {
  await Promise.all([
    emission.alerts.length === 0 ? undefined : ports.alerts.open(emission.alerts),
    emission.dueCues.length === 0 ? undefined : ports.dueCues.arm(emission.dueCues),
    emission.rows.size === 0 ? undefined : ports.lineage.append(emission.rows),
  ]);
  for (const [at, closed] of Map.groupBy(emission.closed, ([, closedAt]) => closedAt))
    await ports.alerts.close(
      closed.map(([alertId]) => alertId),
      at,
    );
  if (emission.events.length > 0) await ports.events.publish(emission.events);
}
