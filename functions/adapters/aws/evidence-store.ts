import { hash } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { EvidenceStore } from '../../evidence/archive/ports.ts';
import { TransientError } from '../../kernel/invariant.ts';
import { required } from '../../runtime/environment.ts';
import { s3 } from './clients.ts';
import { translate, translated } from './errors.ts';

/** The evidence bucket on S3. */
export function evidenceStore(bucket = required('EVIDENCE_BUCKET')): EvidenceStore {
  return {
    putOnce: async (key, bytes) => {
      try {
        await s3().send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            IfNoneMatch: '*',
            // S3 refuses a body of another hash, and tells the log this one without sending the body.
            ChecksumSHA256: hash('sha256', bytes, 'base64'),
          }),
        );
        return 'written';
      } catch (error) {
        if (error instanceof Error && error.name === 'PreconditionFailed') return 'present';
        throw translate('evidence', error);
      }
    },

    keys: async (prefix, after) => {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const page = await translated('evidence', () =>
          s3().send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              StartAfter: after,
              ContinuationToken: token,
            }),
          ),
        );
        for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return keys;
    },

    read: (key) =>
      translated('evidence', async () => {
        const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        if (Body === undefined) throw new TransientError('evidence came without a body');
        return Body.transformToByteArray();
      }),
  };
}
