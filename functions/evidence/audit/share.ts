import { hash } from 'node:crypto';
import { DAY_MS, type EpochMs, utcDate } from '../../kernel/time.ts';
import { partitionIn } from '../log/keys.ts';

/** Days within which every object is read once. */
const ROUND_DAYS = 28;

/** Whether an object is read today: what is of today or the two days before is, and of the rest a share that another one
 * follows each day, so that each object is read every {@link ROUND_DAYS} days. */
export function isDueToday(key: string, now: EpochMs): boolean {
  const date = partitionIn(key)?.date;
  if (date !== undefined && date >= utcDate(now - 2 * DAY_MS)) return true;
  const share = hash('sha256', key, 'buffer').readUInt32BE(0) % ROUND_DAYS;
  return share === Math.floor(now / DAY_MS) % ROUND_DAYS;
}
