import { EVENT_CLASSES } from '../../contracts/event-classes.ts';
import { DAY_MS, type EpochMs, utcDate } from '../../kernel/time.ts';
import { evidenceDays } from '../../registry/evidence-retention.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import { partitionIn } from './keys.ts';

/** When the lifecycle of the evidence bucket may remove an object, at the earliest: a UTC day. Null for what is kept. */
export const expiryOf =
  (jurisdiction: JurisdictionDefinition) =>
  (key: string, at: EpochMs): string | null => {
    const eventClass = EVENT_CLASSES.find((known) => known === partitionIn(key)?.eventClass);
    return eventClass === undefined ? null : utcDate(at + evidenceDays(jurisdiction, eventClass) * DAY_MS);
  };
