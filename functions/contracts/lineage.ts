import type { EpochMs } from '../kernel/time.ts';
import type { Outcome } from './outcomes.ts';
import type { EventClass } from './signal.ts';

/** The archive's tables. `signals`: one row per applied signal, exactly. `refusals`: one row per event that ended any
 * other way. `effects`: one row per merge, refused link, segment move, alert, change of consent, step of an erasure or an
 * incident, swept shelf and released month. */
export const ARCHIVE_TABLES = ['signals', 'refusals', 'effects'] as const;
export type ArchiveTable = (typeof ARCHIVE_TABLES)[number];

export const EFFECT_KINDS = [
  'subjects-merged',
  'subject-split',
  'link-refused',
  'identifier-blocked',
  'identity-decided',
  /** Matching linked two atoms, or said anew with what weight: `reasons` has the bits and the model. */
  'match-made',
  /** Matching took such a link back. */
  'match-withdrawn',
  'link-severed',
  'incident-assessed',
  'incident-closed',
  'incident-notified',
  'incident-opened',
  'incident-reminded',
  'segment-entered',
  'segment-left',
  'alert-opened',
  'alert-acknowledged',
  'alert-resolved',
  'alert-closed',
  'choice-recorded',
  'consent-granted',
  'consent-withdrawn',
  /** The controller's word on a correction: `reasons` has it. */
  'correction-judged',
  'export-fetched',
  'gpc-honoured',
  /** A month's roll-up was released: `name` is the month. */
  'month-rolled-up',
  'privacy-request-completed',
  'privacy-request-denied',
  'privacy-request-extended',
  'privacy-request-failed',
  'privacy-request-input-given',
  'privacy-request-needs-input',
  'privacy-request-proof-failed',
  'privacy-request-received',
  'privacy-request-reminded',
  'privacy-request-verified',
  /** The person was told that a restriction ends: `reasons` has why it does, on which UTC day they were told, and who says so. */
  'restriction-ending',
  /** A shelf of the daily sweep: `name` is the shelf, `reasons` the counts. */
  'retention-swept',
  /** What a person wanted corrected is so; `reasons` names the attributes and no value. */
  'subject-corrected',
  /** The last step of an erasure. `reasons` names the request, and so its certificate; `rowRef` is null: whose it was is
   * gone. */
  'subject-erased',
  'subject-exported',
  'subject-keys-deleted',
  'subject-purged',
  'subject-restricted',
  'subject-unrestricted',
  'subject-suppressed',
] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];

interface LineageBase {
  /** Deterministic, so that a row written twice can be recognised. */
  readonly rowId: string;
  readonly eventClass: EventClass;
  /** Chooses the `dt` and `hh` partition; the exact time itself is not archived in the open. */
  readonly receivedAt: EpochMs;
  /** The definitions that produced the row: `<registry entry>@<version>` or the pipeline's own version. */
  readonly policyVersion: string;
  /** Keyed by the atom's own secret and the month: joins rows of one atom within a month, and no further. */
  readonly rowRef: string | null;
  /** What the row is about, sealed under the atom's key with the row id as context (`seal`), as base64. Absent where there
   * is no customer, or nothing that may be kept. */
  readonly payload?: string;
  /** This row may already be on the stream from an attempt that crashed: the archive looks before it writes. */
  readonly redelivered?: true;
}

export interface SignalRow extends LineageBase {
  readonly table: 'signals';
  readonly sourceId: string;
  readonly signalName: string;
  /** Purposes the signal was applied for, comma-separated, in the order of PURPOSES. */
  readonly purposes: string;
  readonly occurredDate: string;
  /** From receipt at `collect` to the write of the profile. */
  readonly latencyMs: number;
}

export interface RefusalRow extends LineageBase {
  readonly table: 'refusals';
  readonly sourceId: string;
  readonly signalName: string;
  readonly outcome: Exclude<Outcome, 'applied'>;
  readonly reason: string;
}

export interface EffectRow extends LineageBase {
  readonly table: 'effects';
  readonly kind: EffectKind;
  /** Segment, alert rule or identifier type, by registry name; a purpose for changes of consent. */
  readonly name: string;
  /** Reason codes, comma-separated. */
  readonly reasons: string;
  /** From receipt of the signal that caused it to the write of the profile; null when no signal did (the sweep). */
  readonly latencyMs: number | null;
}

export type LineageRow = SignalRow | RefusalRow | EffectRow;
