import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeAwsChunked } from './aws-chunked.ts';
import type { BodyClaims } from './body.ts';
import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  checksumHeader,
  isChecksumAlgorithm,
} from './checksums.ts';
import { KEY_BYTES_MAX } from './key-path.ts';
import type { WriteConditions } from './object-store.ts';
import { invalidArgument, malformedXml, S3Error } from './s3-error.ts';

const XML_BYTES_MAX = 4 * 1024 * 1024;

/** One request and its answer. */
export type Exchange = {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
};

export function decodeUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', 400, "Couldn't parse the specified URI.");
  }
}

/** Takes the target apart by hand: a URL parser would resolve the dots in a key. */
export function readTarget(target: string): { bucket: string; key: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  const path = (mark < 0 ? target : target.slice(0, mark)).replace(/^\//, '');
  const slash = path.indexOf('/');
  const bucket = decodeUri(slash < 0 ? path : path.slice(0, slash));
  const key = slash < 0 ? '' : decodeUri(path.slice(slash + 1));
  if (Buffer.byteLength(key) > KEY_BYTES_MAX)
    throw new S3Error('KeyTooLongError', 400, 'Your key is too long');
  return { bucket, key, query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)) };
}

export function header(exchange: Exchange, name: string): string | undefined {
  const value = exchange.request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

export const writeConditions = (exchange: Exchange): WriteConditions => ({
  ifMatch: header(exchange, 'if-match'),
  ifNoneMatch: header(exchange, 'if-none-match'),
});

const KEPT_HEADERS = new Set([
  'content-type',
  'cache-control',
  'content-disposition',
  'content-language',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-website-redirect-location',
]);

/** The headers of a write that come back with each read. */
export function keptHeaders(exchange: Exchange): { [name: string]: string } {
  const kept: { [name: string]: string } = {};
  for (const name of Object.keys(exchange.request.headers)) {
    const value = header(exchange, name);
    if (value !== undefined && (KEPT_HEADERS.has(name) || name.startsWith('x-amz-meta-'))) kept[name] = value;
  }
  const codings = (header(exchange, 'content-encoding') ?? '').split(',').map((coding) => coding.trim());
  const own = codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',');
  if (own !== '') kept['content-encoding'] = own;
  return kept;
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

/** Algorithm that the request names, if any. */
export function namedAlgorithm(exchange: Exchange): ChecksumAlgorithm | undefined {
  const name =
    header(exchange, 'x-amz-checksum-algorithm') ?? header(exchange, 'x-amz-sdk-checksum-algorithm');
  const upper = name?.toUpperCase();
  if (upper === undefined) return undefined;
  if (!isChecksumAlgorithm(upper)) throw invalidArgument('Checksum algorithm provided is unsupported.');
  return upper;
}

/** The request's payload and what its sender says about it. */
export function readPayload(exchange: Exchange): { source: AsyncIterable<Buffer>; claims: BodyClaims } {
  const { request } = exchange;
  const trailers = new Map<string, string>();
  const hash = header(exchange, 'x-amz-content-sha256') ?? '';
  const chunked =
    hash.startsWith('STREAMING-') || (header(exchange, 'content-encoding') ?? '').includes('aws-chunked');
  const announced = (header(exchange, 'x-amz-trailer') ?? '').toLowerCase();
  const claimed = CHECKSUM_ALGORITHMS.find(
    (algorithm) =>
      header(exchange, checksumHeader(algorithm)) !== undefined || announced === checksumHeader(algorithm),
  );
  const checksum = (): { algorithm: ChecksumAlgorithm; value: string } | undefined => {
    if (claimed === undefined) return undefined;
    const value = header(exchange, checksumHeader(claimed)) ?? trailers.get(checksumHeader(claimed));
    if (value === undefined)
      throw new S3Error(
        'MalformedTrailerError',
        400,
        'The request contained trailing data that was not well-formed.',
      );
    return { algorithm: claimed, value };
  };
  const length = chunked
    ? header(exchange, 'x-amz-decoded-content-length')
    : header(exchange, 'content-length');
  return {
    source: chunked ? decodeAwsChunked(request, trailers) : request,
    claims: {
      checksum,
      algorithm: claimed ?? namedAlgorithm(exchange),
      md5: header(exchange, 'content-md5'),
      sha256: /^[0-9a-f]{64}$/.test(hash) ? hash : undefined,
      length: wholeNumber(length),
    },
  };
}

/** The request's payload as XML text.
 * @throws S3Error MalformedXML */
export async function readXml(exchange: Exchange): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const bytes of readPayload(exchange).source) {
    length += bytes.length;
    if (length > XML_BYTES_MAX) throw malformedXml();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Answers with a body of XML, or none. */
export function answer(
  exchange: Exchange,
  status: number,
  headers: { readonly [name: string]: string | undefined } = {},
  xml?: string,
): void {
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) exchange.response.setHeader(name, value);
  if (xml !== undefined) exchange.response.setHeader('content-type', 'application/xml');
  if (status !== 204 && status !== 304)
    exchange.response.setHeader('content-length', Buffer.byteLength(xml ?? ''));
  exchange.response.writeHead(status).end(exchange.method === 'HEAD' ? undefined : xml);
}
