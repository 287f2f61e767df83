import type { Bucket, LifecycleRule, Version } from './bucket.ts';
import { abortUploadsBegunBy } from './multipart.ts';
import { isRemovable } from './object-lock.ts';
import type { ObjectStore } from './object-store.ts';

const DAY_MS = 86_400_000;

/** Removes what has expired in all buckets. @returns how many versions were removed or hidden. */
export async function applyLifecycles(store: ObjectStore, now: number): Promise<number> {
  let removed = 0;
  for (const name of store.bucketNames()) removed += await applyLifecycle(store, store.bucket(name), now);
  return removed;
}

/** Removes a bucket's expired versions and unfinished uploads. Locked versions stay; a current version in a bucket with
 * versions is hidden by a delete marker, and a delete marker with nothing behind it is removed
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html). */
async function applyLifecycle(store: ObjectStore, bucket: Bucket, now: number): Promise<number> {
  let removed = 0;
  for (const rule of bucket.settings.lifecycleRules) {
    for (const key of [...bucket.keys()].filter((one) => one.startsWith(rule.prefix ?? ''))) {
      removed += await expireNoncurrent(bucket, rule, key, now);
      removed += await expireCurrent(store, bucket, rule, key, now);
    }
    if (rule.abortUploadDays !== undefined)
      await abortUploadsBegunBy(bucket, now - rule.abortUploadDays * DAY_MS);
  }
  return removed;
}

function expireNoncurrent(bucket: Bucket, rule: LifecycleRule, key: string, now: number): Promise<number> {
  const days = rule.noncurrentExpirationDays;
  if (days === undefined) return Promise.resolve(0);
  return bucket.exclusively(key, async () => {
    const versions = bucket.versions(key);
    const stays = (version: Version, at: number): boolean => {
      // A version stopped being current when the one after it came.
      const successor = versions[at - 1];
      return (
        successor === undefined || successor.lastModified + days * DAY_MS > now || !isRemovable(version, now)
      );
    };
    const kept = versions.filter(stays);
    if (kept.length < versions.length) await bucket.commit(key, kept);
    return versions.length - kept.length;
  });
}

async function expireCurrent(
  store: ObjectStore,
  bucket: Bucket,
  rule: LifecycleRule,
  key: string,
  now: number,
): Promise<number> {
  const [newest, ...older] = bucket.versions(key);
  if (newest === undefined || rule.expirationDays === undefined) return 0;
  if (newest.lastModified + rule.expirationDays * DAY_MS > now) return 0;
  if (newest.isDeleteMarker && older.length > 0) return 0;
  const versionId = newest.isDeleteMarker ? newest.versionId : undefined;
  await store.remove(bucket, key, versionId, { bypassGovernance: false });
  return 1;
}
