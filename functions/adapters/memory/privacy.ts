import type { Alert } from '../../contracts/alerts.ts';
import type { Certificate } from '../../contracts/evidence-log.ts';
import { ANSWERED_STATES, CLOSED_STATES, type PrivacyRequest } from '../../contracts/privacy-requests.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type {
  ArchivedRow,
  ArchiveFolder,
  Driver,
  HotStores,
  PrivacyEvent,
  RequestBook,
  RequestQueue,
} from '../../rights/privacy-request/ports.ts';

/** Privacy requests in memory, with the same conditions as the real ones; for unit tests. */
export class MemoryRequestBook implements RequestBook {
  readonly requests = new Map<string, PrivacyRequest>();
  readonly locks = new Map<string, string>();

  async open(request: PrivacyRequest): Promise<PrivacyRequest> {
    const same = this.requests.get(request.requestId);
    if (same !== undefined) return same;
    const standing = this.requests.get(this.locks.get(request.openKey) ?? '');
    if (standing !== undefined && !ANSWERED_STATES.has(standing.state)) return standing;
    const first = { ...request, version: 1 };
    this.requests.set(request.requestId, first);
    this.locks.set(request.openKey, request.requestId);
    return first;
  }

  async find(requestId: string): Promise<PrivacyRequest | null> {
    return this.requests.get(requestId) ?? null;
  }

  async save(next: PrivacyRequest): Promise<PrivacyRequest | null> {
    if (this.requests.get(next.requestId)?.version !== next.version) return null;
    const written = { ...next, version: next.version + 1 };
    this.requests.set(next.requestId, written);
    if (ANSWERED_STATES.has(next.state) && this.locks.get(next.openKey) === next.requestId)
      this.locks.delete(next.openKey);
    return written;
  }

  async *queue(name: RequestQueue, since: EpochMs): AsyncGenerator<readonly PrivacyRequest[]> {
    const isErased = ({ deletedAt, state }: PrivacyRequest): boolean =>
      deletedAt !== null && ANSWERED_STATES.has(state);
    yield [...this.requests.values()].filter((request) =>
      name === 'erased'
        ? isErased(request) && (request.deletedAt ?? 0) >= since
        : !isErased(request) &&
          !CLOSED_STATES.has(request.state) &&
          (request.lift?.at ?? request.receivedAt) >= since,
    );
  }
}

/** What is about people beside their profiles, in memory; for unit tests. */
export class MemoryHotStores implements HotStores {
  readonly pages = new Set<string>();
  readonly rebuilt = new Set<string>();
  readonly alerts = new Map<string, Alert>();
  readonly cues = new Set<string>();
  readonly records = new Map<string, OutcomeRecord>();

  forgetPages: HotStores['forgetPages'] = async (tokens) => {
    for (const token of tokens) this.pages.delete(token);
  };
  forgetRebuilt: HotStores['forgetRebuilt'] = async (tokens) => {
    for (const token of tokens) this.rebuilt.delete(token);
  };
  alertsOf: HotStores['alertsOf'] = async (subjectIds) =>
    [...this.alerts.values()].filter(({ subjectId }) => subjectIds.includes(subjectId));
  forgetAlerts: HotStores['forgetAlerts'] = async (alerts) => {
    for (const { alertId } of alerts) this.alerts.delete(alertId);
  };
  forgetCues: HotStores['forgetCues'] = async (cues) => {
    for (const { subjectId, dueAt } of cues) this.cues.delete(`${subjectId} ${dueAt}`);
  };
  quarantinedAbout: HotStores['quarantinedAbout'] = async (tokens) =>
    [...this.records.values()].filter(({ about = [] }) => about.some((token) => tokens.includes(token)));
  forgetRecords: HotStores['forgetRecords'] = async (records) => {
    for (const { messageToken } of records) this.records.delete(messageToken);
  };
}

/** The rest of what privacy requests need, in memory; for unit tests. */
export function memoryPrivacy() {
  const certificates = new Map<string, Certificate>();
  const events: PrivacyEvent[] = [];
  const started = new Map<string, 'running' | 'ended'>();
  const exported = new Map<string, Uint8Array>();
  const archived = new Map<string, readonly (ArchivedRow & { readonly rowRef: string | null })[]>();
  return {
    certificates,
    announced: events,
    started,
    exported,
    archived,
    log: {
      append: async (certificate: Certificate): Promise<'written' | 'present'> => {
        if (certificates.has(certificate.id)) return 'present';
        certificates.set(certificate.id, certificate);
        return 'written';
      },
    },
    events: {
      publish: async (told: readonly PrivacyEvent[]): Promise<void> => {
        events.push(...told);
      },
    },
    driver: {
      start: async ({ requestId, driver }: { readonly requestId: string; readonly driver: number }) => {
        const name = `${requestId}-${driver}`;
        if (started.get(name) === 'ended') return 'ended' as const;
        started.set(name, 'running');
        return 'started' as const;
      },
    } satisfies Driver,
    exports: {
      put: async (key: string, bytes: Uint8Array): Promise<void> => {
        exported.set(key, bytes);
      },
      get: async (key: string): Promise<Uint8Array | null> => exported.get(key) ?? null,
    },
    archive: {
      folders: async (after: string): Promise<readonly ArchiveFolder[]> => {
        const prefixOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);
        return [...Map.groupBy([...archived.keys()].sort(), prefixOf)]
          .filter(([prefix]) => prefix > after)
          .map(([prefix, keys]) => ({ prefix, month: /dt=(\d{4}-\d\d)/.exec(prefix)?.[1] ?? '', keys }));
      },
      rows: async (key: string, wanted: ReadonlySet<string>): Promise<readonly ArchivedRow[]> =>
        (archived.get(key) ?? []).filter(({ rowRef }) => rowRef !== null && wanted.has(rowRef)),
    },
  };
}
