import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ObjectLockRetentionMode,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type S3Engine, startS3 } from '../../../lib/local/engines/s3.ts';

const DAY_MS = 86_400_000;
const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const DENIED = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };
const Bucket = 'locked';
const Key = 'checkpoint';

let folder: string;
let engine: S3Engine;
let s3: S3Client;
let now: number;

beforeEach(async () => {
  now = BEGIN;
  folder = await mkdtemp(join(tmpdir(), 's3-lock-'));
  engine = await startS3({
    directory: join(folder, 's3'),
    versionsDirectory: join(folder, 's3-versions'),
    now: () => now,
  });
  s3 = new S3Client({
    endpoint: engine.url,
    region: 'eu-central-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
});

afterEach(async () => {
  s3.destroy();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const inDays = (days: number): Date => new Date(BEGIN + days * DAY_MS);

const putLocked = async (mode: ObjectLockRetentionMode, days: number): Promise<string | undefined> => {
  const lock = { ObjectLockMode: mode, ObjectLockRetainUntilDate: inDays(days) };
  return (await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...lock }))).VersionId;
};

const remove = (VersionId: string | undefined, BypassGovernanceRetention = false) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention }));

const retain = (Mode: ObjectLockRetentionMode, days: number, BypassGovernanceRetention = false) =>
  s3.send(
    new PutObjectRetentionCommand({
      Bucket,
      Key,
      BypassGovernanceRetention,
      Retention: { Mode, RetainUntilDate: inDays(days) },
    }),
  );

describe('object lock', () => {
  it('keeps a COMPLIANCE version until its time, whoever asks, though the object can be hidden', async () => {
    const version = await putLocked('COMPLIANCE', 30);
    await expect(remove(version)).rejects.toMatchObject(DENIED);
    await expect(remove(version, true)).rejects.toMatchObject(DENIED);
    const Delete = { Objects: [{ Key, VersionId: version }] };
    const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(Errors).toMatchObject([{ Key, VersionId: version, Code: 'AccessDenied' }]);
    expect((await remove(undefined)).DeleteMarker).toBe(true);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: version }))).toMatchObject({
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: inDays(30),
    });
    now = BEGIN + 30 * DAY_MS;
    await remove(version);
  });

  it('lets a GOVERNANCE version go only with leave to bypass', async () => {
    const version = await putLocked('GOVERNANCE', 30);
    await expect(remove(version)).rejects.toMatchObject(DENIED);
    await remove(version, true);
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key, VersionId: version }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  it('lets a retention grow, and never lets a COMPLIANCE one shrink or weaken', async () => {
    await putLocked('COMPLIANCE', 30);
    await retain('COMPLIANCE', 40);
    await expect(retain('COMPLIANCE', 39, true)).rejects.toMatchObject(DENIED);
    await expect(retain('GOVERNANCE', 50, true)).rejects.toMatchObject(DENIED);
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key }));
    expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(40) });
    await putLocked('GOVERNANCE', 30);
    await expect(retain('GOVERNANCE', 10)).rejects.toMatchObject(DENIED);
    await retain('GOVERNANCE', 10, true);
  });

  it('holds a version while a legal hold is on', async () => {
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const hold = (Status: 'ON' | 'OFF') =>
      s3.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status } }));
    await hold('ON');
    expect((await s3.send(new GetObjectLegalHoldCommand({ Bucket, Key }))).LegalHold?.Status).toBe('ON');
    await expect(remove(VersionId, true)).rejects.toMatchObject(DENIED);
    await hold('OFF');
    await remove(VersionId);
  });

  it('gives each object the retention of its bucket unless it has its own', async () => {
    const defaultRetention = { mode: 'COMPLIANCE', days: 7 } as const;
    await engine.createBucket(Bucket, { objectLock: true, defaultRetention });
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key, VersionId }));
    expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(7) });
    const { ObjectLockConfiguration } = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: 'COMPLIANCE', Days: 7 });
  });

  it('refuses a lock in a bucket without it, one in the past, and an end of versioning', async () => {
    await engine.createBucket('open', { versioned: true });
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(1) } as const;
    const put = s3.send(new PutObjectCommand({ Bucket: 'open', Key, Body: 'x', ...lock }));
    await expect(put).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(putLocked('COMPLIANCE', -1)).rejects.toMatchObject({ name: 'InvalidArgument' });
    const VersioningConfiguration = { Status: 'Suspended' } as const;
    const suspend = s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await expect(suspend).rejects.toMatchObject({ name: 'InvalidBucketState' });
  });
});

describe('lifecycle', () => {
  const versionsIn = async (bucket: string) => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket }),
    );
    return { versions: Versions.map((one) => one.Key), markers: DeleteMarkers.map((one) => one.Key) };
  };

  it('hides what has expired, removes what is no longer current, and at last the delete marker', async () => {
    const rule = { prefix: 'v1/', expirationDays: 10, noncurrentExpirationDays: 5 };
    await engine.createBucket('aging', { versioned: true, lifecycleRules: [rule] });
    const put = (key: string) => s3.send(new PutObjectCommand({ Bucket: 'aging', Key: key, Body: 'x' }));
    await put('v1/a');
    await put('other');
    expect(await engine.applyLifecycle(BEGIN + 9 * DAY_MS)).toBe(0);
    now = BEGIN + 10 * DAY_MS;
    expect(await engine.applyLifecycle(now)).toBe(1);
    expect(await versionsIn('aging')).toEqual({ versions: ['other', 'v1/a'], markers: ['v1/a'] });
    expect(await engine.applyLifecycle(BEGIN + 14 * DAY_MS)).toBe(0);
    await engine.applyLifecycle(BEGIN + 15 * DAY_MS);
    expect(await versionsIn('aging')).toEqual({ versions: ['other'], markers: ['v1/a'] });
    await engine.applyLifecycle(BEGIN + 20 * DAY_MS);
    expect(await versionsIn('aging')).toEqual({ versions: ['other'], markers: [] });
  });

  it('leaves a locked version where it is until its retention ends', async () => {
    await engine.createBucket(Bucket, {
      objectLock: true,
      lifecycleRules: [{ noncurrentExpirationDays: 1 }],
    });
    await putLocked('COMPLIANCE', 30);
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'newer' }));
    expect(await engine.applyLifecycle(BEGIN + 29 * DAY_MS)).toBe(0);
    expect(await engine.applyLifecycle(BEGIN + 30 * DAY_MS)).toBe(1);
  });

  it('forgets a multipart upload that was never finished', async () => {
    await engine.createBucket('uploads', { lifecycleRules: [{ abortUploadDays: 2 }] });
    const target = { Bucket: 'uploads', Key };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const abort = () => s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    await engine.applyLifecycle(BEGIN + DAY_MS);
    await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'x' }));
    await engine.applyLifecycle(BEGIN + 2 * DAY_MS);
    await expect(abort()).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('removes for good in a bucket without versions', async () => {
    await engine.createBucket('short', { lifecycleRules: [{ expirationDays: 1 }] });
    await s3.send(new PutObjectCommand({ Bucket: 'short', Key, Body: 'x' }));
    expect(await engine.applyLifecycle(BEGIN + DAY_MS)).toBe(1);
    expect(await versionsIn('short')).toEqual({ versions: [], markers: [] });
  });
});
