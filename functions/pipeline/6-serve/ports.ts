import type { Alert, AlertState } from '../../contracts/alerts.ts';
import type { ListedConflict } from '../../contracts/attribute-conflict.ts';
import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { IdentityReview } from '../../contracts/identity-review.ts';
import type { AlertId, AtomId, IdentifierToken, MessageToken, SubjectId } from '../../contracts/ids.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { OutcomeRecord } from '../../contracts/records.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { Published, SubjectGraph, Verdict } from '../../contracts/subject.ts';
import type { SubjectKeyring } from '../../contracts/subject-keys.ts';
import type { EpochMs } from '../../kernel/time.ts';

/** One identifier as stored: what a reader needs of it. */
export interface KnownNode {
  readonly id: IdentifierToken;
  /** The subject it belongs to; null while it is its own. */
  readonly subjectId: SubjectId | null;
  /** Links too many, so that it stands for nobody but itself. */
  readonly saturated: boolean;
  /** Encoded profile state; null for an identifier that never named a signal. */
  readonly state: string | null;
  /** Encoded window of seen messages. */
  readonly seen: Uint8Array | null;
  readonly published: Published | null;
  /** Until when what is known of it may only be stored; null: it may be told. */
  readonly restrictedUntil: EpochMs | null;
}

export interface KnownSubject {
  readonly graph: SubjectGraph;
  readonly published: Published;
}

/** Profiles and subjects, for reading. */
export interface SubjectStore {
  /** What exists of these, in as few calls as can be. @throws ThrottledError, TransientError */
  read(
    nodes: readonly IdentifierToken[],
    subjects: readonly SubjectId[],
    consistent: boolean,
    persons?: readonly AtomId[],
  ): Promise<{
    readonly nodes: ReadonlyMap<IdentifierToken, KnownNode>;
    readonly subjects: ReadonlyMap<SubjectId, KnownSubject>;
    /** Of the atoms asked for by `persons`: what is known of them, sealed. */
    readonly persons: ReadonlyMap<AtomId, { readonly id: AtomId; readonly sealed: Uint8Array }>;
  }>;
  /** Messages in the atom's pages that reach back to `since`. @throws ThrottledError, TransientError */
  pagedMessages(atomId: AtomId, since: EpochMs): Promise<ReadonlySet<string>>;
}

export interface AlertsQuery {
  readonly state: AlertState;
  readonly limit: number;
  readonly rule?: string;
  /** Any of these subject ids. */
  readonly subjectIds?: readonly SubjectId[];
  /** As an earlier page gave it. */
  readonly cursor?: string;
}

export interface AlertMove {
  readonly to: Exclude<AlertState, 'open'>;
  /** States it may be moved from. */
  readonly from: readonly AlertState[];
  readonly at: EpochMs;
}

/** Alerts as operational systems work them off. */
export interface AlertBook {
  /** Null when there is none such at the time. @throws ThrottledError, TransientError */
  find(alertId: AlertId, now: EpochMs): Promise<Alert | null>;
  /** Newest first. @throws ThrottledError, TransientError */
  list(query: AlertsQuery): Promise<{ readonly alerts: readonly Alert[]; readonly cursor?: string }>;
  /** Moves an alert if it is in one of the states, atomically.
   * @returns the alert as it is now and whether this call moved it; null when there is no such alert.
   * @throws ThrottledError, TransientError */
  move(alertId: AlertId, move: AlertMove): Promise<{ readonly alert: Alert; readonly moved: boolean } | null>;
}

/** How events ended that were not applied. */
export interface Receipts {
  /** @throws ThrottledError, TransientError */
  find(
    tokens: readonly MessageToken[],
  ): Promise<ReadonlyMap<MessageToken, OutcomeRecord & { readonly replayedAt?: EpochMs }>>;
}

export interface ReviewsQuery {
  readonly limit: number;
  /** As an earlier page gave it. */
  readonly cursor?: string;
}

/** Pairs that may be one person, as stewards work them off. */
export interface ReviewBook {
  /** Null when there is none such. @throws ThrottledError, TransientError */
  find(reviewId: string): Promise<IdentityReview | null>;
  /** Those that wait, newest first. @throws ThrottledError, TransientError */
  list(
    query: ReviewsQuery,
  ): Promise<{ readonly reviews: readonly IdentityReview[]; readonly cursor?: string }>;
  /** Notes a verdict, atomically. A repeated one changes nothing; another one takes the place of the first.
   * @returns the review as it is now; null when there is none such. @throws ThrottledError, TransientError */
  decide(reviewId: string, verdict: Verdict, at: EpochMs): Promise<IdentityReview | null>;
}

/** Customers with contradicting values, as the owners of those work them off. */
export interface ConflictBook {
  /** Those listed, newest first. @throws ThrottledError, TransientError */
  list(
    query: ReviewsQuery,
  ): Promise<{ readonly conflicts: readonly ListedConflict[]; readonly cursor?: string }>;
}

/** Where orders about identity are handed to `understand`. */
export interface OrderStream {
  /** Durable when it returns. Sending an order again is safe. @throws ThrottledError, TransientError */
  append(ordersByBucket: ReadonlyMap<string, readonly IdentityOrder[]>): Promise<void>;
}

export interface ServePorts {
  readonly subjects: SubjectStore;
  readonly alerts: AlertBook;
  readonly receipts: Receipts;
  readonly reviews: ReviewBook;
  readonly conflicts: ConflictBook;
  readonly orders: OrderStream;
  /** Where acts of consent and stewards' decisions go. @throws ThrottledError, TransientError */
  readonly signals: { append(signalsByBucket: ReadonlyMap<string, readonly Signal[]>): Promise<void> };
  readonly keyring: Pick<SubjectKeyring, 'read'>;
  /** @throws ThrottledError, TransientError */
  readonly lineage: { append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void> };
}
