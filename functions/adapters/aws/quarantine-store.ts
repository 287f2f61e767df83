import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import type { QuarantineEntry } from '../../contracts/records.ts';
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
