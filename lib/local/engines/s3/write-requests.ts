import type { Checksum } from './bucket.ts';
import { type ChecksumAlgorithm, checksumHeader } from './checksums.ts';
import {
  answer,
  decodeUri,
  type Exchange,
  header,
  keptHeaders,
  namedAlgorithm,
  readPayload,
  readXml,
  writeConditions,
} from './exchange.ts';
import { abortUpload, completeUpload, createUpload, putPart } from './multipart.ts';
import type { ObjectAttributes, ObjectStore } from './object-store.ts';
import { isoTime, versionHeader } from './read-requests.ts';
import { invalidArgument, invalidRequest, malformedXml } from './s3-error.ts';
import { documentOf, element, elementsOf, type Markup, optional, textOf } from './xml.ts';

const checksumHeaders = (checksum: Checksum | undefined): { [name: string]: string } =>
  checksum === undefined
    ? {}
    : { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };

const ENCRYPTION = ['x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id'];

const encryptionHeaders = (headers: {
  readonly [name: string]: string;
}): { [name: string]: string | undefined } =>
  Object.fromEntries(ENCRYPTION.map((name) => [name, headers[name]]));

const attributesOf = (exchange: Exchange): ObjectAttributes => ({
  headers: keptHeaders(exchange),
  lockMode: header(exchange, 'x-amz-object-lock-mode'),
  retainUntil: header(exchange, 'x-amz-object-lock-retain-until-date'),
  legalHold: header(exchange, 'x-amz-object-lock-legal-hold') === 'ON',
});

/** PutObject. */
export async function putObject(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const { source, claims } = readPayload(exchange);
  const attributes = attributesOf(exchange);
  const version = await store.put(
    bucket,
    exchange.key,
    source,
    claims,
    attributes,
    writeConditions(exchange),
  );
  answer(exchange, 200, {
    etag: version.etag,
    'x-amz-version-id': versionHeader(bucket, version),
    ...checksumHeaders(version.checksum),
    ...encryptionHeaders(version.headers),
  });
}

function readCopySource(text: string): { bucket: string; key: string; versionId: string | undefined } {
  const [path = '', query = ''] = text.replace(/^\//, '').split('?');
  const slash = path.indexOf('/');
  if (slash < 1)
    throw invalidArgument('Copy Source must mention the source bucket and key: sourcebucket/sourcekey');
  const versionId = new URLSearchParams(query).get('versionId') ?? undefined;
  return { bucket: decodeUri(path.slice(0, slash)), key: decodeUri(path.slice(slash + 1)), versionId };
}

/** CopyObject. */
export async function copyObject(store: ObjectStore, exchange: Exchange, sourceText: string): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const from = readCopySource(sourceText);
  const { version: original, file } = await store.openVersion(
    store.bucket(from.bucket),
    from.key,
    from.versionId,
  );
  try {
    const replaces = header(exchange, 'x-amz-metadata-directive') === 'REPLACE';
    if (
      !replaces &&
      from.versionId === undefined &&
      from.bucket === exchange.bucket &&
      from.key === exchange.key
    )
      throw invalidRequest('This copy request is illegal because it is trying to copy an object to itself.');
    const own = attributesOf(exchange);
    const attributes = replaces
      ? own
      : { ...own, headers: { ...original.headers, ...encryptionsOf(own.headers) } };
    const algorithm: ChecksumAlgorithm | undefined = namedAlgorithm(exchange) ?? original.checksum?.algorithm;
    const claims = {
      checksum: () => undefined,
      algorithm,
      md5: undefined,
      sha256: undefined,
      length: undefined,
    };
    const source = file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 });
    const version = await store.put(
      bucket,
      exchange.key,
      source,
      claims,
      attributes,
      writeConditions(exchange),
    );
    const headers = {
      'x-amz-version-id': versionHeader(bucket, version),
      'x-amz-copy-source-version-id': versionHeader(store.bucket(from.bucket), original),
    };
    const result = documentOf(
      'CopyObjectResult',
      element('ETag', version.etag),
      element('LastModified', isoTime(version.lastModified)),
      version.checksum === undefined
        ? undefined
        : element(`Checksum${version.checksum.algorithm}`, version.checksum.value),
    );
    answer(exchange, 200, headers, result);
  } finally {
    await file.close();
  }
}

const encryptionsOf = (headers: { readonly [name: string]: string }): { [name: string]: string } =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => ENCRYPTION.includes(name)));

const bypasses = (exchange: Exchange): boolean =>
  header(exchange, 'x-amz-bypass-governance-retention')?.toLowerCase() === 'true';

/** DeleteObject. */
export async function deleteObject(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const removal = await store.remove(bucket, exchange.key, exchange.query.get('versionId') ?? undefined, {
    bypassGovernance: bypasses(exchange),
    ifMatch: header(exchange, 'if-match'),
  });
  answer(exchange, 204, {
    'x-amz-version-id': removal.versionId,
    'x-amz-delete-marker': removal.isDeleteMarker ? 'true' : undefined,
  });
}

async function deleteOne(store: ObjectStore, exchange: Exchange, object: string): Promise<Markup> {
  const key = textOf(object, 'Key');
  if (key === undefined || key === '') throw malformedXml();
  const asked = textOf(object, 'VersionId');
  const shown = [element('Key', key), optional('VersionId', asked)];
  try {
    const removal = await store.remove(store.bucket(exchange.bucket), key, asked, {
      bypassGovernance: bypasses(exchange),
      ifMatch: textOf(object, 'ETag'),
    });
    const marker = removal.isDeleteMarker
      ? [element('DeleteMarker', true), optional('DeleteMarkerVersionId', removal.versionId)]
      : [];
    return element('Deleted', ...shown, ...marker);
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause)) throw cause;
    return element('Error', ...shown, element('Code', String(cause.code)), element('Message', cause.message));
  }
}

/** DeleteObjects. */
export async function deleteObjects(store: ObjectStore, exchange: Exchange): Promise<void> {
  store.bucket(exchange.bucket);
  const xml = await readXml(exchange);
  const objects = elementsOf(xml, 'Object');
  if (objects.length === 0 || objects.length > 1_000) throw malformedXml();
  const results: Markup[] = [];
  for (const object of objects) results.push(await deleteOne(store, exchange, object));
  const quiet = textOf(xml, 'Quiet') === 'true';
  const shown = quiet ? results.filter((result) => result.text.startsWith('<Error>')) : results;
  answer(exchange, 200, {}, documentOf('DeleteResult', ...shown));
}

/** CreateMultipartUpload. */
export async function startUpload(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const algorithm = namedAlgorithm(exchange);
  const asked = header(exchange, 'x-amz-checksum-type');
  const checksumType = algorithm === 'CRC64NVME' || asked === 'FULL_OBJECT' ? 'FULL_OBJECT' : 'COMPOSITE';
  const uploadId = await createUpload(bucket, {
    key: exchange.key,
    createdAt: store.now(),
    attributes: attributesOf(exchange),
    checksumType,
    ...(algorithm === undefined ? {} : { algorithm }),
  });
  const headers = {
    'x-amz-checksum-algorithm': algorithm,
    'x-amz-checksum-type': algorithm === undefined ? undefined : checksumType,
  };
  const parts = [
    element('Bucket', exchange.bucket),
    element('Key', exchange.key),
    element('UploadId', uploadId),
  ];
  answer(exchange, 200, headers, documentOf('InitiateMultipartUploadResult', ...parts));
}

/** UploadPart. */
export async function uploadPart(store: ObjectStore, exchange: Exchange, uploadId: string): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const { source, claims } = readPayload(exchange);
  const number = Number(exchange.query.get('partNumber'));
  const body = await putPart(bucket, exchange.key, uploadId, number, source, claims);
  answer(exchange, 200, {
    etag: `"${body.md5.toString('hex')}"`,
    ...(body.checksum === undefined
      ? {}
      : { [checksumHeader(body.checksum.algorithm)]: body.checksum.bytes.toString('base64') }),
  });
}

/** CompleteMultipartUpload. */
export async function finishUpload(store: ObjectStore, exchange: Exchange, uploadId: string): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const choices = elementsOf(await readXml(exchange), 'Part').map((part) => ({
    number: Number(textOf(part, 'PartNumber')),
    etag: textOf(part, 'ETag') ?? '',
  }));
  if (choices.length === 0) throw malformedXml();
  const version = await completeUpload(
    store,
    bucket,
    exchange.key,
    uploadId,
    choices,
    writeConditions(exchange),
  );
  const checksum = version.checksum;
  const result = documentOf(
    'CompleteMultipartUploadResult',
    element('Bucket', exchange.bucket),
    element('Key', exchange.key),
    element('ETag', version.etag),
    checksum === undefined ? undefined : element(`Checksum${checksum.algorithm}`, checksum.value),
    optional('ChecksumType', checksum?.type),
  );
  answer(exchange, 200, { 'x-amz-version-id': versionHeader(bucket, version) }, result);
}

/** AbortMultipartUpload. */
export async function dropUpload(store: ObjectStore, exchange: Exchange, uploadId: string): Promise<void> {
  await abortUpload(store.bucket(exchange.bucket), exchange.key, uploadId);
  answer(exchange, 204);
}
