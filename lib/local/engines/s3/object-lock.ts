import type { BucketSettings, Retention, Version } from './bucket.ts';
import { invalidArgument, invalidRequest, S3Error } from './s3-error.ts';

const DAY_MS = 86_400_000;

const denied = (): S3Error =>
  new S3Error('AccessDenied', 403, 'Access Denied because object protected by object lock.');

/** @throws S3Error AccessDenied when the version may not be removed at `now`. */
export function requireRemovable(version: Version, now: number, bypassGovernance: boolean): void {
  if (version.legalHold === true) throw denied();
  const retention = version.retention;
  if (retention === undefined || retention.until <= now) return;
  if (retention.mode === 'COMPLIANCE' || !bypassGovernance) throw denied();
}

export function isRemovable(version: Version, now: number): boolean {
  try {
    requireRemovable(version, now, false);
    return true;
  } catch {
    return false;
  }
}

export function requireLockable(settings: BucketSettings): void {
  if (!settings.objectLock) throw invalidRequest('Bucket is missing Object Lock Configuration');
}

/** Reads a retention from its two texts; undefined when neither is there.
 * @throws S3Error InvalidArgument */
export function parseRetention(
  mode: string | undefined,
  until: string | undefined,
  now: number,
): Retention | undefined {
  if (mode === undefined && until === undefined) return undefined;
  if (mode !== 'COMPLIANCE' && mode !== 'GOVERNANCE')
    throw invalidArgument(
      'x-amz-object-lock-mode and x-amz-object-lock-retain-until-date must both be supplied',
    );
  const at = Date.parse(until ?? '');
  if (Number.isNaN(at)) throw invalidArgument('The retain until date must be provided in ISO 8601 format');
  if (at <= now) throw invalidArgument('The retain until date must be in the future!');
  return { mode, until: at };
}

/** What a new version is retained by when it was put without a retention of its own. */
export function defaultRetention(settings: BucketSettings, now: number): Retention | undefined {
  const rule = settings.defaultRetention;
  return settings.objectLock && rule !== undefined
    ? { mode: rule.mode, until: now + rule.days * DAY_MS }
    : undefined;
}

/** A retention may always be made longer; a COMPLIANCE one in force is never made shorter or weaker, a GOVERNANCE one
 * only with leave to bypass it.
 * @throws S3Error AccessDenied */
export function requireRetentionChange(
  version: Version,
  next: Retention,
  now: number,
  bypassGovernance: boolean,
): void {
  const present = version.retention;
  if (present === undefined || present.until <= now) return;
  const weaker = next.until < present.until || (present.mode === 'COMPLIANCE' && next.mode === 'GOVERNANCE');
  if (!weaker) return;
  if (present.mode === 'COMPLIANCE' || !bypassGovernance) throw denied();
}
