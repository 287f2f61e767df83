import type { ProfileState } from '../contracts/profile.ts';
import type { Purpose } from '../contracts/purposes.ts';
import type { EpochMs } from '../kernel/time.ts';

/** What a profile looked like at one moment. Scores see nothing else, so a score can be asked for any week that the
 * profile still remembers. Amounts are minor units. */
export interface ProfileView {
  readonly at: EpochMs;
  readonly orders: number;
  readonly orderValueMinor: number;
  readonly firstOrderAt: EpochMs | null;
  readonly lastOrderAt: EpochMs | null;
  /** Visits by depth, halved for every {@link ENGAGEMENT_HALF_LIFE_WEEKS} that passed since. */
  readonly decayedVisitDepth: number;
  readonly decayedOrders: number;
  readonly decayedContacts: number;
}

export const ENGAGEMENT_HALF_LIFE_WEEKS = 4;

/** A group of customers that operations treat alike. One file per segment under `registry/segments`. */
export interface SegmentDefinition {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** Computed only when every one of these is permitted for the customer. */
  readonly purposes: readonly Purpose[];
  /** How deep they must be permitted (absent: `basic`). What concludes on the future needs `full`. */
  readonly depth?: 'full';
  /** A number that grows with belonging, or null when the profile can't tell. Formula and source in the file. */
  score(view: ProfileView): number | null;
  /** Enters at this score or above … */
  readonly enterAt: number;
  /** … and leaves below this lower one: in between, whoever is in stays in (hysteresis). */
  readonly leaveBelow: number;
  /** The entry proves itself: states (given as changes to an empty one) that are in the segment, or out of it, at `at`. */
  readonly examples: {
    readonly in: readonly SegmentExample[];
    readonly out: readonly SegmentExample[];
  };
}

export interface SegmentExample {
  readonly why: string;
  readonly state: Partial<ProfileState>;
  readonly at: EpochMs;
}
