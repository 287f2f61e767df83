import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from '../loopback-server.ts';
import { answer, type Exchange, header, readTarget, readXml } from './exchange.ts';
import { listObjects, listVersions } from './listing.ts';
import { legalHold, lockConfiguration, retention } from './lock-requests.ts';
import type { ObjectStore } from './object-store.ts';
import { isoTime, readObject } from './read-requests.ts';
import { S3Error } from './s3-error.ts';
import {
  copyObject,
  deleteObject,
  deleteObjects,
  dropUpload,
  finishUpload,
  putObject,
  startUpload,
  uploadPart,
} from './write-requests.ts';
import { documentOf, element, textOf } from './xml.ts';

const notImplemented = (exchange: Exchange): S3Error =>
  new S3Error(
    'NotImplemented',
    501,
    `This local engine has no ${exchange.method} with the parameters ${[...exchange.query.keys()].join(', ') || 'none'}.`,
  );

/** Query parameters that name an operation this engine has; another that is alone makes a request of an operation that
 * it has not, and which must not be taken for a plain read or write. */
const OPERATION_PARAMETERS = new Set([
  'versionId',
  'x-id',
  'uploadId',
  'partNumber',
  'uploads',
  'delete',
  'versioning',
  'versions',
  'retention',
  'legal-hold',
  'object-lock',
  'location',
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'encoding-type',
  'start-after',
  'continuation-token',
  'fetch-owner',
  'key-marker',
  'version-id-marker',
]);

const isKnown = (name: string): boolean =>
  OPERATION_PARAMETERS.has(name) || name.startsWith('response-') || name.toLowerCase().startsWith('x-amz-');

async function onService(store: ObjectStore, exchange: Exchange): Promise<void> {
  if (exchange.method !== 'GET') throw notImplemented(exchange);
  const buckets = store
    .bucketNames()
    .map((name) =>
      element(
        'Bucket',
        element('Name', name),
        element('CreationDate', isoTime(store.bucket(name).settings.createdAt)),
      ),
    );
  answer(exchange, 200, {}, documentOf('ListAllMyBucketsResult', element('Buckets', ...buckets)));
}

async function createBucket(store: ObjectStore, exchange: Exchange): Promise<void> {
  await readXml(exchange);
  if (store.hasBucket(exchange.bucket))
    throw new S3Error(
      'BucketAlreadyOwnedByYou',
      409,
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  const objectLock = header(exchange, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  await store.configureBucket(exchange.bucket, { objectLock });
  answer(exchange, 200, { location: `/${exchange.bucket}` });
}

async function versioning(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  if (exchange.method === 'PUT') {
    await store.setVersioning(bucket, textOf(await readXml(exchange), 'Status'));
    return answer(exchange, 200);
  }
  const status = bucket.settings.versioning;
  answer(
    exchange,
    200,
    {},
    documentOf('VersioningConfiguration', status === 'Off' ? undefined : element('Status', status)),
  );
}

async function onBucket(store: ObjectStore, exchange: Exchange): Promise<void> {
  const { method, query } = exchange;
  if (method === 'PUT' && query.size === 0) return createBucket(store, exchange);
  const bucket = store.bucket(exchange.bucket);
  if (query.has('versioning')) return versioning(store, exchange);
  if (query.has('object-lock')) return lockConfiguration(store, exchange);
  if (method === 'POST' && query.has('delete')) return deleteObjects(store, exchange);
  if (method === 'HEAD') return answer(exchange, 200);
  if (method === 'GET' && query.has('versions'))
    return answer(exchange, 200, {}, listVersions(bucket, query));
  if (method === 'GET' && query.get('list-type') === '2')
    return answer(exchange, 200, {}, listObjects(bucket, query));
  if (method === 'GET' && query.has('location'))
    return answer(exchange, 200, {}, documentOf('LocationConstraint'));
  if (method === 'DELETE') {
    await store.deleteBucket(exchange.bucket);
    return answer(exchange, 204);
  }
  throw notImplemented(exchange);
}

async function onObject(store: ObjectStore, exchange: Exchange): Promise<void> {
  const { method, query } = exchange;
  const uploadId = query.get('uploadId');
  const copySource = header(exchange, 'x-amz-copy-source');
  if (query.has('retention') && (method === 'PUT' || method === 'GET')) return retention(store, exchange);
  if (query.has('legal-hold') && (method === 'PUT' || method === 'GET')) return legalHold(store, exchange);
  if (uploadId !== null) {
    if (method === 'PUT' && copySource === undefined) return uploadPart(store, exchange, uploadId);
    if (method === 'POST') return finishUpload(store, exchange, uploadId);
    if (method === 'DELETE') return dropUpload(store, exchange, uploadId);
    throw notImplemented(exchange);
  }
  if (method === 'POST' && query.has('uploads')) return startUpload(store, exchange);
  if (method === 'PUT')
    return copySource === undefined ? putObject(store, exchange) : copyObject(store, exchange, copySource);
  if (method === 'GET' || method === 'HEAD') return readObject(store, exchange);
  if (method === 'DELETE') return deleteObject(store, exchange);
  throw notImplemented(exchange);
}

async function route(store: ObjectStore, exchange: Exchange): Promise<void> {
  if (![...exchange.query.keys()].every(isKnown)) throw notImplemented(exchange);
  if (exchange.bucket === '') return onService(store, exchange);
  return exchange.key === '' ? onBucket(store, exchange) : onObject(store, exchange);
}

function answerError(exchange: Exchange, cause: unknown): void {
  if (exchange.response.headersSent || exchange.response.destroyed) {
    exchange.response.destroy();
    return;
  }
  const error =
    cause instanceof S3Error
      ? cause
      : new S3Error('InternalError', 500, `Local engine fault: ${String(cause)}`);
  for (const name of exchange.response.getHeaderNames()) exchange.response.removeHeader(name);
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n${
    element(
      'Error',
      element('Code', error.code),
      element('Message', error.message),
      element('Resource', `/${exchange.bucket}/${exchange.key}`),
      element('RequestId', requestId),
    ).text
  }`;
  // What is left of the body would stand before the next request on this connection.
  exchange.request.resume();
  answer(exchange, error.status, { 'x-amz-request-id': requestId, ...error.headers }, xml);
}

/** Answers S3's REST API over the store. */
export function s3Handler(store: ObjectStore): RequestHandler {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const method = request.method ?? 'GET';
    let exchange: Exchange = { method, bucket: '', key: '', query: new URLSearchParams(), request, response };
    try {
      exchange = { ...exchange, ...readTarget(request.url ?? '/') };
      await route(store, exchange);
    } catch (cause) {
      answerError(exchange, cause);
    }
  };
}
