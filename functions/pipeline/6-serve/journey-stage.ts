import type { JourneyStage } from '../../contracts/operations.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';

/** After this long without an order, a customer's last one says nothing about the next. */
const DORMANT_AFTER_MS = 365 * DAY_MS;

/** Where the customer stands with us at `now`. @param isLapsing late by their own rhythm (segment `lapse-risk`) */
export function journeyStageOf(
  state: Pick<ProfileState, 'orders' | 'lastOrderAt' | 'cartOpenedAt' | 'contacts'>,
  isLapsing: boolean,
  now: EpochMs,
): JourneyStage {
  if (state.orders === 0 || state.lastOrderAt === null)
    return state.cartOpenedAt !== null || state.contacts > 0 ? 'prospect' : 'visitor';
  if (now - state.lastOrderAt > DORMANT_AFTER_MS) return 'dormant';
  if (isLapsing) return 'lapsing';
  return state.orders === 1 ? 'first-time' : 'repeat';
}
