import type { Alert } from '../../contracts/alerts.ts';
import { asAlertId, type SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import { openedTogether, type Published } from '../../contracts/subject.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertRuleDefinition, Cue } from '../../registry/alert-rule-definition.ts';

export interface Alerted {
  readonly opened: readonly Alert[];
  /** What to publish about every rule from now on. */
  readonly alerts: Published['alerts'];
  /** The next moment at which some cue could hold without any further signal. */
  readonly dueAt: EpochMs | null;
}

/**
 * Alerts of one subject: an alert opens for a cue that occurred after the one it last opened for, unless the cue is too
 * old to be news or the rule is cooling down. Looking again at the same behaviour opens nothing.
 *
 * @param settled whether silence may be concluded from: absence cues are judged only by the sweep, since right after a
 *   signal the rest of the story may still be in the stream.
 */
export function alertsOf(
  subjectId: SubjectId,
  state: ProfileState,
  segments: ReadonlySet<string>,
  published: Published['alerts'],
  rules: readonly AlertRuleDefinition[],
  isPermitted: (purpose: Purpose) => boolean,
  now: EpochMs,
  settled: boolean,
): Alerted {
  const opened: Alert[] = [];
  const alerts: Record<string, Published['alerts'][string]> = { ...published };
  let dueAt: EpochMs | null = null;
  const view = { state, segments, now };
  for (const rule of rules) {
    if (!rule.purposes.every(isPermitted)) {
      // Without permission nothing is known about the customer, nor that a cue held.
      delete alerts[rule.name];
      continue;
    }
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
  return { opened, alerts, dueAt };
}

/** The alert that a cue opens; the same cue of the same subject always opens the same one. */
export const alertFor = (subjectId: SubjectId, rule: AlertRuleDefinition, cue: Cue, now: EpochMs): Alert => ({
  alertId: asAlertId(stableId(subjectId, rule.name, cue.occurredAt)),
  subjectId,
  rule: rule.name,
  ruleVersion: rule.version,
  severity: rule.severity,
  state: 'open',
  reasons: cue.reasons,
  occurredAt: cue.occurredAt,
  openedAt: now,
});
