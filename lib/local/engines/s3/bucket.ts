import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { BucketFiles } from './bucket-files.ts';
import type { ChecksumAlgorithm } from './checksums.ts';

export type RetentionMode = 'COMPLIANCE' | 'GOVERNANCE';
/** `until`: epoch ms. */
export type Retention = { readonly mode: RetentionMode; readonly until: number };

/** Ages are counted in whole periods of 24 hours, not to the next midnight as in S3. */
export type LifecycleRule = {
  /** Keys that begin so; all unless given. */
  readonly prefix?: string;
  /** Age at which the current version expires. */
  readonly expirationDays?: number;
  /** Time after which a version that is no longer current is removed. */
  readonly noncurrentExpirationDays?: number;
  /** Age at which an unfinished multipart upload is removed. */
  readonly abortUploadDays?: number;
};

export type BucketOptions = {
  readonly versioned?: boolean;
  /** Object lock; implies versioning and cannot be taken back. */
  readonly objectLock?: boolean;
  /** Retention of an object that is put without its own. */
  readonly defaultRetention?: { readonly mode: RetentionMode; readonly days: number };
  readonly lifecycleRules?: readonly LifecycleRule[];
};

export type BucketSettings = {
  readonly createdAt: number;
  readonly versioning: 'Off' | 'Enabled' | 'Suspended';
  readonly objectLock: boolean;
  readonly defaultRetention?: { readonly mode: RetentionMode; readonly days: number };
  readonly lifecycleRules: readonly LifecycleRule[];
};

export type Checksum = {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; of a composite one with `-<parts>` at the end. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
};

export type Version = {
  readonly versionId: string;
  /** Name of the body's file while it is not current. */
  readonly bodyId: string;
  readonly isDeleteMarker: boolean;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  /** Epoch ms. */
  readonly lastModified: number;
  /** Headers that come back as they were given: content type, metadata, encryption. */
  readonly headers: { readonly [name: string]: string };
  readonly checksum?: Checksum;
  readonly retention?: Retention;
  readonly legalHold?: boolean;
};

export type KeyRecord = {
  readonly key: string;
  /** File of the current version, relative to the bucket's folder. */
  readonly path?: string;
  /** Newest first. */
  readonly versions: readonly Version[];
};

const currentObject = (versions: readonly Version[]): Version | undefined =>
  versions[0]?.isDeleteMarker === false ? versions[0] : undefined;

/** One bucket: settings and, by key, the record of its versions. All is in memory; each change is on disk before it is
 * answered. */
export class Bucket {
  readonly name: string;
  readonly files: BucketFiles;
  #settings: BucketSettings;
  readonly #records = new Map<string, KeyRecord>();
  readonly #tails = new Map<string, Promise<void>>();
  #sortedKeys: string[] | undefined;

  private constructor(name: string, files: BucketFiles, settings: BucketSettings) {
    this.name = name;
    this.files = files;
    this.#settings = settings;
  }

  static async make(name: string, files: BucketFiles, settings: BucketSettings): Promise<Bucket> {
    await files.make();
    await files.writeSettings(settings);
    return new Bucket(name, files, settings);
  }

  /** @returns undefined when there is no whole bucket in that folder. */
  static async load(name: string, files: BucketFiles): Promise<Bucket | undefined> {
    const settings = (await files.readSettings()) as BucketSettings | undefined;
    if (settings === undefined) return undefined;
    const bucket = new Bucket(name, files, settings);
    const bodyIds = new Set<string>();
    for await (const value of files.records()) {
      const record = value as KeyRecord;
      bucket.#records.set(record.key, record);
      for (const version of record.versions) bodyIds.add(version.bodyId);
    }
    await files.sweep(bodyIds);
    return bucket;
  }

  get settings(): BucketSettings {
    return this.#settings;
  }

  async configure(settings: BucketSettings): Promise<void> {
    await this.files.writeSettings(settings);
    this.#settings = settings;
  }

  /** Runs `work` when all earlier work on the same key has ended. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#tails.get(key) ?? Promise.resolve()).then(work);
    const tail: Promise<void> = result.then(
      () => {},
      () => {},
    );
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    return result;
  }

  versions(key: string): readonly Version[] {
    return this.#records.get(key)?.versions ?? [];
  }

  /** Newest version unless it is a delete marker. */
  current(key: string): Version | undefined {
    return currentObject(this.versions(key));
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  /** In the order of their UTF-8 bytes, as S3 lists. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#records.keys()]
      .map((key): [Buffer, string] => [Buffer.from(key), key])
      .sort(([left], [right]) => Buffer.compare(left, right))
      .map(([, key]) => key);
    return this.#sortedKeys;
  }

  /** Opens the body of a version; call it inside {@link exclusively}, since a commit moves bodies. */
  async openBody(key: string, version: Version): Promise<FileHandle> {
    const record = this.#records.get(key);
    const path = record?.versions[0]?.bodyId === version.bodyId ? record.path : undefined;
    let failure: unknown;
    for (const place of this.files.places(version.bodyId, path)) {
      try {
        return await open(place, 'r');
      } catch (cause) {
        failure = cause;
      }
    }
    throw failure;
  }

  /** Replaces the versions of a key; call it inside {@link exclusively}. The body of a new current version is in
   * `incoming` or among the noncurrent ones. The order of the steps is such that, wherever the process is killed, each
   * version in the record has its body in one of {@link BucketFiles.places}. */
  async commit(key: string, versions: readonly Version[]): Promise<void> {
    const before = this.#records.get(key);
    const old = currentObject(before?.versions ?? []);
    const next = currentObject(versions);
    const moves = old?.bodyId !== next?.bodyId;
    if (moves && old !== undefined && before?.path !== undefined)
      await this.files.retire(old.bodyId, before.path);
    let path = moves ? undefined : before?.path;
    if (versions.length === 0) await this.files.removeRecord(key);
    else if (moves && next !== undefined)
      path = await this.files.place(key, next.bodyId, (chosen) =>
        this.files.writeRecord(key, { key, path: chosen, versions }),
      );
    else await this.files.writeRecord(key, { key, ...(path === undefined ? {} : { path }), versions });
    this.#remember(key, versions, path);
    const kept = new Set(versions.map((version) => version.bodyId));
    for (const version of before?.versions ?? [])
      if (!kept.has(version.bodyId) && !version.isDeleteMarker) await this.files.discard(version.bodyId);
    if (path === undefined && before?.path !== undefined) await this.files.prune(before.path);
  }

  #remember(key: string, versions: readonly Version[], path: string | undefined): void {
    if (versions.length === 0) this.#records.delete(key);
    else {
      if (!this.#records.has(key)) this.#sortedKeys = undefined;
      this.#records.set(key, { key, ...(path === undefined ? {} : { path }), versions });
      return;
    }
    this.#sortedKeys = undefined;
  }
}
