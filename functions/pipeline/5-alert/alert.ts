import type { Alert } from '../../contracts/alerts.ts';
import { type AlertId, asAlertId, type SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { ConsentDepth, Purpose } from '../../contracts/purposes.ts';
import { type AlertName, openedTogether, type Published } from '../../contracts/subject.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertRuleDefinition, Cue } from '../../registry/alert-rule-definition.ts';

export interface Alerted {
  readonly opened: readonly Alert[];
  /** Rules whose purposes are no longer permitted, with the purposes and the alerts that may be open. */
  readonly closed: readonly {
    readonly rule: string;
    readonly missing: readonly Purpose[];
    readonly alertIds: readonly AlertId[];
  }[];
  /** What to publish about every rule from now on. */
  readonly alerts: Published['alerts'];
  /** The next moment at which some cue could hold without any further signal. */
  readonly dueAt: EpochMs | null;
}

/**
 * Alerts of one subject: an alert opens for a cue that occurred after the one it last opened for, unless the cue is too
 * old to be news or the rule is cooling down. Looking again at the same behaviour opens nothing.
 *
 * @param stateFor the profile as a rule may see it that serves the given purposes.
 * @param settled whether silence may be concluded from: absence cues are judged only by the sweep, since right after a
 *   signal the rest of the story may still be in the stream.
 */
export function alertsOf(
  subjectId: SubjectId,
  stateFor: (purposes: readonly Purpose[]) => ProfileState,
  segments: ReadonlySet<string>,
  published: Published['alerts'],
  rules: readonly AlertRuleDefinition[],
  isPermitted: (purpose: Purpose, depth: ConsentDepth) => boolean,
  now: EpochMs,
  settled: boolean,
): Alerted {
  const opened: Alert[] = [];
  const alerts: Record<string, Published['alerts'][string]> = { ...published };
  let dueAt: EpochMs | null = null;
  const closed: Alerted['closed'][number][] = [];
  for (const rule of rules) {
    const missing = rule.purposes.filter((purpose) => !isPermitted(purpose, rule.depth ?? 'basic'));
    if (missing.length > 0) {
      // Without permission nothing is known about the customer, nor that a cue held.
      const fired = published[rule.name];
      if (fired !== undefined) {
        const alertIds = (fired.opened ?? []).map((opened) => alertIdOf(rule.name, opened));
        closed.push({ rule: rule.name, missing, alertIds });
      }
      delete alerts[rule.name];
      continue;
    }
    const view = { state: stateFor(rule.purposes), segments, now };
    const before = published[rule.name];
    const isNew = (occurredAt: EpochMs): boolean =>
      now - occurredAt <= rule.freshMs && (before === undefined || occurredAt > before.occurredAt);
    const due = rule.dueAt?.(view) ?? null;
    // Once silence has been judged, only a later moment is worth another look.
    if (due !== null && isNew(due) && (!settled || due > now))
      dueAt = dueAt === null ? due : Math.min(dueAt, due);
    if (rule.dueAt !== undefined && !settled) continue;
    const cue = rule.cue(view);
    if (cue === null || !isNew(cue.occurredAt)) continue;
    if (before !== undefined && now - before.firedAt < rule.cooldownMs) continue;
    alerts[rule.name] = {
      firedAt: now,
      occurredAt: cue.occurredAt,
      opened: openedTogether([{ occurredAt: cue.occurredAt, openedAs: subjectId }], before?.opened ?? []),
    };
    opened.push(alertFor(subjectId, rule, cue, now));
  }
  return { opened, closed, alerts, dueAt };
}

/** The alert that a cue opens. */
export const alertFor = (subjectId: SubjectId, rule: AlertRuleDefinition, cue: Cue, now: EpochMs): Alert => ({
  alertId: alertIdOf(rule.name, { openedAs: subjectId, occurredAt: cue.occurredAt }),
  subjectId,
  rule: rule.name,
  ruleVersion: rule.version,
  severity: rule.severity,
  state: 'open',
  reasons: cue.reasons,
  occurredAt: cue.occurredAt,
  openedAt: now,
});

/** The same cue of the same subject always opens the same alert. */
export const alertIdOf = (rule: string, { openedAs, occurredAt }: AlertName): AlertId =>
  asAlertId(stableId(openedAs, rule, occurredAt));
