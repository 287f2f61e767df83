import type { Engine } from './engine.ts';
import { serveLoopback } from './loopback-server.ts';
import type { BucketOptions } from './s3/bucket.ts';
import { applyLifecycles } from './s3/lifecycle.ts';
import { ObjectStore } from './s3/object-store.ts';
import { s3Handler } from './s3/router.ts';

export type { BucketOptions, LifecycleRule } from './s3/bucket.ts';

export type S3Options = {
  /** Current objects are plain files here: `directory/<bucket>/<key>`. */
  readonly directory: string;
  /** Older versions, metadata and unfinished uploads; must be on the same file system as `directory`. */
  readonly versionsDirectory: string;
  /** Clock, epoch ms; `Date.now` unless given. */
  readonly now?: () => number;
  readonly port?: number;
};

export type S3Engine = Engine & {
  /** Makes a bucket, or brings an existing one to these options; its objects stay. */
  createBucket(name: string, options?: BucketOptions): Promise<void>;
  /** Removes what the buckets' lifecycle rules say has expired at `now` (epoch ms); locked versions stay.
   * @returns how many versions were removed or hidden by a delete marker. */
  applyLifecycle(now: number): Promise<number>;
};

/** Starts S3 on the file system: path-style requests only, signatures not checked. State survives a restart.
 * @throws EngineError when the port is taken. */
export async function startS3(options: S3Options): Promise<S3Engine> {
  const store = await ObjectStore.open(options.directory, options.versionsDirectory, options.now ?? Date.now);
  const engine = await serveLoopback(s3Handler(store), options.port);
  return {
    ...engine,
    createBucket: (name, bucketOptions = {}) => store.configureBucket(name, bucketOptions),
    applyLifecycle: (now) => applyLifecycles(store, now),
  };
}
