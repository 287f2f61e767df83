import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** What API Gateway takes at most; one byte more is a 413 there too. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;
/** A body never inflates to more: real batches compress some six times, bombs a thousand. */
export const INFLATED_BYTES_MAX = 32 * 1024 * 1024;

/** Objects and arrays in a body at most. An empty one has two characters and takes a hundred bytes of memory: ten million, which
 * fit when compressed, would take the function down with all that it holds. */
const NESTS_MAX = 1_000_000;

/** Why a request as a whole is refused. The text names the fault and quotes nothing of the input. */
export interface Refusal {
  readonly status: 400 | 401 | 404 | 413 | 429;
  readonly title: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

export type Read<T> = { readonly value: T } | { readonly refusal: Refusal };

const malformed = (detail: string): { refusal: Refusal } => ({
  refusal: { status: 400, title: 'Malformed request', detail },
});
const tooLarge = (detail: string): { refusal: Refusal } => ({
  refusal: { status: 413, title: 'Body too large', detail },
});

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a request body as JSON, whatever its content type says: RudderStack's client calls gzipped JSON a form.
 * Compression is told by its first bytes, and by `content-encoding` for raw deflate, which has none. */
export function readBody(
  body: string | undefined,
  isBase64: boolean,
  contentEncoding: string | undefined,
): Read<unknown> {
  const bytes = Buffer.from(body ?? '', isBase64 ? 'base64' : 'utf8');
  if (bytes.length > BODY_BYTES_MAX) return tooLarge('A body may have 10 MiB at most.');
  if (bytes.length === 0) return malformed('The body is empty.');
  const inflated = inflate(bytes, contentEncoding?.trim().toLowerCase());
  if ('refusal' in inflated) return inflated;
  if (hasTooManyNests(inflated.value))
    return tooLarge('A body may hold a million objects and arrays at most.');
  let text: string;
  try {
    text = strictUtf8.decode(inflated.value);
  } catch {
    return malformed('The body is not valid UTF-8.');
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return malformed('The body is not valid JSON.');
  }
}

/** Counts what opens an object or array, in text too: honest text has few. */
function hasTooManyNests(json: Buffer): boolean {
  if (json.length < 2 * NESTS_MAX) return false;
  let opened = 0;
  for (const byte of json) if (byte === 0x7b || byte === 0x5b) opened += 1;
  return opened > NESTS_MAX;
}

function inflate(bytes: Buffer, encoding: string | undefined): Read<Buffer> {
  const unpack = decoderFor(bytes, encoding);
  if (unpack === 'unknown') return malformed('The content encoding is neither gzip nor deflate.');
  if (unpack === null) return { value: bytes };
  try {
    return { value: unpack(bytes, { maxOutputLength: INFLATED_BYTES_MAX }) };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      return tooLarge('A compressed body may unpack to 32 MiB at most.');
    return malformed('The compressed body is cut off or damaged.');
  }
}

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;

/** Gzip starts 1f 8b (RFC 1952 §2.3.1); zlib with method 8 and a header divisible by 31 (RFC 1950 §2.2). JSON can
 * start with neither. */
function decoderFor(bytes: Buffer, encoding: string | undefined): Decoder | null | 'unknown' {
  const first = bytes[0] ?? 0;
  const second = bytes[1] ?? 0;
  if (first === 0x1f && second === 0x8b) return gunzipSync;
  if ((first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0) return inflateSync;
  if (encoding === undefined || encoding === '' || encoding === 'identity') return null;
  // Named but not there: a proxy has already unpacked it, or it is raw deflate.
  if (encoding === 'gzip') return first === 0x7b || first === 0x5b ? null : gunzipSync;
  if (encoding === 'deflate') return first === 0x7b || first === 0x5b ? null : inflateRawSync;
  return 'unknown';
}
