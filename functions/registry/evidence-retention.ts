import type { EventClass } from '../contracts/event-classes.ts';
import type { JurisdictionDefinition } from './jurisdiction-definition.ts';

/** Days an expired or overwritten object can still be brought back. Counted into the retention, not added to it. */
export const RECOVERY_DAYS = 7;
/** Days after its hour within which a row may be written anew, by compaction, into an object that is then as many days
 * younger than the row. Counted into the retention as well. */
export const COMPACTION_DAYS = 3;

/**
 * Days after which an object with rows of a class is removed: the jurisdiction's maximum, less the days in which a removed
 * object could be brought back, and less those by which an object may be younger than its rows.
 * @throws Error when that is less than the minimum
 */
export function evidenceDays(jurisdiction: JurisdictionDefinition, eventClass: EventClass): number {
  const { minDays, maxDays } = jurisdiction.retention[eventClass].value;
  const days = maxDays - RECOVERY_DAYS - COMPACTION_DAYS;
  if (days < minDays)
    throw new Error(
      `${jurisdiction.code}: retention of ${eventClass} leaves less than ${RECOVERY_DAYS + COMPACTION_DAYS} days between minDays and maxDays`,
    );
  return days;
}

/** Days a checkpoint of the evidence log is locked: as long as any row it covers may be kept, and no longer. */
export const checkpointLockDays = (jurisdiction: JurisdictionDefinition): number =>
  Math.max(...Object.values(jurisdiction.retention).map(({ value }) => value.maxDays));
