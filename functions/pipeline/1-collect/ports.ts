import type { MessageToken } from '../../contracts/ids.ts';
import type { LineageRow } from '../../contracts/lineage.ts';
import type { OutcomeRecord, QuarantineEntry } from '../../contracts/records.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { EpochMs } from '../../kernel/time.ts';

/** Where accepted signals are handed to `understand`. */
export interface SignalStream {
  /** Durable when it returns. After an error some may be on the stream; sending them again is safe.
   * @throws ThrottledError, TransientError */
  append(signalsByBucket: ReadonlyMap<string, readonly Signal[]>): Promise<void>;
}

/** Where rows of evidence are handed to the archive. */
export interface LineageStream {
  /** @throws ThrottledError, TransientError */
  append(rowsByBucket: ReadonlyMap<string, readonly LineageRow[]>): Promise<void>;
}

/** Where bad events lie until somebody repairs them. */
export interface QuarantineStore {
  /** Stores the lines of one object. Entries come as text already, since events may nest deeper than a serialiser
   * of objects goes. Writing the same key again replaces it. @throws ThrottledError, TransientError */
  put(key: string, lines: readonly string[]): Promise<void>;
  /** The entries of one object, in order; null when it is not there (any more).
   * @throws ThrottledError, TransientError */
  get(key: string): Promise<readonly QuarantineEntry[] | null>;
}

/** How events that were not applied ended, by message token. */
export interface OutcomeRecords {
  /** Records of those tokens that have one. @param consistent also what was written just now
   * @throws ThrottledError, TransientError */
  find(
    tokens: readonly MessageToken[],
    consistent?: boolean,
  ): Promise<ReadonlyMap<MessageToken, StoredRecord>>;
  /** Writes records of tokens that have none, each token once.
   * @returns the tokens of those that have one by now: somebody else was first @throws ThrottledError, TransientError */
  putNew(records: readonly OutcomeRecord[]): Promise<ReadonlySet<MessageToken>>;
  /** Writes records, each token once; an older record of a token is replaced. @throws ThrottledError, TransientError */
  put(records: readonly OutcomeRecord[]): Promise<void>;
}

/** A record with what happened to it afterwards. */
export interface StoredRecord extends OutcomeRecord {
  /** When a repaired event took this one's place on the stream; such an entry is no longer listed. */
  readonly replayedAt?: EpochMs;
}

/** What the steward's view of the quarantine needs besides. */
export interface QuarantineRecords extends OutcomeRecords {
  /** Quarantined and not replayed, newest first.
   * @param cursor as an earlier page gave it @throws ThrottledError, TransientError */
  listQuarantined(
    query: QuarantineQuery,
  ): Promise<{ readonly records: readonly StoredRecord[]; readonly cursor?: string }>;
  /** Marks a quarantined event as replayed. A record that says something else by now stays as it is.
   * @throws ThrottledError, TransientError */
  markReplayed(token: MessageToken, at: EpochMs): Promise<void>;
}

export interface QuarantineQuery {
  readonly limit: number;
  readonly sourceId?: string;
  readonly reason?: string;
  readonly cursor?: string;
}
