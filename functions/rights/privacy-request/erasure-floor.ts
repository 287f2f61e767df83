import type { EventClass } from '../../contracts/signal.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';

/** The newest signal of each class that is held of a person, by when it was received. */
export type HeldByClass = Readonly<Partial<Record<EventClass, EpochMs>>>;

/**
 * Until when a request for erasure can only restrict: the law has everything kept for a time from its processing (India,
 * rule 8(3): one year), and the last of it is free when the newest signal is. Null when it can be erased at `now`.
 */
export function erasureFloorOf(
  { earlyErasure, retention }: Pick<JurisdictionDefinition, 'earlyErasure' | 'retention'>,
  held: HeldByClass,
  now: EpochMs,
): EpochMs | null {
  if (earlyErasure.value === 'erase') return null;
  const floors = Object.entries(held).map(
    ([eventClass, newestAt]) => newestAt + retention[eventClass as EventClass].value.minDays * DAY_MS,
  );
  const latest = Math.max(...floors, now);
  return latest > now ? latest : null;
}
