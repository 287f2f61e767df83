import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ExportStore } from '../../rights/privacy-request/ports.ts';
import { required } from '../../runtime/environment.ts';
import { s3 } from './clients.ts';
import { translate, translated } from './errors.ts';

/** The bucket of exports, which forgets them by lifecycle. */
export const exportStore = (bucket = required('EXPORTS_BUCKET')): ExportStore => ({
  put: async (key, bytes) => {
    await translated('s3', () => s3().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes })));
  },
  get: async (key) => {
    try {
      const { Body } = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return (await Body?.transformToByteArray()) ?? null;
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      throw translate('s3', error);
    }
  },
});
