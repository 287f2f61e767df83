import { EVENT_CLASSES } from '../../contracts/event-classes.ts';
import { RECOVERY_DAYS, UNREADABLE_DAYS } from '../../contracts/retention.ts';
import { DAY_MS, type EpochMs, utcDate } from '../../kernel/time.ts';
import { evidenceDays } from '../../registry/evidence-retention.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import { partitionIn } from './keys.ts';

const UNREADABLE_PREFIX = 'v1/unreadable/';

/** When the lifecycle of the evidence bucket may remove an object, at the earliest: a UTC day. Null for what is kept. */
export const expiryOf =
  (jurisdiction: JurisdictionDefinition) =>
  (key: string, at: EpochMs): string | null => {
    if (key.startsWith(UNREADABLE_PREFIX)) return utcDate(at + (UNREADABLE_DAYS - RECOVERY_DAYS) * DAY_MS);
    const eventClass = EVENT_CLASSES.find((known) => known === partitionIn(key)?.eventClass);
    return eventClass === undefined ? null : utcDate(at + evidenceDays(jurisdiction, eventClass) * DAY_MS);
  };
