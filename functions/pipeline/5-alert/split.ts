import type { Alert } from '../../contracts/alerts.ts';
import { type AlertId, asAlertId, type IdentifierToken, type SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import { nodeOfSubjectId, type Published } from '../../contracts/subject.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertRuleDefinition } from '../../registry/alert-rule-definition.ts';
import { alertFor } from './alert.ts';

export interface SplitAlerts {
  /** What is published about every rule from now on; rules that are not in it start anew. */
  readonly alerts: Published['alerts'];
  /** Alerts that the part has taken over, under its own id. */
  readonly opened: readonly Alert[];
  /** Alerts of the whole that hold for no part. */
  readonly closed: readonly { readonly alertId: AlertId; readonly rule: string }[];
}

/** One part of a subject that came apart. */
export interface Part {
  readonly subjectId: SubjectId;
  readonly nodes: readonly IdentifierToken[];
  readonly state: ProfileState;
  readonly segments: ReadonlySet<string>;
}

/**
 * What becomes of a subject's alerts for one of its parts (law 4: each has those it would have had alone). An alert whose cue
 * holds for the part stays, or opens under the part's own id when it was opened under the id of another; freshness and
 * cooldown count for nothing, since the whole was told at the time. One whose cue no longer holds is closed by the part
 * whose id it bears.
 *
 * @param inherited what was published about the whole
 */
export function alertsAfterSplit(
  part: Part,
  inherited: Published['alerts'],
  rules: readonly AlertRuleDefinition[],
  isPermitted: (purpose: Purpose) => boolean,
  now: EpochMs,
): SplitAlerts {
  const alerts: Record<string, Published['alerts'][string]> = {};
  const opened: Alert[] = [];
  const closed: { alertId: AlertId; rule: string }[] = [];
  const view = { state: part.state, segments: part.segments, now };
  for (const rule of rules) {
    const fired = inherited[rule.name];
    if (fired === undefined) continue;
    const openedAs = fired.openedAs ?? part.subjectId;
    const isOwn = part.nodes.includes(nodeOfSubjectId(openedAs));
    const cue = rule.purposes.every(isPermitted) ? rule.cue(view) : null;
    if (cue !== null && isOwn) alerts[rule.name] = fired;
    else if (cue !== null) {
      const alert = alertFor(part.subjectId, rule, cue, now);
      opened.push(alert);
      alerts[rule.name] = { firedAt: now, occurredAt: cue.occurredAt, openedAs: part.subjectId };
    } else if (isOwn)
      closed.push({ alertId: asAlertId(stableId(openedAs, rule.name, fired.occurredAt)), rule: rule.name });
  }
  return { alerts, opened, closed };
}
