import type { Alert } from '../../contracts/alerts.ts';
import type { EvidenceLog } from '../../contracts/evidence-log.ts';
import type { AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { PrivacyRequest, PrivacyRequestType, Reminder } from '../../contracts/privacy-requests.ts';
import type { OutcomeRecord, QuarantineEntry } from '../../contracts/records.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { DueCue, ProfileStore } from '../../pipeline/understand/ports.ts';

/** Requests at rest. */
export interface RequestBook {
  /**
   * Keeps a new request, unless one of the same id is there, or an open one of the same `openKey`.
   * @returns the request that stands: the given one or the earlier.
   * @throws TransientError, ThrottledError
   */
  open(request: PrivacyRequest): Promise<PrivacyRequest>;
  /** @throws TransientError, ThrottledError */
  find(requestId: string): Promise<PrivacyRequest | null>;
  /** Writes a request that was read at `next.version`; it then has the version after.
   * @returns null when somebody else wrote first. @throws TransientError, ThrottledError */
  save(next: PrivacyRequest): Promise<PrivacyRequest | null>;
  /** Requests of a queue: `open` ones, or those `erased` since a time. @throws TransientError, ThrottledError */
  queue(name: RequestQueue, since: EpochMs): AsyncIterable<readonly PrivacyRequest[]>;
}
export type RequestQueue = 'open' | 'erased';

/** Starts the machine that works on a request. */
export interface Driver {
  /** Starts execution number `request.driver`; one that was started already stays as it is.
   * @returns `ended` when that execution has come to an end before. @throws TransientError, ThrottledError */
  start(request: Pick<PrivacyRequest, 'requestId' | 'driver'>): Promise<'started' | 'ended'>;
}

/** Told on the bus: codes, and the request's id. */
export interface PrivacyEvent {
  readonly id: string;
  readonly type:
    | 'Privacy Request Due'
    | 'Privacy Request Closed'
    | 'Privacy Request Failed'
    | 'Recipients To Be Told'
    | 'Restriction Ending'
    | 'Restriction Lifted';
  readonly requestId: string;
  readonly name: PrivacyRequestType;
  /** `half`, `eighty` or `overdue`; the state for a closed one; what recipients are to be told of; why a restriction ends. */
  readonly detail: Reminder | string;
  readonly dueAt: EpochMs | null;
  readonly occurredAt: EpochMs;
}

/** Evidence and events: each is safe to repeat. */
export interface TellPorts {
  readonly lineage: { append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> };
  readonly events: { publish(events: readonly PrivacyEvent[]): Promise<void> };
}

export type SubjectStore = Pick<ProfileStore, 'read' | 'write'>;

/** What of the hot stores is about a subject, beside its nodes. All of it is found by token, so that the work does not grow
 * with what others have. Repeating a removal changes nothing. @throws TransientError, ThrottledError */
export interface HotStores {
  /** Pages of seen messages. */
  forgetPages(tokens: readonly IdentifierToken[]): Promise<void>;
  /** What a rebuilding from the archive left, to be compared with the live tables. */
  forgetRebuilt(tokens: readonly IdentifierToken[], subjectIds: readonly SubjectId[]): Promise<void>;
  alertsOf(subjectIds: readonly SubjectId[]): Promise<readonly Alert[]>;
  forgetAlerts(alerts: readonly Alert[]): Promise<void>;
  forgetCues(cues: readonly DueCue[]): Promise<void>;
  /** Records of quarantined events that name any of the tokens. */
  quarantinedAbout(tokens: readonly IdentifierToken[]): Promise<readonly OutcomeRecord[]>;
  forgetRecords(records: readonly OutcomeRecord[]): Promise<void>;
}

export interface QuarantineContent {
  /** @throws TransientError, ThrottledError */
  get(key: string): Promise<readonly QuarantineEntry[] | null>;
  /** Takes lines out of an object, in all its versions; the other lines keep their places.
   * @throws TransientError, ThrottledError */
  forget(key: string, lines: readonly number[]): Promise<void>;
}

/** An hour of one class of events in one table of the archive. */
export interface ArchiveFolder {
  readonly prefix: string;
  /** UTC, such as `2026-05`. */
  readonly month: string;
  readonly keys: readonly string[];
}

/** Rows of the archive that belong to a person. */
export interface ArchiveReader {
  /** Folders with rows, in the order of their prefixes. @param after the one before the first; empty for all
   * @throws TransientError, ThrottledError */
  folders(after: string): Promise<readonly ArchiveFolder[]>;
  /** Rows of one object whose `row_ref` is one of the wanted; null when the object cannot be read.
   * @throws TransientError, ThrottledError */
  rows(key: string, wanted: ReadonlySet<string>): Promise<readonly ArchivedRow[] | null>;
}
export interface ArchivedRow {
  readonly rowId: string;
  readonly payload: Uint8Array | null;
  /** The plain columns. */
  readonly columns: Readonly<Record<string, string | number | null>>;
}

/** Where exports lie for a week. @throws TransientError, ThrottledError */
export interface ExportStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Null when it has expired. */
  get(key: string): Promise<Uint8Array | null>;
}

export interface ErasePorts extends TellPorts {
  readonly requests: Pick<RequestBook, 'find' | 'save' | 'queue'>;
  readonly subjects: SubjectStore;
  readonly keyring: SubjectKeyring;
  readonly hot: HotStores;
  /** Takes atoms out of the index by which people are matched, while their persons can still be read.
   * @throws TransientError, ThrottledError */
  readonly matching: { forget(atomIds: readonly AtomId[]): Promise<void> };
  /** Takes off what waits for a steward about them, reviewed or not. @throws TransientError, ThrottledError */
  readonly stewardship: {
    forget(atomIds: readonly AtomId[], subjectIds: readonly SubjectId[]): Promise<void>;
  };
  readonly quarantine: QuarantineContent;
  readonly log: EvidenceLog;
  /** ECDSA over P-256 and SHA-256, DER. */
  readonly signer: { sign(message: Uint8Array): Promise<Uint8Array> };
}

export interface ExportPorts extends TellPorts {
  readonly requests: Pick<RequestBook, 'find' | 'save'>;
  readonly subjects: SubjectStore;
  readonly keyring: Pick<SubjectKeyring, 'read'>;
  readonly hot: Pick<HotStores, 'alertsOf' | 'quarantinedAbout'>;
  readonly quarantine: Pick<QuarantineContent, 'get'>;
  readonly archive: ArchiveReader;
  readonly exports: ExportStore;
  /** Whether there is time to go on: the rest is for another turn. */
  readonly isInTime: () => boolean;
}

export interface StepPorts extends TellPorts {
  readonly requests: Pick<RequestBook, 'find' | 'save' | 'queue'>;
  readonly subjects: SubjectStore;
  readonly keyring: Pick<SubjectKeyring, 'read'>;
  readonly signals: { append(signalsByBucket: ReadonlyMap<string, readonly Signal[]>): Promise<void> };
  readonly driver: Driver;
}

export interface DoorPorts extends TellPorts {
  readonly requests: Pick<RequestBook, 'open' | 'find' | 'save'>;
  readonly subjects: Pick<SubjectStore, 'read'>;
  readonly driver: Driver;
  readonly verifier: Verifier;
  readonly exports: Pick<ExportStore, 'get'>;
  readonly keyring: Pick<SubjectKeyring, 'read'>;
}

/** Judges what is said of somebody's identity or authority. A deployer puts their own in its place. */
export interface Verifier {
  /** @throws TransientError, ThrottledError */
  judge(
    request: PrivacyRequest,
    statement: { readonly of: 'identity' | 'authority'; readonly outcome: 'verified' | 'failed' },
  ): Promise<'verified' | 'failed'>;
}
