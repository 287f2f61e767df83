import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BodyClaims, type WrittenBody, writeBody } from './body.ts';
import type { Bucket, Checksum, Version } from './bucket.ts';
import { type ChecksumAlgorithm, startChecksum } from './checksums.ts';
import { newId } from './new-id.ts';
import type { ObjectAttributes, ObjectStore, WriteConditions } from './object-store.ts';
import { invalidArgument, S3Error } from './s3-error.ts';

const PART_NUMBER_MAX = 10_000;
const PART_BYTES_MIN = 5 * 1024 * 1024;

type Upload = {
  readonly key: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly attributes: ObjectAttributes;
  readonly algorithm?: ChecksumAlgorithm;
  readonly checksumType: Checksum['type'];
};

type Part = {
  readonly number: number;
  readonly size: number;
  readonly md5: string;
  readonly checksum?: string;
};

export type PartChoice = { readonly number: number; readonly etag: string };

const UPLOAD_ID = /^[A-Za-z0-9_-]{32}$/;

const noSuchUpload = (): S3Error =>
  new S3Error('NoSuchUpload', 404, 'The specified multipart upload does not exist.');
const invalidPart = (): S3Error =>
  new S3Error(
    'InvalidPart',
    400,
    'One or more of the specified parts could not be found or its tag did not match.',
  );

/** @returns the upload's id. */
export async function createUpload(bucket: Bucket, upload: Upload): Promise<string> {
  const uploadId = newId();
  const folder = bucket.files.upload(uploadId);
  await mkdir(folder);
  await writeFile(join(folder, 'upload.json'), JSON.stringify(upload));
  return uploadId;
}

/** @throws S3Error NoSuchUpload */
async function findUpload(
  bucket: Bucket,
  key: string,
  uploadId: string,
): Promise<{ folder: string; upload: Upload }> {
  if (!UPLOAD_ID.test(uploadId)) throw noSuchUpload();
  const folder = bucket.files.upload(uploadId);
  const text = await readFile(join(folder, 'upload.json'), 'utf8').catch(() => undefined);
  if (text === undefined) throw noSuchUpload();
  const upload: Upload = JSON.parse(text);
  if (upload.key !== key) throw noSuchUpload();
  return { folder, upload };
}

/** Keeps a part; one of the same number is replaced. */
export async function putPart(
  bucket: Bucket,
  key: string,
  uploadId: string,
  number: number,
  source: AsyncIterable<Buffer>,
  claims: BodyClaims,
): Promise<WrittenBody> {
  if (!Number.isInteger(number) || number < 1 || number > PART_NUMBER_MAX)
    throw invalidArgument(`Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`);
  const { folder, upload } = await findUpload(bucket, key, uploadId);
  const draft = bucket.files.incoming(newId());
  try {
    const body = await writeBody(draft, source, {
      ...claims,
      algorithm: claims.algorithm ?? upload.algorithm,
    });
    const part: Part = {
      number,
      size: body.size,
      md5: body.md5.toString('hex'),
      ...(body.checksum === undefined ? {} : { checksum: body.checksum.bytes.toString('base64') }),
    };
    await rename(draft, join(folder, `${number}.body`));
    await writeFile(join(folder, `${number}.json`), JSON.stringify(part));
    return body;
  } catch (cause) {
    await unlink(draft).catch(() => {});
    throw cause;
  }
}

async function choose(folder: string, choices: readonly PartChoice[]): Promise<Part[]> {
  if (choices.some(({ number }, at) => at > 0 && number <= (choices[at - 1]?.number ?? 0)))
    throw new S3Error('InvalidPartOrder', 400, 'The list of parts was not in ascending order.');
  const names = new Set(await readdir(folder));
  const parts: Part[] = [];
  for (const [at, { number, etag }] of choices.entries()) {
    if (!names.has(`${number}.json`)) throw invalidPart();
    const part: Part = JSON.parse(await readFile(join(folder, `${number}.json`), 'utf8'));
    if (part.md5 !== etag.replaceAll('"', '')) throw invalidPart();
    if (part.size < PART_BYTES_MIN && at < choices.length - 1)
      throw new S3Error(
        'EntityTooSmall',
        400,
        'Your proposed upload is smaller than the minimum allowed object size.',
      );
    parts.push(part);
  }
  return parts;
}

/** Checksum over the parts' checksums, as S3 makes it for an object of parts. */
function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly Part[]): Checksum {
  const running = startChecksum(algorithm);
  for (const part of parts) running.update(Buffer.from(part.checksum ?? '', 'base64'));
  return { algorithm, value: `${running.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' };
}

/** Writes the parts one after another. @returns the checksum of the whole when the upload asked for one. */
async function concatenate(
  folder: string,
  parts: readonly Part[],
  target: string,
  upload: Upload,
): Promise<Checksum | undefined> {
  const algorithm = upload.algorithm;
  const whole =
    algorithm !== undefined && upload.checksumType === 'FULL_OBJECT' ? startChecksum(algorithm) : undefined;
  const file = await open(target, 'wx');
  try {
    for (const part of parts)
      for await (const bytes of createReadStream(join(folder, `${part.number}.body`), {
        highWaterMark: 1 << 20,
      })) {
        whole?.update(bytes);
        await file.writeFile(bytes);
      }
  } finally {
    await file.close();
  }
  if (algorithm === undefined) return undefined;
  if (whole === undefined) return compositeChecksum(algorithm, parts);
  return { algorithm, value: whole.digest().toString('base64'), type: 'FULL_OBJECT' };
}

/** Makes the chosen parts one object.
 * @throws S3Error NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, PreconditionFailed */
export async function completeUpload(
  store: ObjectStore,
  bucket: Bucket,
  key: string,
  uploadId: string,
  choices: readonly PartChoice[],
  conditions: WriteConditions,
): Promise<Version> {
  const { folder, upload } = await findUpload(bucket, key, uploadId);
  const parts = await choose(folder, choices);
  const bodyId = newId();
  try {
    const checksum = await concatenate(folder, parts, bucket.files.incoming(bodyId), upload);
    const tag = createHash('md5');
    for (const part of parts) tag.update(Buffer.from(part.md5, 'hex'));
    const facts = {
      size: parts.reduce((sum, part) => sum + part.size, 0),
      etag: `"${tag.digest('hex')}-${parts.length}"`,
      checksum,
    };
    const version = await store.commitBody(bucket, key, bodyId, facts, upload.attributes, conditions);
    await rm(folder, { recursive: true, force: true });
    return version;
  } catch (cause) {
    await unlink(bucket.files.incoming(bodyId)).catch(() => {});
    throw cause;
  }
}

/** Removes uploads that were begun at `time` (epoch ms) or before. */
export async function abortUploadsBegunBy(bucket: Bucket, time: number): Promise<void> {
  for (const uploadId of await bucket.files.uploadIds()) {
    const folder = bucket.files.upload(uploadId);
    const upload: Upload = JSON.parse(await readFile(join(folder, 'upload.json'), 'utf8'));
    if (upload.createdAt <= time) await rm(folder, { recursive: true, force: true });
  }
}

/** @throws S3Error NoSuchUpload */
export async function abortUpload(bucket: Bucket, key: string, uploadId: string): Promise<void> {
  const { folder } = await findUpload(bucket, key, uploadId);
  await rm(folder, { recursive: true, force: true });
}
