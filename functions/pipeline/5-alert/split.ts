import type { Alert } from '../../contracts/alerts.ts';
import type { AlertId, SubjectId } from '../../contracts/ids.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import type { ConsentDepth, Purpose } from '../../contracts/purposes.ts';
import type { Published } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertRuleDefinition } from '../../registry/alert-rule-definition.ts';
import { alertFor, alertIdOf } from './alert.ts';

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
  /** The profile as a rule may see it that serves the given purposes. */
  stateFor(purposes: readonly Purpose[]): ProfileState;
  readonly segments: ReadonlySet<string>;
  /** Whether alerts that bear a subject id are this part's to keep or to close: one part answers for each. */
  answersFor(openedAs: SubjectId): boolean;
}

/**
 * What becomes of a subject's alerts for one of its parts (law 4: each has those it would have had alone). Those that bear
 * an id of the part stay while their cue holds for it, and are closed otherwise. A cue that holds for the part while the
 * alert bears the id of another opens one under the part's own; freshness and cooldown count for nothing then, since the
 * whole was told at the time.
 *
 * @param inherited what was published about the whole
 */
export function alertsAfterSplit(
  part: Part,
  inherited: Published['alerts'],
  rules: readonly AlertRuleDefinition[],
  isPermitted: (purpose: Purpose, depth: ConsentDepth) => boolean,
  now: EpochMs,
): SplitAlerts {
  const alerts: Record<string, Published['alerts'][string]> = {};
  const opened: Alert[] = [];
  const closed: { alertId: AlertId; rule: string }[] = [];
  for (const rule of rules) {
    const fired = inherited[rule.name];
    if (fired === undefined) continue;
    const own = (fired.opened ?? []).filter(({ openedAs }) => part.answersFor(openedAs));
    const isAllowed = rule.purposes.every((purpose) => isPermitted(purpose, rule.depth ?? 'basic'));
    const view = { state: part.stateFor(rule.purposes), segments: part.segments, now };
    const cue = isAllowed ? rule.cue(view) : null;
    const [newest] = own;
    if (cue === null) {
      for (const each of own) closed.push({ alertId: alertIdOf(rule.name, each), rule: rule.name });
    } else if (newest !== undefined) {
      alerts[rule.name] = { firedAt: fired.firedAt, occurredAt: newest.occurredAt, opened: own };
    } else {
      const { occurredAt } = cue;
      opened.push(alertFor(part.subjectId, rule, cue, now));
      alerts[rule.name] = { firedAt: now, occurredAt, opened: [{ occurredAt, openedAs: part.subjectId }] };
    }
  }
  return { alerts, opened, closed };
}
