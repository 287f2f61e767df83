import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Engine, startS3 } from '../../../lib/local/engines/s3.ts';

const clientOf = (engine: S3Engine): S3Client =>
  new S3Client({
    endpoint: engine.url,
    region: 'eu-central-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

let folder: string;
let engine: S3Engine;
let s3: S3Client;

const start = (): Promise<S3Engine> =>
  startS3({ directory: join(folder, 's3'), versionsDirectory: join(folder, 's3-versions') });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-'));
  engine = await start();
  s3 = clientOf(engine);
  await engine.createBucket('plain');
  await engine.createBucket('versioned', { versioned: true });
});

afterAll(async () => {
  s3.destroy();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const put = (Bucket: string, Key: string, Body: string | Uint8Array, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

const get = async (Bucket: string, Key: string, more: object = {}): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

const failure = async (
  work: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; error: unknown }> => {
  try {
    await work;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode, error };
  }
  throw new Error('the call succeeded');
};

describe('objects', () => {
  it('gives back the bytes, type and metadata that were put, as a plain file under its key', async () => {
    const body = randomBytes(300_000);
    const { ETag } = await put('plain', 'v1/dt=2026-01-01/a b+ü.bin', body, {
      ContentType: 'application/x-test',
      CacheControl: 'no-store',
      Metadata: { colour: 'red' },
    });
    const read = await s3.send(new GetObjectCommand({ Bucket: 'plain', Key: 'v1/dt=2026-01-01/a b+ü.bin' }));
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    expect(ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    expect(read).toMatchObject({
      ETag,
      ContentType: 'application/x-test',
      CacheControl: 'no-store',
      Metadata: { colour: 'red' },
      ContentLength: 300_000,
    });
    const file = await readFile(join(folder, 's3', 'plain', 'v1', 'dt=2026-01-01', 'a b+ü.bin'));
    expect(file.equals(body)).toBe(true);
  });

  it('keeps an empty object', async () => {
    await put('plain', 'empty', '');
    expect((await get('plain', 'empty')).length).toBe(0);
  });

  it('serves ranges, and refuses one beyond the end', async () => {
    await put('plain', 'range', '0123456789');
    expect(String(await get('plain', 'range', { Range: 'bytes=2-4' }))).toBe('234');
    expect(String(await get('plain', 'range', { Range: 'bytes=7-' }))).toBe('789');
    expect(String(await get('plain', 'range', { Range: 'bytes=-2' }))).toBe('89');
    expect(await failure(get('plain', 'range', { Range: 'bytes=10-' }))).toMatchObject({
      name: 'InvalidRange',
      status: 416,
    });
  });

  it('answers conditional reads with 304 and 412', async () => {
    const { ETag } = await put('plain', 'conditional', 'x');
    expect(String(await get('plain', 'conditional', { IfMatch: ETag }))).toBe('x');
    expect((await failure(get('plain', 'conditional', { IfNoneMatch: ETag }))).status).toBe(304);
    expect(await failure(get('plain', 'conditional', { IfMatch: '"other"' }))).toMatchObject({
      name: 'PreconditionFailed',
      status: 412,
    });
  });

  it('names what is missing with the errors the SDK knows', async () => {
    const missing = { Bucket: 'plain', Key: 'missing' };
    expect((await failure(s3.send(new GetObjectCommand(missing)))).error).toBeInstanceOf(NoSuchKey);
    expect((await failure(s3.send(new HeadObjectCommand(missing)))).error).toBeInstanceOf(NotFound);
    expect((await failure(put('no-such-bucket', 'a', 'x'))).error).toBeInstanceOf(NoSuchBucket);
    expect(
      (await failure(s3.send(new HeadBucketCommand({ Bucket: 'no-such-bucket' })))).error,
    ).toBeInstanceOf(NotFound);
    expect((await failure(s3.send(new GetBucketTaggingCommand({ Bucket: 'plain' })))).name).toBe(
      'NotImplemented',
    );
  });

  it('deletes an object for good in a bucket without versions, and its empty folders', async () => {
    await put('plain', 'gone/deep/file', 'x');
    await s3.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'gone/deep/file' }));
    await s3.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'gone/deep/file' }));
    expect((await failure(get('plain', 'gone/deep/file'))).name).toBe('NoSuchKey');
    await expect(readFile(join(folder, 's3', 'plain', 'gone'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('copies bytes, type and metadata, or replaces the metadata', async () => {
    await put('plain', 'copy/source ü', 'copied', { Metadata: { a: '1' }, ContentType: 'text/x' });
    const CopySource = `plain/${encodeURIComponent('copy/source ü')}`;
    await s3.send(new CopyObjectCommand({ Bucket: 'versioned', Key: 'copy', CopySource }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'versioned', Key: 'copy' }));
    expect(head).toMatchObject({ Metadata: { a: '1' }, ContentType: 'text/x', ContentLength: 6 });
    const replaced = {
      Bucket: 'versioned',
      Key: 'copy',
      CopySource,
      MetadataDirective: 'REPLACE',
      Metadata: { b: '2' },
    } as const;
    const { CopyObjectResult } = await s3.send(new CopyObjectCommand(replaced));
    expect(CopyObjectResult?.ETag).toBe(head.ETag);
    expect((await s3.send(new HeadObjectCommand({ Bucket: 'versioned', Key: 'copy' }))).Metadata).toEqual({
      b: '2',
    });
  });
});

describe('checksums', () => {
  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'keeps and returns %s',
    async (ChecksumAlgorithm) => {
      const body = randomBytes(70_001);
      await put('plain', `sum-${ChecksumAlgorithm}`, body, { ChecksumAlgorithm });
      const read = await get('plain', `sum-${ChecksumAlgorithm}`, { ChecksumMode: 'ENABLED' });
      expect(read.equals(body)).toBe(true);
      const head = await s3.send(
        new HeadObjectCommand({ Bucket: 'plain', Key: `sum-${ChecksumAlgorithm}`, ChecksumMode: 'ENABLED' }),
      );
      expect(head[`Checksum${ChecksumAlgorithm}`]).toMatch(/^[A-Za-z0-9+/]+=*$/);
    },
  );

  it('computes the check values of the published algorithms', async () => {
    for (const [algorithm, value] of [
      ['CRC32', 'y/Q5Jg=='],
      ['CRC32C', '4waSgw=='],
      ['CRC64NVME', 'rosUhgp5mIg='],
    ] as const) {
      const answer = await put('plain', 'check', '123456789', { ChecksumAlgorithm: algorithm });
      expect(answer[`Checksum${algorithm}`]).toBe(value);
    }
  });

  it('takes a stream of unknown checksum, which the SDK sends in chunks with a trailer', async () => {
    const body = randomBytes(1_000_000);
    const parts = Array.from({ length: 10 }, (_, at) => body.subarray(at * 100_000, (at + 1) * 100_000));
    await s3.send(
      new PutObjectCommand({
        Bucket: 'plain',
        Key: 'stream',
        Body: Readable.from(parts),
        ContentLength: body.length,
      }),
    );
    expect((await get('plain', 'stream', { ChecksumMode: 'ENABLED' })).equals(body)).toBe(true);
    expect(
      (await s3.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'stream' }))).ContentEncoding,
    ).toBeUndefined();
  });

  it('refuses a wrong Content-MD5 and keeps the object that was there', async () => {
    await put('plain', 'md5', 'before');
    const ContentMD5 = createHash('md5').update('other').digest('base64');
    expect(await failure(put('plain', 'md5', 'after', { ContentMD5 }))).toMatchObject({
      name: 'BadDigest',
      status: 400,
    });
    expect(String(await get('plain', 'md5'))).toBe('before');
  });

  const chunks = (body: Buffer, sum: string): Buffer =>
    Buffer.concat([
      Buffer.from('5\r\n'),
      body.subarray(0, 5),
      Buffer.from(`\r\n${(body.length - 5).toString(16)}\r\n`),
      body.subarray(5),
      Buffer.from(`\r\n0\r\nx-amz-checksum-crc32:${sum}\r\n\r\n`),
    ]);

  const rawPut = async (
    key: string,
    sent: Buffer,
    length: number,
  ): Promise<{ status: number; text: string }> => {
    const headers = {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'x-amz-decoded-content-length': String(length),
      'content-length': String(sent.length),
    };
    return new Promise((resolve, reject) => {
      request(`${engine.url}/plain/${key}`, { method: 'PUT', headers }, (response) => {
        buffer(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, text: String(text) }),
          reject,
        );
      })
        .on('error', reject)
        .end(sent);
    });
  };

  it('takes a chunked upload that is whole and refuses one with a byte changed on the way', async () => {
    const body = Buffer.from('hello, chunked world');
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    const sent = chunks(body, sum.toString('base64'));
    expect((await rawPut('raw', sent, body.length)).status).toBe(200);
    expect(String(await get('plain', 'raw'))).toBe(String(body));

    const corrupted = Buffer.from(sent);
    corrupted[3] = (corrupted[3] ?? 0) ^ 1;
    const refused = await rawPut('raw-corrupted', corrupted, body.length);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('<Code>BadDigest</Code>');
    expect((await failure(get('plain', 'raw-corrupted'))).name).toBe('NoSuchKey');
  });

  it('refuses a chunked upload that is cut short, has no trailer or another length', async () => {
    const body = Buffer.from('hello, chunked world');
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    const sent = chunks(body, sum.toString('base64'));
    expect((await rawPut('cut', sent.subarray(0, 12), body.length)).text).toContain('IncompleteBody');
    expect((await rawPut('cut', Buffer.from('0\r\n\r\n'), 0)).text).toContain('MalformedTrailerError');
    expect((await rawPut('cut', sent, body.length + 1)).text).toContain('IncompleteBody');
    expect((await rawPut('cut', Buffer.from('zz\r\n'), 3)).text).toContain('IncompleteBody');
    expect((await failure(get('plain', 'cut'))).name).toBe('NoSuchKey');
  });
});

describe('conditional writes', () => {
  it.each(['plain', 'versioned'])(
    'lets exactly one of twenty parallel If-None-Match puts win in the bucket %s',
    async (bucket) => {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, at) => put(bucket, 'once', `writer ${at}`, { IfNoneMatch: '*' })),
      );
      const winners = results.flatMap((result, at) => (result.status === 'fulfilled' ? [at] : []));
      expect(winners).toHaveLength(1);
      for (const result of results)
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({
            name: 'PreconditionFailed',
            $metadata: { httpStatusCode: 412 },
          });
      expect(String(await get(bucket, 'once'))).toBe(`writer ${winners[0]}`);
    },
  );

  it('lets exactly one of twenty parallel If-Match puts win', async () => {
    const { ETag } = await put('plain', 'turn', 'first');
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => put('plain', 'turn', `next ${at}`, { IfMatch: ETag })),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('refuses If-Match on what is not there, and takes If-None-Match after a delete', async () => {
    expect(await failure(put('plain', 'absent', 'x', { IfMatch: '"a"' }))).toMatchObject({
      name: 'NoSuchKey',
      status: 404,
    });
    await put('versioned', 'reborn', '1');
    await s3.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'reborn' }));
    await put('versioned', 'reborn', '2', { IfNoneMatch: '*' });
    expect(String(await get('versioned', 'reborn'))).toBe('2');
  });
});

describe('versions', () => {
  it('keeps older versions, hides behind a delete marker and brings back what was before it', async () => {
    const Key = 'history/doc';
    const first = await put('versioned', Key, 'one');
    const second = await put('versioned', Key, 'two');
    const removed = await s3.send(new DeleteObjectCommand({ Bucket: 'versioned', Key }));
    expect(removed.DeleteMarker).toBe(true);
    const { error } = await failure(get('versioned', Key));
    expect(error).toBeInstanceOf(NoSuchKey);
    expect(String(await get('versioned', Key, { VersionId: first.VersionId }))).toBe('one');
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: 'versioned', Prefix: Key }));
    expect(listed.Versions?.map((one) => [one.VersionId, one.IsLatest])).toEqual([
      [second.VersionId, false],
      [first.VersionId, false],
    ]);
    expect(listed.DeleteMarkers).toMatchObject([{ VersionId: removed.VersionId, IsLatest: true }]);
    expect((await failure(get('versioned', Key, { VersionId: removed.VersionId }))).status).toBe(405);

    await s3.send(new DeleteObjectCommand({ Bucket: 'versioned', Key, VersionId: removed.VersionId }));
    expect(String(await get('versioned', Key))).toBe('two');
    await s3.send(new DeleteObjectCommand({ Bucket: 'versioned', Key, VersionId: second.VersionId }));
    expect(String(await readFile(join(folder, 's3', 'versioned', Key)))).toBe('one');
    expect((await failure(get('versioned', Key, { VersionId: second.VersionId }))).name).toBe(
      'NoSuchVersion',
    );
  });

  it('begins at PutBucketVersioning, with the object before it as the version null', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'later' }));
    await put('later', 'k', 'before');
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: 'later', VersioningConfiguration }));
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket: 'later' }))).Status).toBe('Enabled');
    await put('later', 'k', 'after');
    expect(String(await get('later', 'k', { VersionId: 'null' }))).toBe('before');
    expect(String(await get('later', 'k'))).toBe('after');
  });

  it('deletes many in one request and reports each', async () => {
    await put('plain', 'many/<&">', 'x');
    await put('plain', 'many/b', 'x');
    const Objects = [{ Key: 'many/<&">' }, { Key: 'many/b' }, { Key: 'many/absent' }];
    const answer = await s3.send(new DeleteObjectsCommand({ Bucket: 'plain', Delete: { Objects } }));
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(Objects.map(({ Key }) => Key));
    expect((await s3.send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'many/' }))).KeyCount).toBe(0);
  });
});

describe('buckets and listing', () => {
  it('makes, lists and removes buckets, and refuses a wrong name, a second one and a full one', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'temporary' }));
    expect((await failure(s3.send(new CreateBucketCommand({ Bucket: 'temporary' })))).name).toBe(
      'BucketAlreadyOwnedByYou',
    );
    expect((await failure(s3.send(new CreateBucketCommand({ Bucket: 'Wrong_Name' })))).name).toBe(
      'InvalidBucketName',
    );
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain(
      'temporary',
    );
    await put('temporary', 'k', 'x');
    expect((await failure(s3.send(new DeleteBucketCommand({ Bucket: 'temporary' })))).name).toBe(
      'BucketNotEmpty',
    );
    await s3.send(new DeleteObjectCommand({ Bucket: 'temporary', Key: 'k' }));
    await s3.send(new DeleteBucketCommand({ Bucket: 'temporary' }));
    await s3.send(new CreateBucketCommand({ Bucket: 'temporary' }));
  });

  it('lists every key exactly once over pages, in byte order, and rolls up prefixes', async () => {
    await engine.createBucket('listing');
    const keys = ['a', 'a/1', 'a/2', 'a/b/3', 'b', 'c/1', 'z', 'é', '😀', '\ufffd'];
    await Promise.all(keys.map((key) => put('listing', key, key)));
    const walk = async (more: object): Promise<{ keys: string[]; prefixes: string[] }> => {
      const found = { keys: [] as string[], prefixes: [] as string[] };
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(
          new ListObjectsV2Command({ Bucket: 'listing', MaxKeys: 2, ContinuationToken, ...more }),
        );
        expect((page.Contents?.length ?? 0) + (page.CommonPrefixes?.length ?? 0)).toBeLessThanOrEqual(2);
        found.keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
        found.prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return found;
    };
    const inByteOrder = [...keys].sort((left, right) =>
      Buffer.compare(Buffer.from(left), Buffer.from(right)),
    );
    expect((await walk({})).keys).toEqual(inByteOrder);
    expect(await walk({ Delimiter: '/' })).toEqual({
      keys: inByteOrder.filter((key) => !key.includes('/')),
      prefixes: ['a/', 'c/'],
    });
    expect(await walk({ Delimiter: '/', Prefix: 'a/' })).toEqual({
      keys: ['a/1', 'a/2'],
      prefixes: ['a/b/'],
    });
    expect((await walk({ StartAfter: 'b' })).keys).toEqual(inByteOrder.slice(inByteOrder.indexOf('b') + 1));
  });
});

describe('multipart uploads', () => {
  const parts = [randomBytes(5 * 1024 * 1024), randomBytes(100_000)];

  it.each([undefined, 'CRC32', 'CRC64NVME', 'SHA256'] as const)(
    'joins the parts in order (%s)',
    async (ChecksumAlgorithm) => {
      const target = { Bucket: 'versioned', Key: `parts/${ChecksumAlgorithm}` };
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm, Metadata: { a: 'b' } }),
      );
      const Parts = await Promise.all(
        parts.map(async (Body, at) => {
          const PartNumber = at + 1;
          const { $metadata, ...sums } = await s3.send(
            new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ChecksumAlgorithm }),
          );
          return { PartNumber, ...sums };
        }),
      );
      const done = await s3.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
      );
      expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
      const read = await s3.send(new GetObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
      const bytes = Buffer.from((await read.Body?.transformToByteArray()) ?? []);
      expect(bytes.equals(Buffer.concat(parts))).toBe(true);
      expect(read.Metadata).toEqual({ a: 'b' });
      const again = s3.send(
        new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
      );
      expect((await failure(again)).name).toBe('NoSuchUpload');
    },
  );

  it('refuses parts that are too small, unknown or out of order, and forgets an aborted upload', async () => {
    const target = { Bucket: 'plain', Key: 'bad-parts' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const upload = async (PartNumber: number) => ({
      PartNumber,
      ETag: (await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: `${PartNumber}` })))
        .ETag,
    });
    const one = await upload(1);
    const two = await upload(2);
    const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      failure(
        s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } })),
      );
    expect((await complete([one, two])).name).toBe('EntityTooSmall');
    expect((await complete([two, one])).name).toBe('InvalidPartOrder');
    expect((await complete([{ PartNumber: 9, ETag: one.ETag }])).name).toBe('InvalidPart');
    await s3.send(new AbortMultipartUploadCommand({ ...target, UploadId }));
    expect((await failure(upload(3))).name).toBe('NoSuchUpload');
    expect((await failure(get('plain', 'bad-parts'))).name).toBe('NoSuchKey');
  });
});

describe('hostile keys', () => {
  const keys = [
    '../outside',
    '../../../../outside',
    '/absolute',
    '//',
    'a//b',
    'a/',
    '.',
    '..',
    'a/../b',
    'nul\u0000inside',
    'line\nbreak\u0001',
    '%2e%2e/x',
    '%',
    '%file',
    'back\\slash',
    'x'.repeat(1_024),
    `${'ü'.repeat(300)}/${'ü'.repeat(200)}`,
    `${'y'.repeat(254)}/z`,
    'a?versionId=1&x',
    'plus+space and #hash',
    '__proto__',
    '&lt;tag&gt;',
  ];

  it('keeps each apart inside its bucket, and lists them as they are', async () => {
    await engine.createBucket('hostile');
    await Promise.all(keys.map((key) => put('hostile', key, `body of ${key}`)));
    for (const key of keys) expect(String(await get('hostile', key))).toBe(`body of ${key}`);
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'hostile', EncodingType: 'url' }));
    expect(new Set(listed.Contents?.map(({ Key = '' }) => decodeURIComponent(Key)))).toEqual(new Set(keys));
    await expect(readFile(join(folder, 'outside'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(readFile(join(folder, 's3', 'outside'))).rejects.toMatchObject({ code: 'ENOENT' });
    await Promise.all(keys.map((key) => s3.send(new DeleteObjectCommand({ Bucket: 'hostile', Key: key }))));
    expect((await s3.send(new ListObjectsV2Command({ Bucket: 'hostile' }))).KeyCount).toBe(0);
  });

  it('keeps a key and others below it side by side, whichever came first', async () => {
    const pairs = ['n/a', 'n/a/b', 'n/a/b/c', 'm/a/b/c', 'm/a/b', 'm/a'];
    for (const key of pairs) await put('plain', key, key);
    await Promise.all(pairs.map((key) => put('plain', `parallel/${key}`, key)));
    for (const key of pairs) {
      expect(String(await get('plain', key))).toBe(key);
      expect(String(await get('plain', `parallel/${key}`))).toBe(key);
    }
  });

  it('refuses a key that is too long or is no UTF-8, and a bucket that is a path', async () => {
    expect((await failure(put('plain', 'x'.repeat(1_025), 'x'))).name).toBe('KeyTooLongError');
    expect((await fetch(`${engine.url}/plain/%ff`, { method: 'PUT', body: 'x' })).status).toBe(400);
    expect((await fetch(`${engine.url}/%2e%2e%2fplain/x`, { method: 'PUT', body: 'x' })).status).toBe(404);
    expect((await failure(s3.send(new CreateBucketCommand({ Bucket: 'a..b' })))).name).toBe(
      'InvalidBucketName',
    );
  });
});

describe('restart', () => {
  it('finds buckets, settings, objects, metadata, versions and unfinished uploads again', async () => {
    const old = await put('versioned', 'durable', 'old', { Metadata: { a: '1' } });
    await put('versioned', 'durable', 'new', { Metadata: { a: '2' } });
    const target = { Bucket: 'versioned', Key: 'unfinished' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'part' }),
    );
    await engine.stop();
    s3.destroy();
    engine = await start();
    s3 = clientOf(engine);
    expect(String(await get('versioned', 'durable'))).toBe('new');
    expect(String(await get('versioned', 'durable', { VersionId: old.VersionId }))).toBe('old');
    expect((await s3.send(new HeadObjectCommand({ Bucket: 'versioned', Key: 'durable' }))).Metadata).toEqual({
      a: '2',
    });
    expect((await failure(put('versioned', 'durable', 'x', { IfNoneMatch: '*' }))).name).toBe(
      'PreconditionFailed',
    );
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
    expect(String(await get('versioned', 'unfinished'))).toBe('part');
  });

  it('has each version whole after it was killed while it wrote', async () => {
    const place = { directory: join(folder, 'killed'), versionsDirectory: join(folder, 'killed-versions') };
    const module = new URL('../../../lib/local/engines/s3.ts', import.meta.url).href;
    const program = `import { startS3 } from ${JSON.stringify(module)};
      const engine = await startS3(${JSON.stringify(place)});
      await engine.createBucket('versioned', { versioned: true });
      await engine.createBucket('plain');
      console.log(engine.url);`;
    for (const lifeMs of [60, 110, 170]) {
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program]);
      const url = await new Promise<string>((resolve) =>
        child.stdout.once('data', (line) => resolve(String(line).trim())),
      );
      setTimeout(() => child.kill('SIGKILL'), lifeMs);
      const write = async (writer: number): Promise<void> => {
        for (let count = 0; ; count++) {
          const path = `${count % 2 === 0 ? 'versioned' : 'plain'}/${writer % 4}/${count % 3}`;
          await fetch(`${url}/${path}`, {
            method: 'PUT',
            body: `${lifeMs} ${writer} ${count} `.repeat(5_000),
          });
        }
      };
      await Promise.allSettled(Array.from({ length: 8 }, (_, writer) => write(writer)));
    }
    const after = await startS3(place);
    const client = clientOf(after);
    let seen = 0;
    for (const Bucket of ['versioned', 'plain']) {
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
      for (const { Key, VersionId, ETag } of Versions) {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
        const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
        expect(`"${createHash('md5').update(bytes).digest('hex')}"`).toBe(ETag);
        seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(20);
    client.destroy();
    await after.stop();
  });
});
