import type { IdentifierToken } from '../../contracts/ids.ts';
import type { AffectedPage, Incident, IncidentId } from '../../contracts/incidents.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { SubjectGraph } from '../../contracts/subject.ts';
import type { SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';

/** An incident as stored. A write names the version that it read, so that of two writers one starts again. */
export interface StoredIncident {
  readonly incident: Incident;
  readonly version: number;
}

export interface IncidentsQuery {
  /** `open` until it is closed and the closing is told. */
  readonly state: 'open' | 'closed';
  readonly limit: number;
  /** As an earlier page gave it. */
  readonly cursor?: string;
}

/** Incidents and whom they affect. Every method @throws ThrottledError, TransientError */
export interface IncidentStore {
  /** Reads consistently; null when there is none. */
  read(incidentId: IncidentId): Promise<StoredIncident | null>;
  /** Writes if the version is still the one named (null: if there is none yet).
   * @param expiresAt when the record may go; null while the incident is open
   * @returns whether it was written */
  write(incident: Incident, version: number | null, expiresAt: EpochMs | null): Promise<boolean>;
  /** Newest first. */
  list(
    query: IncidentsQuery,
  ): Promise<{ readonly incidents: readonly StoredIncident[]; readonly cursor?: string }>;
  /** Adds affected atoms; a page that is there already stays. It goes by itself unless it is kept.
   * @param expiresAt when a page goes that no incident came to name */
  addPage(incidentId: IncidentId, page: AffectedPage, expiresAt: EpochMs): Promise<void>;
  /** Says until when a page stays; null: as long as its incident. */
  keepPage(incidentId: IncidentId, page: string, expiresAt: EpochMs | null): Promise<void>;
  /** Null when there is no such page. */
  page(incidentId: IncidentId, page: string): Promise<AffectedPage | null>;
  /**
   * Which incident stands for a place: one at a time.
   * @param instead the one that stood for it and is closed; null when none is known of
   * @returns the one that does now: `incidentId`, unless somebody else was first
   */
  claim(place: string, incidentId: IncidentId, instead: IncidentId | null): Promise<IncidentId>;
  /** The incident that stands for a place; null when none ever did. */
  claimed(place: string): Promise<IncidentId | null>;
}

/** What goes onto the event bus about an incident: codes and times only. */
export interface IncidentEvent {
  /** The same at every repetition, for the receiver's own deduplication. */
  readonly id: string;
  readonly type:
    | 'Incident Assessed'
    | 'Incident Closed'
    | 'Incident Notified'
    | 'Incident Opened'
    | 'Incident Reminder';
  readonly incidentId: IncidentId;
  readonly name: Incident['kind'];
  readonly reasons: string;
  readonly occurredAt: EpochMs;
  readonly dueAt?: EpochMs;
}

/** What every change of an incident needs. */
export interface IncidentPorts {
  readonly incidents: IncidentStore;
  /** @throws ThrottledError, TransientError */
  readonly lineage: { append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> };
  /** @throws ThrottledError, TransientError */
  readonly events: { publish(events: readonly IncidentEvent[]): Promise<void> };
}

/** What finding the affected needs. */
export interface AffectedPorts {
  /** @throws ThrottledError, TransientError */
  readonly subjects: {
    read(
      nodes: readonly IdentifierToken[],
      subjects: readonly SubjectGraph['subjectId'][],
      consistent: boolean,
    ): Promise<{
      readonly nodes: ReadonlyMap<
        IdentifierToken,
        { readonly id: IdentifierToken; readonly subjectId: SubjectGraph['subjectId'] | null }
      >;
      readonly subjects: ReadonlyMap<SubjectGraph['subjectId'], { readonly graph: SubjectGraph }>;
    }>;
  };
  readonly keyring: Pick<SubjectKeyring, 'all'>;
}
