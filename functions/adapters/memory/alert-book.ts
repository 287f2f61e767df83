import type { Alert } from '../../contracts/alerts.ts';
import type { AlertId } from '../../contracts/ids.ts';
import type { AlertBook } from '../../pipeline/6-serve/ports.ts';

/** Alerts in memory, for unit tests. @param alerts also holds what a test opens later */
export function memoryAlertBook(alerts: Map<string, Alert> = new Map()): AlertBook {
  return {
    find: async (alertId) => alerts.get(alertId) ?? null,
    list: async ({ state, limit, rule, subjectIds, cursor }) => {
      const matching = [...alerts.values()]
        .filter((alert) => alert.state === state)
        .filter((alert) => rule === undefined || alert.rule === rule)
        .filter((alert) => subjectIds === undefined || subjectIds.includes(alert.subjectId))
        .sort((a, b) => b.openedAt - a.openedAt || (a.alertId < b.alertId ? -1 : 1));
      const start = matching.findIndex((alert) => cursorOf(alert) === cursor) + 1;
      const page = matching.slice(start, start + limit);
      const last = page.at(-1);
      const isMore = start + limit < matching.length;
      return { alerts: page, ...(isMore && last !== undefined ? { cursor: cursorOf(last) } : {}) };
    },
    move: async (alertId: AlertId, { to, from, at }) => {
      const alert = alerts.get(alertId);
      if (alert === undefined) return null;
      if (!from.includes(alert.state)) return { alert, moved: false };
      const next: Alert = { ...alert, state: to, [`${to}At`]: at };
      alerts.set(alertId, next);
      return { alert: next, moved: true };
    },
  };
}

const cursorOf = (alert: Alert): string => `${alert.openedAt}.${alert.alertId}`;
