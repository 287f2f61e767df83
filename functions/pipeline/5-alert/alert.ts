import type { Alert } from '../../contracts/alerts.ts';
import { asAlertId, type SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { Published } from '../../contracts/subject.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertRuleDefinition } from '../../registry/alert-rule-definition.ts';

export interface Alerted {
  readonly opened: readonly Alert[];
  /** What to publish about every rule from now on. */
  readonly alerts: Published['alerts'];
  /** The next moment at which some cue could hold without any further signal. */
  readonly dueAt: EpochMs | null;
}

/**
 * Alerts of one subject: each rule's cue is looked at, and an alert opens when a cue begins to hold (not while it goes on
 * holding), unless it is too old to be news or the rule is cooling down.
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
  const alerts: Record<string, { firedAt: EpochMs; active: boolean }> = { ...published };
  let dueAt: EpochMs | null = null;
  const view = { state, segments, now };
  for (const rule of rules) {
    if (!rule.purposes.every(isPermitted)) {
      // Without permission nothing is known about the customer, nor that a cue held.
      delete alerts[rule.name];
      continue;
    }
    const before = published[rule.name];
    const cue = rule.cue(view);
    const isAbsence = rule.dueAt !== undefined;
    const holdsOn = cue !== null && before?.active === true;
    const due = rule.dueAt?.(view) ?? null;
    // Once silence has been judged, only a later moment is worth another look.
    if (due !== null && !holdsOn && (!settled || due > now) && isNews(due, rule, now)) {
      dueAt = dueAt === null ? due : Math.min(dueAt, due);
    }
    if (cue === null) {
      if (before?.active === true) alerts[rule.name] = { firedAt: before.firedAt, active: false };
      continue;
    }
    if (isAbsence && !settled) continue;
    if (holdsOn || !isNews(cue.occurredAt, rule, now)) continue;
    if (before !== undefined && now - before.firedAt < rule.cooldownMs) continue;
    alerts[rule.name] = { firedAt: now, active: true };
    opened.push({
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
  }
  return { opened, alerts, dueAt };
}

/** A cue of the past is history once it is older than the rule's freshness. */
const isNews = (occurredAt: EpochMs, rule: AlertRuleDefinition, now: EpochMs): boolean =>
  now - occurredAt <= rule.freshMs;
