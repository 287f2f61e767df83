import type { EpochMs } from '../kernel/time.ts';
import type { IdentifierToken, MessageToken } from './ids.ts';
import type { Outcome } from './outcomes.ts';

/** How an event that was not applied ended, findable by its message token until `expiresAt`. */
export interface OutcomeRecord {
  readonly messageToken: MessageToken;
  readonly outcome: Exclude<Outcome, 'applied'>;
  readonly reason: string;
  readonly sourceId: string;
  readonly receivedAt: EpochMs;
  /** Quarantined only: whom the event names, so that it is found when they ask for their own or for its erasure. */
  readonly about?: readonly IdentifierToken[];
  /** Quarantined only: where the event lies in the quarantine bucket. */
  readonly quarantine?: { readonly key: string; readonly line: number };
}

/** One bad event as it lies, encrypted by the bucket's key, in the quarantine bucket: a line of gzipped NDJSON. */
export interface QuarantineEntry {
  readonly messageToken: MessageToken;
  readonly sourceId: string;
  readonly reason: string;
  /** Where in the event the problem is, as a JSON pointer without values. */
  readonly at: readonly string[];
  readonly receivedAt: EpochMs;
  /** The sender's clock when it sent the batch, when it said: what the event's own time is corrected by. */
  readonly sentAt?: EpochMs;
  readonly gpc?: true;
  /** The event as received: a JSON value, or a string when it wasn't JSON. */
  readonly event: unknown;
}
