import type { EpochMs } from '../kernel/time.ts';
import type { Outcome } from './outcomes.ts';
import type { EventClass } from './signal.ts';

/** The archive's tables. `signals`: one row per applied signal, exactly. `refusals`: one row per event that ended any
 * other way. `effects`: one row per merge, refused link, segment move and alert, and per
 * step of an incident. */
export const ARCHIVE_TABLES = ['signals', 'refusals', 'effects'] as const;
export type ArchiveTable = (typeof ARCHIVE_TABLES)[number];

export const EFFECT_KINDS = [
  'subjects-merged',
  'subject-split',
  'link-refused',
  'identifier-blocked',
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
  /** Segment, alert rule or identifier type, by registry name. */
  readonly name: string;
  /** Reason codes, comma-separated. */
  readonly reasons: string;
  /** From receipt of the signal that caused it to the write of the profile; null when no signal did (the sweep). */
  readonly latencyMs: number | null;
}

export type LineageRow = SignalRow | RefusalRow | EffectRow;
