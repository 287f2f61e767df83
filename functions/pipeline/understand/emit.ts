import { crc32 } from 'node:zlib';
import type { Alert } from '../../contracts/alerts.ts';
import type { SubjectId } from '../../contracts/ids.ts';
import type { EffectRow, LineageRow, RefusalRow, SignalRow } from '../../contracts/lineage.ts';
import type { QuarantineReason } from '../../contracts/outcomes.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { EventClass } from '../../contracts/signal.ts';
import type { KeptEffect } from '../../contracts/subject.ts';
import { rowRef } from '../../contracts/tokens.ts';
import { stableId } from '../../kernel/codec.ts';
import { type EpochMs, utcDate } from '../../kernel/time.ts';
import { PIPELINE_VERSION, type UnderstandContext } from './context.ts';
import type { StreamRecord } from './delivery.ts';
import type { Ending } from './judge.ts';
import type { Plan } from './plan.ts';
import type { DomainEvent, DueCue, EffectPorts } from './ports.ts';
import type { PublishedGroup } from './publish.ts';

/** Everything a batch tells the world once its state is durable. */
export interface Emission {
  readonly rows: Map<string, LineageRow[]>;
  readonly records: OutcomeRecord[];
  readonly alerts: Alert[];
  readonly dueCues: DueCue[];
  readonly events: DomainEvent[];
}

export const emptyEmission = (): Emission => ({
  rows: new Map(),
  records: [],
  alerts: [],
  dueCues: [],
  events: [],
});

/** What telling needs besides the plan. */
export interface Telling {
  readonly context: UnderstandContext;
  readonly toldAt: EpochMs;
  refOf(subjectId: SubjectId, at: EpochMs): string;
}

/** A telling that works out each subject's row reference once a month. */
export function tellingAt(toldAt: EpochMs, context: UnderstandContext): Telling {
  const refs = new Map<string, string>();
  return {
    context,
    toldAt,
    refOf: (subjectId, at) => {
      const key = `${subjectId} ${utcDate(at).slice(0, 7)}`;
      const known = refs.get(key);
      if (known !== undefined) return known;
      const ref = rowRef(context.secrets, subjectId, at);
      refs.set(key, ref);
      return ref;
    },
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
  for (const effect of group.repeated) gatherEffect(into, group.subjectId, effect, true, telling);
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
  const base = {
    eventClass: signal.eventClass,
    receivedAt: signal.receivedAt,
    policyVersion: PIPELINE_VERSION,
    rowRef: telling.refOf(ending.subjectId, signal.receivedAt),
    sourceId: signal.sourceId,
    signalName: signal.name,
  };
  if (ending.outcome === 'applied') {
    const row: SignalRow = {
      ...base,
      table: 'signals',
      // One applied signal per message and atom, wherever in the stream it came from.
      rowId: `${signal.messageToken}.${crc32(atomId).toString(36)}`,
      purposes: ending.allowed.join(),
      occurredDate: utcDate(signal.occurredAt),
      latencyMs: Math.max(0, telling.toldAt - signal.receivedAt),
      ...(ending.redelivered ? { redelivered: true as const } : {}),
    };
    push(into, bucket, row);
    return;
  }
  const row: RefusalRow = {
    ...base,
    table: 'refusals',
    // One per delivery: a message refused twice was sent twice.
    rowId: `${signal.messageToken}.${tag.toString(36)}`,
    outcome: ending.outcome,
    reason: ending.reason,
  };
  push(into, bucket, row);
  if (ending.outcome === 'withheld') {
    into.records.push({
      messageToken: signal.messageToken,
      outcome: 'withheld',
      reason: ending.reason,
      sourceId: signal.sourceId,
      receivedAt: signal.receivedAt,
    });
  }
}

const EFFECT_CLASS: Readonly<Record<EffectRow['kind'], EventClass>> = {
  'subjects-merged': 'account',
  'subject-split': 'account',
  'link-refused': 'account',
  'identifier-blocked': 'account',
  'segment-entered': 'behaviour',
  'segment-left': 'behaviour',
  'alert-opened': 'service',
  'alert-acknowledged': 'service',
  'alert-resolved': 'service',
};

const EVENT_TYPE: Readonly<Partial<Record<EffectRow['kind'], DomainEvent['type']>>> = {
  'subjects-merged': 'Subjects Merged',
  'subject-split': 'Subject Split',
  'segment-entered': 'Segment Entered',
  'segment-left': 'Segment Left',
  'alert-opened': 'Alert Opened',
};

function gatherEffect(
  into: Emission,
  subjectId: SubjectId,
  effect: KeptEffect,
  repeated: boolean,
  telling: Telling,
): void {
  const id = stableId(subjectId, effect.kind, effect.name, effect.at);
  push(into, effect.by, {
    table: 'effects',
    rowId: id,
    eventClass: EFFECT_CLASS[effect.kind],
    receivedAt: effect.at,
    policyVersion: versionOf(effect, telling.context),
    rowRef: telling.refOf(subjectId, effect.at),
    kind: effect.kind,
    name: effect.name,
    reasons: effect.reasons,
    latencyMs: effect.receivedAt === null ? null : Math.max(0, telling.toldAt - effect.receivedAt),
    ...(repeated ? { redelivered: true as const } : {}),
  });
  if (effect.alert !== undefined) into.alerts.push(effect.alert);
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

function versionOf(effect: KeptEffect, context: UnderstandContext): string {
  const definitions: readonly { name: string; version: number }[] = [
    ...context.segments,
    ...context.alertRules,
  ];
  const definition = definitions.find((each) => each.name === effect.name);
  return definition === undefined ? PIPELINE_VERSION : `${definition.name}@${definition.version}`;
}

/** Tells it. Each port is safe to repeat, so a crash between them is made good by the redelivery. Evidence goes before
 * events: nobody hears of what the archive will not know. */
export async function emit(emission: Emission, ports: EffectPorts): Promise<void> {
  await Promise.all([
    emission.alerts.length === 0 ? undefined : ports.alerts.open(emission.alerts),
    emission.dueCues.length === 0 ? undefined : ports.dueCues.arm(emission.dueCues),
    emission.rows.size === 0 ? undefined : ports.lineage.append(emission.rows),
  ]);
  if (emission.events.length > 0) await ports.events.publish(emission.events);
}
