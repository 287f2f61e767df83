import type { Receipt } from '../../contracts/outcomes.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { SourceDefinition } from '../../registry/source-definition.ts';
import { keyFromHeader, sourceOfKey } from './auth.ts';
import { type Read, type Refusal, readBody } from './body.ts';
import { readCloudEvents } from './cloud-events.ts';
import { type CollectPolicy, collect } from './collect.ts';
import { type CollectPorts, keep } from './keep.ts';
import type { RateLimit } from './rate-limit.ts';
import { CALL_TYPES, readSegmentRequest, type SegmentRequest } from './segment.ts';

/** A request as it came over HTTP; names of headers in lower case. */
export interface CollectRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string | undefined;
  readonly isBase64: boolean;
}

/** 200 with a receipt per event; 421 when every event belongs to another jurisdiction; or a refusal of the whole. */
export type CollectAnswer =
  | {
      readonly status: 200 | 421;
      readonly receipts: readonly Receipt[];
      /** See `Collected`. */
      readonly unknownCategories?: number;
    }
  | { readonly refusal: Refusal };

export interface CollectSetting {
  readonly policy: CollectPolicy;
  readonly sources: readonly SourceDefinition[];
  readonly ports: CollectPorts;
  readonly limit: RateLimit;
}

/** Events of one request at most. Compressed, millions of empty ones fit into a body, and each takes time and a receipt. */
export const EVENTS_MAX = 10_000;
/** A function answers 6 MB at most, as JSON with the body as a text in it; what is beyond would be kept and never receipted.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const RECEIPTS_BYTES_MAX = 5 * 1024 * 1024;
/** No receipt is longer: a message id has 500 characters, of six bytes each when escaped. */
const RECEIPT_BYTES_MAX = 4 * 1024;

const refusal = (status: Refusal['status'], title: string, detail: string): { refusal: Refusal } => ({
  refusal: { status, title, detail },
});
const tooMany = (detail: string): { refusal: Refusal } => refusal(413, 'Too many events', detail);

/** Answers one request. It returns only when what the receipts say is durable.
 * @throws ThrottledError, TransientError when it is not; the client should retry */
export async function receive(
  request: CollectRequest,
  now: EpochMs,
  setting: CollectSetting,
): Promise<CollectAnswer> {
  const { headers } = request;
  const body = readBody(request.body, request.isBase64, headers['content-encoding']);
  if ('refusal' in body) return body;
  const read = readEvents(request.path, headers, body.value);
  if ('refusal' in read) return read;
  const { events, sentAt, writeKey } = read.value;
  const key = keyFromHeader(headers.authorization) ?? writeKey;
  const source = sourceOfKey(setting.policy.secrets, setting.sources, key);
  if (source === null)
    return refusal(401, 'Unknown write key', 'The write key is missing, wrong or revoked.');
  if (events.length > EVENTS_MAX) return tooMany('Send at most 10,000 events in a request.');
  const waitSeconds = setting.limit.take(source, events.length, now);
  if (waitSeconds !== null) {
    const slow = refusal(429, 'Too many events', 'This source is above its rate of events.');
    return { refusal: { ...slow.refusal, retryAfterSeconds: waitSeconds } };
  }
  const gpc = headers['sec-gpc']?.trim() === '1';
  const collected = collect({ source, events, sentAt, receivedAt: now, gpc }, setting.policy);
  if (!fitsAnswer(collected.receipts))
    return tooMany('The receipts of so many long message ids do not fit an answer: send fewer at once.');
  await keep(collected, setting.policy.buckets, setting.ports);
  const { receipts, unknownCategories } = collected;
  const allElsewhere = receipts.length > 0 && receipts.every((receipt) => receipt.outcome === 'misdirected');
  return {
    status: allElsewhere ? 421 : 200,
    receipts,
    ...(unknownCategories === 0 ? {} : { unknownCategories }),
  };
}

/** Whether receipts can be answered. Measured only where they are many enough. */
const fitsAnswer = (receipts: readonly Receipt[]): boolean =>
  receipts.length * RECEIPT_BYTES_MAX <= RECEIPTS_BYTES_MAX ||
  Buffer.byteLength(JSON.stringify(JSON.stringify(receipts))) <= RECEIPTS_BYTES_MAX;

function readEvents(path: string, headers: CollectRequest['headers'], body: unknown): Read<SegmentRequest> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === 'events') {
    const events = readCloudEvents(headers, body);
    if (events === null)
      return refusal(400, 'Malformed request', 'The body is no CloudEvent in the mode of its headers.');
    return { value: { events, sentAt: null, writeKey: null } };
  }
  const route = name === 'batch' ? name : CALL_TYPES.find((type) => type === name);
  if (route === undefined)
    return refusal(404, 'No such route', 'Send events to /v1/batch or one of its neighbours.');
  const request = readSegmentRequest(route, body);
  if (request === null) {
    const shape = route === 'batch' ? 'an object with an array `batch`' : 'a JSON object';
    return refusal(400, 'Malformed request', `The body is not ${shape}.`);
  }
  return { value: request };
}
