import type { Alert, AlertState } from '../../contracts/alerts.ts';
import { bucketOf } from '../../contracts/bucket.ts';
import type { AlertId, SubjectId } from '../../contracts/ids.ts';
import type { EffectRow } from '../../contracts/lineage.ts';
import type { AlertView } from '../../contracts/operations.ts';
import { nodeOfSubjectId, subjectIdOf } from '../../contracts/subject.ts';
import { rowRef, type SubjectKey } from '../../contracts/subject-keys.ts';
import { stableId } from '../../kernel/codec.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { AlertsQuery, ServePorts } from './ports.ts';
import { restrictedAmong } from './restricted.ts';
import type { Answered, ServePolicy } from './setting.ts';
import { findSubject } from './subject.ts';

export type AlertAction = 'acknowledge' | 'resolve';

interface Step {
  readonly to: Exclude<AlertState, 'open'>;
  readonly from: readonly AlertState[];
}

/** An alert only ever moves forward. What settled itself may be resolved without having been acknowledged. */
const STEPS: Readonly<Record<AlertAction, Step>> = {
  acknowledge: { to: 'acknowledged', from: ['open'] },
  resolve: { to: 'resolved', from: ['open', 'acknowledged'] },
};

export interface AlertFilter extends Omit<AlertsQuery, 'subjectIds'> {
  readonly subjectId?: SubjectId;
}

/** `GET /v1/alerts`. An alert keeps the subject id it opened with, so those of a subject are looked for under every id
 * that leads to it. None is told of whom processing is restricted; those are there again once it is not.
 * @throws ThrottledError, TransientError */
export async function listAlerts(
  filter: AlertFilter,
  ports: Pick<ServePorts, 'alerts' | 'subjects'>,
  now: EpochMs,
): Promise<{ readonly alerts: readonly AlertView[]; readonly cursor?: string }> {
  const { subjectId, ...query } = filter;
  const subjectIds = subjectId === undefined ? undefined : await idsOf(subjectId, ports);
  const page = await ports.alerts.list({ ...query, ...(subjectIds === undefined ? {} : { subjectIds }) });
  const untold = await restrictedAmong(
    page.alerts.map((alert) => alert.subjectId),
    ports.subjects,
    now,
  );
  return {
    alerts: page.alerts.filter((alert) => !untold.has(alert.subjectId)).map(viewOf),
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

async function idsOf(
  subjectId: SubjectId,
  ports: Pick<ServePorts, 'subjects'>,
): Promise<readonly SubjectId[]> {
  const search = await findSubject([nodeOfSubjectId(subjectId)], ports.subjects);
  if ('conflicting' in search || search.found === null) return [subjectId];
  return [...new Set([subjectId, ...search.found.graph.nodes.map((node) => subjectIdOf([node]))])];
}

/**
 * `POST /v1/alerts/{alertId}/acknowledge` and `/resolve`. A repeated call finds the move made and answers as the first
 * did. Evidence follows the move; a crash in between is made good by the caller's retry or the next move, which tell
 * earlier moves again, marked so that the archive takes each once. An alert about somebody of whom nothing may be told is
 * not there, as in the list, and stays as it is.
 * @throws ThrottledError, TransientError
 */
export async function moveAlert(
  alertId: AlertId,
  action: AlertAction,
  policy: ServePolicy,
  ports: Pick<ServePorts, 'alerts' | 'subjects' | 'lineage' | 'keyring'>,
  now: EpochMs,
): Promise<Answered<AlertView>> {
  const { to, from } = STEPS[action];
  const found = await ports.alerts.find(alertId, now);
  const untold = found === null ? null : await restrictedAmong([found.subjectId], ports.subjects, now);
  const result = untold?.size === 0 ? await ports.alerts.move(alertId, { to, from, at: now }) : null;
  if (result === null)
    return { refusal: { status: 404, title: 'Unknown alert', detail: 'There is no alert with this id.' } };
  const { alert, moved } = result;
  if (alert.state !== to) {
    return {
      refusal: {
        status: 409,
        title: 'Impossible move',
        detail: `The alert is ${alert.state} already; it can't become ${to}.`,
      },
    };
  }
  // The node that names the subject is one of its atoms, save in rare subjects: their rows stand alone.
  const node = nodeOfSubjectId(alert.subjectId);
  const key = (await ports.keyring.read([node])).get(node);
  const rows = evidenceOf(alert, key, moved ? to : null);
  await ports.lineage.append(new Map([[bucketOf(node, policy.buckets), rows]]));
  return { answer: viewOf(alert) };
}

/** One row for every move the alert has made. @param fresh the one made just now; the others may be archived already */
function evidenceOf(
  alert: Alert,
  key: SubjectKey | undefined,
  fresh: AlertState | null,
): readonly EffectRow[] {
  const row = (state: 'acknowledged' | 'resolved', at: EpochMs | undefined): readonly EffectRow[] => {
    if (at === undefined) return [];
    const kind = `alert-${state}` as const;
    const effect: EffectRow = {
      table: 'effects',
      rowId: stableId(alert.alertId, kind, at),
      eventClass: 'service',
      receivedAt: at,
      policyVersion: `${alert.rule}@${alert.ruleVersion}`,
      rowRef: key === undefined ? null : rowRef(key, at),
      kind,
      name: alert.rule,
      reasons: alert.reasons.map(({ code, value }) => `${code}:${value}`).join(),
      latencyMs: null,
    };
    return [state === fresh ? effect : { ...effect, redelivered: true }];
  };
  return [...row('acknowledged', alert.acknowledgedAt), ...row('resolved', alert.resolvedAt)];
}

const iso = (at: EpochMs): string => new Date(at).toISOString();

const viewOf = (alert: Alert): AlertView => ({
  alertId: alert.alertId,
  subjectId: alert.subjectId,
  rule: alert.rule,
  ruleVersion: alert.ruleVersion,
  severity: alert.severity,
  state: alert.state,
  reasons: alert.reasons.map((reason) => ({ ...reason })),
  occurredAt: iso(alert.occurredAt),
  openedAt: iso(alert.openedAt),
  ...(alert.acknowledgedAt === undefined ? {} : { acknowledgedAt: iso(alert.acknowledgedAt) }),
  ...(alert.resolvedAt === undefined ? {} : { resolvedAt: iso(alert.resolvedAt) }),
});
