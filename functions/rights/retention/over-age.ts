import {
  ACCESS_LOG_DAYS,
  ANSWER_DAYS,
  EXPORT_DAYS,
  QUARANTINE_DAYS,
  UNREADABLE_DAYS,
} from '../../contracts/retention.ts';
import { EVENT_CLASSES } from '../../contracts/signal.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { RetentionByClass } from './kept-until.ts';

/**
 * When an object of the evidence bucket has to be gone, versions that are not current included; null for what is of nobody:
 * marks of windows, roll-ups, reports, the log. Rows count from the end of the day in their key, on which they were
 * received: an object may have been written anew since, to make few of many.
 * @param writtenAt when this version was written
 */
export function evidenceEnd(key: string, writtenAt: EpochMs, retention: RetentionByClass): EpochMs | null {
  if (key.startsWith('v1/unreadable/')) return writtenAt + UNREADABLE_DAYS * DAY_MS;
  const [, named, day] = /^v1\/\w+\/event_class=(\w+)\/dt=([\d-]{10})\//.exec(key) ?? [];
  const eventClass = EVENT_CLASSES.find((each) => each === named);
  if (eventClass === undefined) return null;
  const receivedBy = Math.min(writtenAt, Date.parse(`${day}T00:00:00Z`) + DAY_MS);
  return receivedBy + retention[eventClass].value.maxDays * DAY_MS;
}

export const quarantineEnd = (_key: string, writtenAt: EpochMs): EpochMs =>
  writtenAt + QUARANTINE_DAYS * DAY_MS;

/** The day more is for the noncurrent version that expiry leaves. */
export const answerEnd = (_key: string, writtenAt: EpochMs): EpochMs =>
  writtenAt + (ANSWER_DAYS + 1) * DAY_MS;
export const exportEnd = (_key: string, writtenAt: EpochMs): EpochMs =>
  writtenAt + (EXPORT_DAYS + 1) * DAY_MS;

/** Written anew with every delivery, so that no log line is older than the object it lies in. */
export const accessLogEnd = (_key: string, writtenAt: EpochMs): EpochMs =>
  writtenAt + ACCESS_LOG_DAYS * DAY_MS;
