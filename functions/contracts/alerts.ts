import type { EpochMs } from '../kernel/time.ts';
import type { AlertId, SubjectId } from './ids.ts';

export const ALERT_STATES = ['open', 'acknowledged', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** An operational alert about one customer. Holds codes and numbers only. */
export interface Alert {
  readonly alertId: AlertId;
  readonly subjectId: SubjectId;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly severity: 'info' | 'warning' | 'urgent';
  readonly state: AlertState;
  /** Reason codes with the numbers behind them, for example `{code: 'contacts-7d', value: 3, threshold: 3}`. */
  readonly reasons: readonly AlertReason[];
  /** When the behaviour happened that made the rule fire. */
  readonly occurredAt: EpochMs;
  readonly openedAt: EpochMs;
  readonly acknowledgedAt?: EpochMs;
  readonly resolvedAt?: EpochMs;
}

export interface AlertReason {
  readonly code: string;
  readonly value: number;
  readonly threshold: number;
}
