import { DeleteObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import type { LogStore } from '../../evidence/log/ports.ts';
import { required } from '../../runtime/environment.ts';
import { s3 } from './clients.ts';
import { translate, translated } from './errors.ts';
import { evidenceStore } from './evidence-store.ts';

/** The evidence bucket on S3, for those who keep the log. */
export const logStore = (bucket = required('EVIDENCE_BUCKET')): LogStore => ({
  ...evidenceStore(bucket),

  stat: async (key) => {
    try {
      const { ChecksumSHA256, LastModified } = await s3().send(
        new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
      );
      const sha256 =
        ChecksumSHA256 === undefined ? null : Buffer.from(ChecksumSHA256, 'base64').toString('hex');
      return { sha256, at: LastModified?.getTime() ?? 0 };
    } catch (error) {
      if (error instanceof Error && (error.name === 'NotFound' || error.name === 'NoSuchKey')) return null;
      throw translate('evidence', error);
    }
  },

  remove: (key) =>
    translated('evidence', async () => {
      await s3().send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    }),
});
