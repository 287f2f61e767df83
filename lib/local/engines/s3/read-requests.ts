import { pipeline } from 'node:stream/promises';
import type { Bucket, Version } from './bucket.ts';
import { checksumHeader } from './checksums.ts';
import { answer, type Exchange, header } from './exchange.ts';
import { matchesEtag, type ObjectStore } from './object-store.ts';
import { preconditionFailed, S3Error } from './s3-error.ts';

export const isoTime = (at: number): string => new Date(at).toISOString();

export const versionHeader = (bucket: Bucket, version: Version): string | undefined =>
  bucket.settings.versioning === 'Off' ? undefined : version.versionId;

const OVERRIDES = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
];

function readHeaders(
  exchange: Exchange,
  bucket: Bucket,
  version: Version,
): { [name: string]: string | undefined } {
  const headers: { [name: string]: string | undefined } = {
    'content-type': 'binary/octet-stream',
    ...version.headers,
    etag: version.etag,
    'last-modified': new Date(version.lastModified).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-version-id': versionHeader(bucket, version),
    'x-amz-object-lock-mode': version.retention?.mode,
    'x-amz-object-lock-retain-until-date':
      version.retention === undefined ? undefined : isoTime(version.retention.until),
    'x-amz-object-lock-legal-hold':
      version.legalHold === undefined ? undefined : version.legalHold ? 'ON' : 'OFF',
  };
  for (const name of OVERRIDES) {
    const value = exchange.query.get(`response-${name}`);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

function checksumHeaders(exchange: Exchange, version: Version): { [name: string]: string } {
  const checksum = version.checksum;
  if (checksum === undefined || header(exchange, 'x-amz-checksum-mode') !== 'ENABLED') return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** Looks at a read's conditions in the order of RFC 9110, section 13.2.2.
 * @returns whether the reader has this version already. */
function isNotModified(exchange: Exchange, version: Version): boolean {
  const seconds = Math.floor(version.lastModified / 1_000) * 1_000;
  const ifMatch = header(exchange, 'if-match');
  const unmodifiedSince = header(exchange, 'if-unmodified-since');
  if (ifMatch !== undefined && !matchesEtag(ifMatch, version.etag)) throw preconditionFailed('If-Match');
  if (ifMatch === undefined && unmodifiedSince !== undefined && seconds > Date.parse(unmodifiedSince))
    throw preconditionFailed('If-Unmodified-Since');
  const ifNoneMatch = header(exchange, 'if-none-match');
  if (ifNoneMatch !== undefined) return matchesEtag(ifNoneMatch, version.etag);
  const modifiedSince = header(exchange, 'if-modified-since');
  return modifiedSince !== undefined && seconds <= Date.parse(modifiedSince);
}

type Range = { readonly first: number; readonly last: number };

/** One range of bytes; a form that is not known is no range, as RFC 9110 has it.
 * @throws S3Error InvalidRange */
function readRange(text: string | undefined, size: number): Range | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (first >= size || (from === '' && Number(to) === 0))
    throw new S3Error('InvalidRange', 416, 'The requested range is not satisfiable', {
      'content-range': `bytes */${size}`,
    });
  return { first, last };
}

/** GetObject and HeadObject. */
export async function readObject(store: ObjectStore, exchange: Exchange): Promise<void> {
  const bucket = store.bucket(exchange.bucket);
  const versionId = exchange.query.get('versionId') ?? undefined;
  const { version, file } = await store.openVersion(bucket, exchange.key, versionId);
  try {
    const headers = readHeaders(exchange, bucket, version);
    if (isNotModified(exchange, version)) return answer(exchange, 304, headers);
    const range = readRange(header(exchange, 'range'), version.size);
    const { first, last } = range ?? { first: 0, last: version.size - 1 };
    // The checksum is the whole object's: with a part of it a client would find it wrong.
    const sent =
      range === undefined
        ? checksumHeaders(exchange, version)
        : { 'content-range': `bytes ${first}-${last}/${version.size}` };
    for (const [name, value] of Object.entries({ ...headers, ...sent }))
      if (value !== undefined) exchange.response.setHeader(name, value);
    exchange.response.setHeader('content-length', last - first + 1);
    exchange.response.writeHead(range === undefined ? 200 : 206);
    if (exchange.method === 'HEAD' || last < first) exchange.response.end();
    else
      await pipeline(
        file.createReadStream({ start: first, end: last, highWaterMark: 1 << 18, autoClose: false }),
        exchange.response,
      );
  } finally {
    await file.close();
  }
}
