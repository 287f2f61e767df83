import type { AffectedPage, IncidentId } from '../../contracts/incidents.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { IncidentStore, StoredIncident } from '../../rights/breach/ports.ts';

/** Incidents in memory, for unit tests. */
export function memoryIncidentStore(): IncidentStore {
  const heads = new Map<IncidentId, StoredIncident & { readonly expiresAt: EpochMs | null }>();
  const pages = new Map<string, AffectedPage>();
  const places = new Map<string, IncidentId>();
  return {
    read: async (id) => {
      const head = heads.get(id);
      return head === undefined ? null : { incident: head.incident, version: head.version };
    },
    write: async (incident, version, expiresAt) => {
      const known = heads.get(incident.incidentId)?.version ?? null;
      if (known !== version) return false;
      heads.set(incident.incidentId, { incident, version: (version ?? 0) + 1, expiresAt });
      return true;
    },
    list: async ({ state, limit, cursor }) => {
      const matching = [...heads.values()]
        .filter(({ expiresAt }) => (expiresAt === null) === (state === 'open'))
        .map(({ incident, version }) => ({ incident, version }))
        .sort((a, b) => b.incident.openedAt - a.incident.openedAt || (cursorOf(a) < cursorOf(b) ? 1 : -1));
      const start = matching.findIndex((each) => cursorOf(each) === cursor) + 1;
      const page = matching.slice(start, start + limit);
      const last = page.at(-1);
      return {
        incidents: page,
        ...(start + limit < matching.length && last !== undefined ? { cursor: cursorOf(last) } : {}),
      };
    },
    addPage: async (id, page) => {
      const name = `${id} ${page.page}`;
      if (!pages.has(name)) pages.set(name, page);
    },
    keepPage: async () => undefined,
    page: async (id, page) => pages.get(`${id} ${page}`) ?? null,
    claimed: async (place) => places.get(place) ?? null,
    claim: async (place, id, instead) => {
      const standing = places.get(place) ?? null;
      if (standing !== instead) return standing ?? id;
      places.set(place, id);
      return id;
    },
  };
}

const cursorOf = ({ incident }: StoredIncident): string => `${incident.openedAt}.${incident.incidentId}`;
