import type { Alert, AlertReason } from '../contracts/alerts.ts';
import type { ProfileState } from '../contracts/profile.ts';
import type { Purpose } from '../contracts/purposes.ts';
import type { EpochMs } from '../kernel/time.ts';

/** What a rule may look at. */
export interface CueView {
  readonly state: ProfileState;
  readonly segments: ReadonlySet<string>;
  readonly now: EpochMs;
}

export interface Cue {
  /** When the behaviour (or its absence) completed the cue. */
  readonly occurredAt: EpochMs;
  readonly reasons: readonly AlertReason[];
}

/** When an operational team must be told about a customer. One file per rule under `registry/alert-rules`. */
export interface AlertRuleDefinition {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly severity: Alert['severity'];
  /** Evaluated only when every one of these is permitted for the customer. */
  readonly purposes: readonly Purpose[];
  /** How deep they must be permitted (absent: `basic`). What concludes on the future needs `full`. */
  readonly depth?: 'full';
  /** The cue, or null while it does not hold. Pure. */
  cue(view: CueView): Cue | null;
  /** For absence cues: the next moment at which the cue could hold without any further signal; null when none. */
  dueAt?(view: CueView): EpochMs | null;
  /** A cue older than this is history and alerts nobody (a backfill is not news). */
  readonly freshMs: number;
  /** No second alert of this rule for the same customer within this time. */
  readonly cooldownMs: number;
  readonly examples: {
    readonly fires: readonly CueExample[];
    readonly quiet: readonly CueExample[];
  };
}

export interface CueExample {
  readonly why: string;
  readonly state: Partial<ProfileState>;
  readonly segments?: readonly string[];
  readonly now: EpochMs;
}
