import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  NoSuchKey,
  PutObjectCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { QuarantineEntry } from '../../contracts/records.ts';
import { TransientError } from '../../kernel/invariant.ts';
import { required } from '../../runtime/environment.ts';
import { s3 } from './clients.ts';
import { translate, translated } from './errors.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** The quarantine bucket: objects of gzipped NDJSON, one bad event a line. */
export function quarantineStore(bucket = required('QUARANTINE_BUCKET')) {
  return {
    /** @throws ThrottledError, TransientError */
    put: async (key: string, lines: readonly string[]): Promise<void> => {
      const body = await compress(`${lines.join('\n')}\n`);
      await translated('s3', () =>
        s3().send(
          new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/gzip' }),
        ),
      );
    },
    /** Stores bytes, gzipped, unless the object is there already. @throws ThrottledError, TransientError */
    putOnce: async (key: string, bytes: Uint8Array): Promise<void> => {
      const body = await compress(bytes);
      try {
        await s3().send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: 'application/gzip',
            IfNoneMatch: '*',
          }),
        );
      } catch (error) {
        if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') return;
        throw translate('s3', error);
      }
    },
    /** Takes lines out of an object and of all its earlier versions; other lines keep their places, and what was taken
     * out is an empty entry. Nothing happens when the object is gone. @throws ThrottledError, TransientError */
    forget: (key: string, lines: readonly number[]): Promise<void> => forget(bucket, key, new Set(lines)),
    /** Null when there is no such object (any more). @throws ThrottledError, TransientError */
    get: async (key: string): Promise<readonly QuarantineEntry[] | null> => {
      try {
        const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        const text = (await expand((await Body?.transformToByteArray()) ?? new Uint8Array())).toString(
          'utf8',
        );
        return text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as QuarantineEntry);
      } catch (error) {
        if (error instanceof NoSuchKey) return null;
        throw translate('s3', error);
      }
    },
  };
}

/** What stands where an entry was that its subject had erased. */
const ERASED_LINE = '{"erased":true}';

async function forget(bucket: string, key: string, lines: ReadonlySet<number>): Promise<void> {
  const current = await s3()
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    .catch((error: unknown) => {
      if (error instanceof NoSuchKey) return null;
      throw translate('s3', error);
    });
  if (current !== null) {
    const text = (await expand((await current.Body?.transformToByteArray()) ?? new Uint8Array())).toString(
      'utf8',
    );
    const kept = text.split('\n').map((line, at) => (lines.has(at) ? ERASED_LINE : line));
    const body = await compress(kept.join('\n'));
    try {
      await s3().send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: 'application/gzip',
          // Two erasures may take lines out of one object at once: the later one reads again.
          ...(current.ETag === undefined ? {} : { IfMatch: current.ETag }),
        }),
      );
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'PreconditionFailed')
        throw new TransientError('the quarantined object is being changed');
      throw translate('s3', error);
    }
  }
  await dropOldVersions(bucket, key);
}

/** Removes all versions but the current one, which no longer has the lines. */
async function dropOldVersions(bucket: string, key: string): Promise<void> {
  const { Versions = [] } = await translated('s3', () =>
    s3().send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: key })),
  );
  for (const { Key, VersionId, IsLatest } of Versions) {
    if (Key !== key || VersionId === undefined || IsLatest === true) continue;
    await translated('s3', () => s3().send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId })));
  }
}
