import type { Bucket, Version } from './bucket.ts';
import { invalidArgument } from './s3-error.ts';
import { documentOf, element, type Markup, optional } from './xml.ts';

const PAGE_MAX = 1_000;

type Entry<T> = { readonly key: string; readonly value: T } | { readonly prefix: string };
type Page<T> = {
  readonly entries: readonly Entry<T>[];
  readonly isTruncated: boolean;
  readonly last: string | undefined;
};

/** `maxKeys` of a query. */
export function pageSize(text: string | null): number {
  if (text === null) return PAGE_MAX;
  if (!/^\d+$/.test(text)) throw invalidArgument('max-keys must be a whole number that is not negative');
  return Math.min(Number(text), PAGE_MAX);
}

/** A key as it stands in an answer: any character may be in a key, and XML cannot carry them all. */
const shown = (query: URLSearchParams, text: string): string =>
  query.get('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;

const isAfter = (left: string, right: string): boolean =>
  Buffer.compare(Buffer.from(left), Buffer.from(right)) > 0;

/** Index of the first sorted key for which `isIn` holds; it must hold for all after it. */
function firstWhere(keys: readonly string[], isIn: (key: string) => boolean): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isIn(keys[middle] ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}

const firstAfter = (keys: readonly string[], marker: string): number =>
  marker === '' ? 0 : firstWhere(keys, (key) => isAfter(key, marker));
const firstFrom = (keys: readonly string[], prefix: string): number =>
  firstWhere(keys, (key) => !isAfter(prefix, key));

/** One page of keys with the prefix, those that share a part up to the delimiter rolled into one entry. */
function pageOf<T>(
  bucket: Bucket,
  query: URLSearchParams,
  after: string,
  valuesOf: (key: string) => readonly T[],
): Page<T> {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const size = pageSize(query.get('max-keys'));
  const keys = bucket.keys();
  const entries: Entry<T>[] = [];
  let last: string | undefined;
  let rolled: string | undefined;
  // Resuming after a rolled prefix must leave out all keys under it.
  const skipped = delimiter !== '' && after.endsWith(delimiter) ? after : undefined;
  const begin = isAfter(prefix, after) ? firstFrom(keys, prefix) : firstAfter(keys, after);
  for (let at = begin; at < keys.length; at++) {
    const key = keys[at] ?? '';
    if (!key.startsWith(prefix)) break;
    if (skipped !== undefined && skipped.length > prefix.length && key.startsWith(skipped)) continue;
    const values = valuesOf(key);
    if (values.length === 0) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    if (common !== undefined && common === rolled) continue;
    const adding: Entry<T>[] =
      common === undefined ? values.map((value) => ({ key, value })) : [{ prefix: common }];
    if (entries.length > 0 && entries.length + adding.length > size)
      return { entries, isTruncated: true, last };
    if (size === 0) return { entries, isTruncated: false, last };
    entries.push(...adding);
    last = common ?? key;
    rolled = common;
  }
  return { entries, isTruncated: false, last };
}

const isoTime = (at: number): string => new Date(at).toISOString();

const commonPrefixes = (query: URLSearchParams, entries: readonly Entry<unknown>[]): Markup[] =>
  entries.flatMap((entry) =>
    'prefix' in entry ? [element('CommonPrefixes', element('Prefix', shown(query, entry.prefix)))] : [],
  );

const shownOrNone = (query: URLSearchParams, name: string): string | undefined => {
  const text = query.get(name);
  return text === null || text === '' ? undefined : shown(query, text);
};

/** ListObjectsV2. */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const token = query.get('continuation-token');
  const after =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString('utf8');
  const page = pageOf(bucket, query, after, (key) => {
    const current = bucket.current(key);
    return current === undefined ? [] : [current];
  });
  const contents = page.entries.flatMap((entry) =>
    'prefix' in entry
      ? []
      : [
          element(
            'Contents',
            element('Key', shown(query, entry.key)),
            element('LastModified', isoTime(entry.value.lastModified)),
            element('ETag', entry.value.etag),
            optional('ChecksumAlgorithm', entry.value.checksum?.algorithm),
            optional('ChecksumType', entry.value.checksum?.type),
            element('Size', entry.value.size),
            element('StorageClass', 'STANDARD'),
          ),
        ],
  );
  const next =
    page.isTruncated && page.last !== undefined ? Buffer.from(page.last).toString('base64url') : undefined;
  return documentOf(
    'ListBucketResult',
    element('Name', bucket.name),
    element('Prefix', shown(query, query.get('prefix') ?? '')),
    optional('Delimiter', shownOrNone(query, 'delimiter')),
    optional('StartAfter', shownOrNone(query, 'start-after')),
    optional('EncodingType', query.get('encoding-type') ?? undefined),
    optional('ContinuationToken', token ?? undefined),
    optional('NextContinuationToken', next),
    element('KeyCount', page.entries.length),
    element('MaxKeys', pageSize(query.get('max-keys'))),
    element('IsTruncated', page.isTruncated),
    ...contents,
    ...commonPrefixes(query, page.entries),
  );
}

function versionMarkup(query: URLSearchParams, key: string, version: Version, isLatest: boolean): Markup {
  const head = [
    element('Key', shown(query, key)),
    element('VersionId', version.versionId),
    element('IsLatest', isLatest),
    element('LastModified', isoTime(version.lastModified)),
  ];
  if (version.isDeleteMarker) return element('DeleteMarker', ...head);
  return element(
    'Version',
    ...head,
    element('ETag', version.etag),
    optional('ChecksumAlgorithm', version.checksum?.algorithm),
    optional('ChecksumType', version.checksum?.type),
    element('Size', version.size),
    element('StorageClass', 'STANDARD'),
  );
}

/** ListObjectVersions. A page ends between keys, never between the versions of one, so it may be longer than asked by
 * the versions of its first key. */
export function listVersions(bucket: Bucket, query: URLSearchParams): string {
  const marker = query.get('key-marker') ?? '';
  const page = pageOf(bucket, query, marker, (key) =>
    bucket.versions(key).map((version, at) => ({ version, isLatest: at === 0 })),
  );
  const versions = page.entries.flatMap((entry) =>
    'prefix' in entry ? [] : [versionMarkup(query, entry.key, entry.value.version, entry.value.isLatest)],
  );
  return documentOf(
    'ListVersionsResult',
    element('Name', bucket.name),
    element('Prefix', shown(query, query.get('prefix') ?? '')),
    optional('Delimiter', shownOrNone(query, 'delimiter')),
    optional('KeyMarker', shownOrNone(query, 'key-marker')),
    optional('EncodingType', query.get('encoding-type') ?? undefined),
    optional(
      'NextKeyMarker',
      page.isTruncated && page.last !== undefined ? shown(query, page.last) : undefined,
    ),
    element('MaxKeys', pageSize(query.get('max-keys'))),
    element('IsTruncated', page.isTruncated),
    ...versions,
    ...commonPrefixes(query, page.entries),
  );
}
