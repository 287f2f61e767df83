import { type FileHandle, mkdir, readdir, unlink } from 'node:fs/promises';
import { type BodyClaims, writeBody } from './body.ts';
import {
  Bucket,
  type BucketOptions,
  type BucketSettings,
  type Checksum,
  type Retention,
  type Version,
} from './bucket.ts';
import { BucketFiles } from './bucket-files.ts';
import { newId } from './new-id.ts';
import { defaultRetention, parseRetention, requireLockable, requireRemovable } from './object-lock.ts';
import { invalidRequest, noSuchKey, noSuchVersion, preconditionFailed, S3Error } from './s3-error.ts';

/** `If-Match` and `If-None-Match` of a write. */
export type WriteConditions = {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
};

export type ObjectAttributes = {
  readonly headers: { readonly [name: string]: string };
  readonly lockMode?: string | undefined;
  readonly retainUntil?: string | undefined;
  readonly legalHold?: boolean;
};

export type Removal = { readonly versionId: string | undefined; readonly isDeleteMarker: boolean };

const BUCKET_NAME = /^[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*[a-z0-9]$/;

/** An entity tag without quotes, for comparing. */
const bare = (etag: string): string => etag.replace(/^W\//, '').replaceAll('"', '');

export const matchesEtag = (list: string, etag: string): boolean =>
  list.split(',').some((one) => one.trim() === '*' || bare(one.trim()) === bare(etag));

/** @throws S3Error PreconditionFailed, or NoSuchKey for `If-Match` on what is not there. */
function requireConditions(conditions: WriteConditions, current: Version | undefined): void {
  if (
    conditions.ifNoneMatch !== undefined &&
    current !== undefined &&
    matchesEtag(conditions.ifNoneMatch, current.etag)
  )
    throw preconditionFailed('If-None-Match');
  if (conditions.ifMatch === undefined) return;
  if (current === undefined) throw noSuchKey();
  if (!matchesEtag(conditions.ifMatch, current.etag)) throw preconditionFailed('If-Match');
}

/** All buckets and their objects. */
export class ObjectStore {
  readonly #directory: string;
  readonly #versionsDirectory: string;
  readonly #buckets = new Map<string, Bucket>();
  /** Epoch ms. */
  readonly now: () => number;

  private constructor(directory: string, versionsDirectory: string, now: () => number) {
    this.#directory = directory;
    this.#versionsDirectory = versionsDirectory;
    this.now = now;
  }

  static async open(directory: string, versionsDirectory: string, now: () => number): Promise<ObjectStore> {
    await mkdir(directory, { recursive: true });
    await mkdir(versionsDirectory, { recursive: true });
    const store = new ObjectStore(directory, versionsDirectory, now);
    for (const name of await readdir(versionsDirectory)) {
      const bucket = await Bucket.load(name, store.#files(name));
      if (bucket !== undefined) store.#buckets.set(name, bucket);
    }
    return store;
  }

  #files(name: string): BucketFiles {
    return new BucketFiles(this.#directory, this.#versionsDirectory, name);
  }

  /** @throws S3Error NoSuchBucket */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', 404, 'The specified bucket does not exist');
    return bucket;
  }

  bucketNames(): string[] {
    return [...this.#buckets.keys()].sort();
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  /** Makes a bucket, or changes the settings of one that is there. */
  async configureBucket(name: string, options: BucketOptions): Promise<void> {
    if (!BUCKET_NAME.test(name) || name.length < 3 || name.length > 63)
      throw new S3Error('InvalidBucketName', 400, 'The specified bucket is not valid.');
    const present = this.#buckets.get(name);
    const objectLock = options.objectLock === true || present?.settings.objectLock === true;
    const wasVersioned = present !== undefined && present.settings.versioning !== 'Off';
    const off = wasVersioned ? 'Suspended' : 'Off';
    const settings: BucketSettings = {
      createdAt: present?.settings.createdAt ?? this.now(),
      versioning: objectLock || options.versioned === true ? 'Enabled' : off,
      objectLock,
      lifecycleRules: options.lifecycleRules ?? [],
      ...(options.defaultRetention === undefined ? {} : { defaultRetention: options.defaultRetention }),
    };
    if (present !== undefined) await present.configure(settings);
    else this.#buckets.set(name, await Bucket.make(name, this.#files(name), settings));
  }

  /** @throws S3Error BucketNotEmpty */
  async deleteBucket(name: string): Promise<void> {
    const bucket = this.bucket(name);
    if (!bucket.isEmpty)
      throw new S3Error('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty');
    this.#buckets.delete(name);
    await bucket.files.remove();
  }

  /** @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed for a delete marker. */
  version(bucket: Bucket, key: string, versionId: string | undefined): Version {
    const versions = bucket.versions(key);
    if (versionId === undefined) {
      const newest = versions[0];
      if (newest === undefined) throw noSuchKey();
      if (newest.isDeleteMarker)
        throw noSuchKey({ 'x-amz-delete-marker': 'true', 'x-amz-version-id': newest.versionId });
      return newest;
    }
    const found = versions.find((version) => version.versionId === versionId);
    if (found === undefined) throw noSuchVersion();
    if (found.isDeleteMarker)
      throw new S3Error(
        'MethodNotAllowed',
        405,
        'The specified method is not allowed against this resource.',
        {
          'x-amz-delete-marker': 'true',
          allow: 'DELETE',
        },
      );
    return found;
  }

  /** Opens a version's body; the caller closes it. */
  openVersion(
    bucket: Bucket,
    key: string,
    versionId: string | undefined,
  ): Promise<{ version: Version; file: FileHandle }> {
    return bucket.exclusively(key, async () => {
      const version = this.version(bucket, key, versionId);
      return { version, file: await bucket.openBody(key, version) };
    });
  }

  /** Writes a new version from a stream. */
  async put(
    bucket: Bucket,
    key: string,
    source: AsyncIterable<Buffer>,
    claims: BodyClaims,
    attributes: ObjectAttributes,
    conditions: WriteConditions,
  ): Promise<Version> {
    const bodyId = newId();
    try {
      const body = await writeBody(bucket.files.incoming(bodyId), source, claims);
      const checksum: Checksum | undefined =
        body.checksum === undefined
          ? undefined
          : {
              algorithm: body.checksum.algorithm,
              value: body.checksum.bytes.toString('base64'),
              type: 'FULL_OBJECT',
            };
      const facts = { size: body.size, etag: `"${body.md5.toString('hex')}"`, checksum };
      return await this.commitBody(bucket, key, bodyId, facts, attributes, conditions);
    } catch (cause) {
      await unlink(bucket.files.incoming(bodyId)).catch(() => {});
      throw cause;
    }
  }

  /** Makes a written body the key's current version, if the conditions hold at that moment. */
  commitBody(
    bucket: Bucket,
    key: string,
    bodyId: string,
    facts: { readonly size: number; readonly etag: string; readonly checksum: Checksum | undefined },
    attributes: ObjectAttributes,
    conditions: WriteConditions,
  ): Promise<Version> {
    return bucket.exclusively(key, async () => {
      requireConditions(conditions, bucket.current(key));
      const now = this.now();
      const own = parseRetention(attributes.lockMode, attributes.retainUntil, now);
      if (own !== undefined || attributes.legalHold === true) requireLockable(bucket.settings);
      const retention: Retention | undefined = own ?? defaultRetention(bucket.settings, now);
      const version: Version = {
        versionId: bucket.settings.versioning === 'Enabled' ? bodyId : 'null',
        bodyId,
        isDeleteMarker: false,
        size: facts.size,
        etag: facts.etag,
        lastModified: now,
        headers: attributes.headers,
        ...(facts.checksum === undefined ? {} : { checksum: facts.checksum }),
        ...(retention === undefined ? {} : { retention }),
        ...(attributes.legalHold === true ? { legalHold: true } : {}),
      };
      await bucket.commit(key, [
        version,
        ...bucket.versions(key).filter((old) => old.versionId !== version.versionId),
      ]);
      return version;
    });
  }

  /** Changes a version's own lock. */
  amend(
    bucket: Bucket,
    key: string,
    versionId: string | undefined,
    change: (version: Version) => Version,
  ): Promise<void> {
    return bucket.exclusively(key, async () => {
      requireLockable(bucket.settings);
      const version = this.version(bucket, key, versionId);
      const amended = change(version);
      await bucket.commit(
        key,
        bucket.versions(key).map((one) => (one === version ? amended : one)),
      );
    });
  }

  /** Removes one version, or the object: with versioning a delete marker hides it. */
  remove(
    bucket: Bucket,
    key: string,
    versionId: string | undefined,
    options: { readonly bypassGovernance: boolean; readonly ifMatch?: string | undefined },
  ): Promise<Removal> {
    return bucket.exclusively(key, async () => {
      if (options.ifMatch !== undefined)
        requireConditions({ ifMatch: options.ifMatch, ifNoneMatch: undefined }, bucket.current(key));
      return versionId === undefined
        ? this.#hide(bucket, key)
        : this.#removeVersion(bucket, key, versionId, options.bypassGovernance);
    });
  }

  async #removeVersion(
    bucket: Bucket,
    key: string,
    versionId: string,
    bypassGovernance: boolean,
  ): Promise<Removal> {
    const versions = bucket.versions(key);
    const found = versions.find((version) => version.versionId === versionId);
    if (found === undefined) return { versionId, isDeleteMarker: false };
    requireRemovable(found, this.now(), bypassGovernance);
    await bucket.commit(
      key,
      versions.filter((version) => version !== found),
    );
    return { versionId, isDeleteMarker: found.isDeleteMarker };
  }

  async #hide(bucket: Bucket, key: string): Promise<Removal> {
    const versions = bucket.versions(key);
    if (bucket.settings.versioning === 'Off') {
      if (versions.length > 0) await bucket.commit(key, []);
      return { versionId: undefined, isDeleteMarker: false };
    }
    const bodyId = newId();
    const marker: Version = {
      versionId: bucket.settings.versioning === 'Enabled' ? bodyId : 'null',
      bodyId,
      isDeleteMarker: true,
      size: 0,
      etag: '',
      lastModified: this.now(),
      headers: {},
    };
    await bucket.commit(key, [
      marker,
      ...versions.filter((version) => version.versionId !== marker.versionId),
    ]);
    return { versionId: marker.versionId, isDeleteMarker: true };
  }

  /** @throws S3Error InvalidRequest when a bucket with object lock would lose its versions. */
  async setVersioning(bucket: Bucket, status: string | undefined): Promise<void> {
    if (status !== 'Enabled' && status !== 'Suspended')
      throw invalidRequest('The versioning status is not valid.');
    if (bucket.settings.objectLock && status === 'Suspended')
      throw new S3Error(
        'InvalidBucketState',
        409,
        'An Object Lock configuration is present, so versioning cannot be suspended.',
      );
    await bucket.configure({ ...bucket.settings, versioning: status });
  }
}
