import type { EpochMs } from '../kernel/time.ts';
import type { ConsentState } from './consent.ts';
import type { Purpose } from './purposes.ts';
import type { ContactChannel } from './signal.ts';

/** Sum, count and sum of squares of whole numbers: mean and variance without keeping the values. */
export interface Moments {
  readonly count: number;
  readonly sum: number;
  readonly sumSquares: number;
}

/** What happened in one week. Counts and sums only, so that weeks add up in any order. */
export interface WeekCounts {
  readonly orders: number;
  readonly orderValueMinor: number;
  readonly refunds: number;
  /** Visits weighted by depth. */
  readonly visitDepth: number;
  readonly contacts: number;
  readonly feedback: number;
}

export const FLAG_CODES = [
  'praise',
  'complaint',
  'vulnerable',
  'churn-threat',
  'fraud-suspected',
  'other',
] as const;
export type FlagCode = (typeof FLAG_CODES)[number];

/** Parts of a day in the jurisdiction's time zone, six hours each from midnight. */
export const DAY_PARTS = ['night', 'morning', 'afternoon', 'evening'] as const;
export type DayPart = (typeof DAY_PARTS)[number];

/**
 * Sufficient statistics of everything folded into one atom. Every field is a sum, a minimum, a maximum, the newest few
 * or a last-writer-wins register, so states merge in any order and grouping to the same result (law 3). Whole numbers
 * only: floating-point sums depend on order.
 */
export interface ProfileState {
  readonly signals: number;
  readonly firstSeenAt: EpochMs | null;
  readonly lastSeenAt: EpochMs | null;
  readonly orders: number;
  readonly orderValueMinor: number;
  /** Of order values in whole currency units, for their spread. */
  readonly orderValueSquares: number;
  readonly items: number;
  readonly firstOrderAt: EpochMs | null;
  readonly lastOrderAt: EpochMs | null;
  readonly refunds: number;
  readonly refundValueMinor: number;
  readonly visits: number;
  readonly contacts: number;
  readonly escalations: number;
  readonly resolutions: number;
  readonly firstContactResolutions: number;
  readonly resolutionMinutes: number;
  readonly deliveries: number;
  readonly deliveriesOnTime: number;
  readonly satisfaction: Moments;
  readonly effort: Moments;
  readonly channels: Readonly<Partial<Record<ContactChannel, number>>>;
  readonly deliveryParts: Readonly<Partial<Record<DayPart, number>>>;
  readonly flags: Readonly<Partial<Record<FlagCode, number>>>;
  /** By week number ({@link weekOf}); only the {@link WEEKS_KEPT} up to the newest signal's. */
  readonly weeks: ReadonlyMap<number, WeekCounts>;
  /** Newest {@link RECENT_KEPT} of each, minutes since the epoch, newest first. */
  readonly recentOrders: readonly number[];
  readonly recentContacts: readonly number[];
  readonly recentRefunds: readonly number[];
  /** Newest cart that was opened (with its value) and newest closing; open when the opening is newer. */
  readonly cartOpenedAt: EpochMs | null;
  readonly cartValueMinor: number;
  readonly cartClosedAt: EpochMs | null;
  readonly consent: ConsentState;
  /** What rests on purposes that the customer can refuse, apart from the rest, so that it can be dropped as a whole. */
  readonly revocable: readonly RevocablePart[];
}

/** Facts of signals that were applied for these purposes only, and of no other. */
export interface RevocablePart {
  /** In the order of PURPOSES; any one of them carries it. */
  readonly purposes: readonly Purpose[];
  /** None of the facts is older: a refusal from before this time is no matter. */
  readonly since: EpochMs;
  /** Without consent and parts of its own. */
  readonly facts: ProfileState;
}

/** When what was learnt from an atom's signals has to be gone, each part of it by itself. */
export interface KeptUntil {
  /** What contracts carry; null when there is none. */
  readonly facts: EpochMs | null;
  /** What rests on permission, one for each of {@link ProfileState.revocable}. */
  readonly parts: readonly EpochMs[];
  /** What the customer has chosen; null when there is none. Never sooner than the rest, which is used by these choices. */
  readonly choices: EpochMs | null;
}

export const WEEKS_KEPT = 53;
export const RECENT_KEPT = 6;
