import type { Alert } from '../../contracts/alerts.ts';
import type { AtomPair } from '../../contracts/identity-review.ts';
import type { AlertId, AtomId, IdentifierToken, SubjectId } from '../../contracts/ids.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { KeptUntil } from '../../contracts/profile.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { Restriction } from '../../contracts/restriction.ts';
import type { MatchLink, Published, SubjectGraph, SubjectOutline } from '../../contracts/subject.ts';
import type { SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { CandidateStore } from '../2-identify/probabilistic/ports.ts';

/** One identifier as stored: its place in a subject, and, if it is an atom, its profile state. */
export interface StoredNode {
  readonly id: IdentifierToken;
  /** Raised by every write; a write names the version it saw. */
  readonly version: number;
  /** The subject it belongs to; null while it is its own. */
  readonly subjectId: SubjectId | null;
  /** Links too many; its edges count for nothing. */
  readonly saturated: boolean;
  /** Encoded profile state (`3-profile/state-codec.ts`); null for an identifier that never named a signal. */
  readonly state: string | null;
  /** Encoded window of seen messages (`3-profile/seen.ts`). */
  readonly seen: Uint8Array | null;
  /** 48-bit prefixes of the tokens it has been seen with, 6 bytes each. */
  readonly links: Uint8Array;
  /** While it is its own subject. */
  readonly published: Published | null;
  /** When the customer it belonged to was erased; signals from before that are suppressed. */
  readonly erasedAt: EpochMs | null;
  /** Until when processing is restricted; signals are withheld. */
  readonly restrictedUntil: EpochMs | null;
  /** By which requests; see `restrictedUntil`. Absent where there never was one. */
  readonly restrictions?: readonly Restriction[];
  /** When what was learnt from its signals has to be gone (`rights/retention/kept-until.ts`); null: nothing was. */
  readonly keptUntil: KeptUntil | null;
  /** Of an atom that others may find by what its person says: its subject, and then those that something keeps apart from it
   * (of these, no atoms), so that whoever finds it reads all of them at once. Written together with every change of any of them. Empty while
   * the atom is alone; absent where nobody finds it. */
  readonly around?: readonly SubjectOutline[];
}

export interface StoredSubject {
  readonly version: number;
  readonly graph: SubjectGraph;
  readonly published: Published;
}

/** What an atom's signals have stated of the person, in an item of its own: only signals that state something read it. */
export interface StoredPerson {
  readonly id: AtomId;
  /** Raised by every write; a write names the version it saw, 0 when there was none. */
  readonly version: number;
  /** Encoded state (`3-profile/person-codec.ts`) under the atom's key, with {@link personContext} as context. Empty when it is
   * past its time, which is that of what else was learnt from the atom's signals. */
  readonly sealed: Uint8Array;
  /** Epoch ms. It is written beside its node, and may be there first. */
  readonly writtenAt: EpochMs;
}
export type PersonWrite = StoredPerson;

/** What a person's state is sealed for: opening it for another atom fails. */
export const personContext = (atomId: AtomId): string => `person ${atomId}`;

/** A node as it shall be; `version` is the one that was read, 0 when there was none. */
export type NodeWrite = StoredNode;
/** A subject as it shall be, or (without a graph) gone; `version` is the one that was read, 0 when there was none. */
export interface SubjectWrite {
  readonly subjectId: SubjectId;
  readonly version: number;
  readonly next: { readonly graph: SubjectGraph; readonly published: Published } | null;
}

export interface PageWrite {
  readonly atomId: AtomId;
  readonly key: string;
  readonly messages: readonly string[];
  readonly keptUntil: EpochMs;
}

/** Writes that belong to one subject (or to subjects being joined or parted). */
export interface WriteUnit {
  /** Written before the rest; writing a page again changes nothing. */
  readonly pages: readonly PageWrite[];
  readonly nodes: readonly NodeWrite[];
  readonly subjects: readonly SubjectWrite[];
  /** Absent where no signal stated anything of a person. Each is written by itself, even where the rest is atomic: should
   * only one of the two be written, the signals come again and are folded again, which changes nothing. */
  readonly persons?: readonly PersonWrite[];
  /** Whether all of it must happen or none: identity changed. */
  readonly atomic: boolean;
}

export interface World {
  readonly nodes: ReadonlyMap<IdentifierToken, StoredNode>;
  readonly subjects: ReadonlyMap<SubjectId, StoredSubject>;
  /** Of the atoms that were asked for by `persons`. */
  readonly persons: ReadonlyMap<AtomId, StoredPerson>;
}

export interface ProfileStore {
  /** Reads what exists. `consistent` after a conflict, when a stale read would only conflict again.
   * @param persons atoms whose persons are wanted too, in the same call */
  read(
    nodes: readonly IdentifierToken[],
    subjects: readonly SubjectId[],
    consistent: boolean,
    persons?: readonly AtomId[],
  ): Promise<World>;
  /** What lies there of these atoms' persons, past its time or not: to take out of other places what was derived from it. */
  storedPersons(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, StoredPerson>>;
  /** Messages in the atom's pages that reach back to `since`. */
  pagedMessages(atomId: AtomId, since: EpochMs): Promise<ReadonlySet<string>>;
  /** Writes the units.
   * @returns for each, whether all of it was written; `conflict` when somebody else wrote first. A unit that isn't atomic
   *   may have been written in part: what was, counts, and processing it again changes nothing.
   * @throws TransientError when the store can't be reached or throttles. */
  write(units: readonly WriteUnit[]): Promise<readonly ('written' | 'conflict')[]>;
}

export interface DueCue {
  readonly subjectId: SubjectId;
  readonly dueAt: EpochMs;
}

/** A cue that has fallen due. */
export interface FallenDue extends DueCue {
  /** Where it is kept. */
  readonly slot: string;
}

export interface SweepPorts extends EffectPorts {
  readonly profiles: ProfileStore;
  readonly keyring: Pick<SubjectKeyring, 'read'>;
  readonly cues: {
    /** Cues due by `now`, in pages, the oldest first unless sweeps were missed for hours. Those that are not forgotten come again.
     * @param isInTime asked now and then: false ends it, and the next call goes on */
    due(now: EpochMs, isInTime: () => boolean): AsyncIterable<readonly FallenDue[]>;
    forget(cues: readonly FallenDue[]): Promise<void>;
  };
  readonly clock: () => EpochMs;
  /** False when what is left is better left to the next sweep. */
  readonly isInTime: () => boolean;
}

/** Everything a batch tells the world, after its state is durable. Each is safe to repeat. */
export interface EffectPorts {
  readonly alerts: {
    /** One that exists, in whatever state, stays as it is. */
    open(alerts: readonly Alert[]): Promise<void>;
    /** Resolves those that are open or acknowledged; others stay as they are. */
    close(alertIds: readonly AlertId[], at: EpochMs): Promise<void>;
  };
  readonly dueCues: { arm(cues: readonly DueCue[]): Promise<void> };
  readonly lineage: { append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> };
  readonly events: { publish(events: readonly DomainEvent[]): Promise<void> };
}

/** Where pairs go that may be one person, for a steward to decide. */
export interface ReviewQueue {
  /** Pairs with one of these atoms that wait for a steward, and maybe some that do no more.
   * @throws ThrottledError, TransientError */
  waiting(atomIds: readonly AtomId[]): Promise<readonly AtomPair[]>;
  /** Opens reviews, one a pair. One that waits shows the new evidence from then on, as opened before; a decided one stays as
   * it is. @throws ThrottledError, TransientError */
  put(matches: readonly MatchLink[], openedAt: EpochMs): Promise<void>;
  /** Takes pairs off the queue that need nobody's decision any more. A decided one stays as it is.
   * @throws ThrottledError, TransientError */
  drop(pairs: readonly AtomPair[]): Promise<void>;
}

/** Customers of whom two values contradict each other, for the owners to settle. */
export interface ConflictQueue {
  /** Lists customers. One that is listed keeps its place.
   * @param judgedAt by a clock that was read after all that it follows from @throws ThrottledError, TransientError */
  open(subjectIds: readonly SubjectId[], openedAt: EpochMs, judgedAt: EpochMs): Promise<void>;
  /** Takes customers off the list, unless somebody found out later that there is a conflict.
   * @param judgedAt by a clock that was read before all that it follows from @throws ThrottledError, TransientError */
  close(subjectIds: readonly SubjectId[], judgedAt: EpochMs): Promise<void>;
}

export interface UnderstandPorts extends EffectPorts {
  readonly profiles: ProfileStore;
  readonly keyring: SubjectKeyring;
  readonly records: { put(records: readonly OutcomeRecord[]): Promise<void> };
  readonly reviews: ReviewQueue;
  readonly conflicts: ConflictQueue;
  /** Where records are found by what they say; null where nothing is matched (profiles built again from the archive). */
  readonly candidates: CandidateStore | null;
  /** Keeps the bytes of a record that could not be read, once. */
  readonly quarantine: { putOnce(key: string, bytes: Uint8Array): Promise<void> };
  readonly clock: () => EpochMs;
}

/** What goes onto the event bus: transitions only, codes and pseudonymous ids only. */
export interface DomainEvent {
  /** The same at every repetition, for the receiver's own deduplication. */
  readonly id: string;
  readonly type:
    | 'Segment Entered'
    | 'Segment Left'
    | 'Alert Opened'
    | 'Alert Closed'
    | 'Consent Withdrawn'
    | 'Subjects Merged'
    | 'Subject Split';
  readonly subjectId: SubjectId;
  readonly name: string;
  readonly occurredAt: EpochMs;
  readonly alert?: Alert;
}
