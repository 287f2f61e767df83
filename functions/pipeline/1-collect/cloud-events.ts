import { IDENTIFIER_TYPES } from '../../contracts/signal.ts';
import { isObject, type JsonObject, own, textAt } from './shape.ts';

/** Prefix of `type` for signals of the catalogue: `com.rapport.signal.Order Completed`; a plain name is taken too.
 * Names match regardless of case, blanks and punctuation, so `com.rapport.signal.order-completed` is the same. */
export const TYPE_PREFIX = 'com.rapport.signal.';

/** Headers of the binary mode: `ce-<attribute>`, values percent-encoded (CloudEvents HTTP binding 1.0.2 §3.1.3). */
const HEADER_PREFIX = 'ce-';

/** The events of a CloudEvents request (HTTP binding 1.0.2 §3), each in structured form; null when the body doesn't
 * fit its mode.
 * @param headers names in lower case */
export function readCloudEvents(
  headers: Readonly<Record<string, string | undefined>>,
  body: unknown,
): readonly unknown[] | null {
  const contentType = headers['content-type']?.toLowerCase() ?? '';
  if (contentType.startsWith('application/cloudevents-batch')) return Array.isArray(body) ? body : null;
  if (contentType.startsWith('application/cloudevents')) return isObject(body) ? [body] : null;
  if (headers['ce-id'] === undefined && headers['ce-specversion'] === undefined) {
    if (Array.isArray(body)) return body;
    return isObject(body) && own(body, 'specversion') !== undefined ? [body] : null;
  }
  const attributes = Object.entries(headers)
    .filter(([name, value]) => name.startsWith(HEADER_PREFIX) && value !== undefined)
    .map(([name, value]) => [name.slice(HEADER_PREFIX.length), percentDecoded(value ?? '')]);
  return [{ ...Object.fromEntries(attributes), data: body }];
}

const percentDecoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

/** An event that came as a CloudEvent, or must have. */
export const isCloudEvent = (event: unknown): boolean => own(event, 'specversion') !== undefined;

/**
 * A CloudEvent as a Segment `track` call, so that one rule judges both; undefined when it breaks the specification.
 *
 * `id` is unique within `source` only, so the message id is `<source> <id>` (a source is a URI reference and holds no
 * blank). `data` has what a track call has: `userId`, `anonymousId`, `traits`, `context`, `properties`; without
 * `properties` the data are the properties. `subject` names the customer when `data.userId` does not: an id, or
 * `<identifier type>:<value>`. `time` is when it happened.
 */
export function trackOf(event: JsonObject): JsonObject | undefined {
  const id = textAt(event, 'id');
  const source = textAt(event, 'source');
  const type = textAt(event, 'type');
  const isSound =
    own(event, 'specversion') === '1.0' && source !== undefined && !/\s/.test(source) && type !== undefined;
  const content = dataOf(event);
  if (!isSound || content === undefined) return undefined;
  const subject = textAt(event, 'subject');
  const named = /^([a-zA-Z]+):(.+)$/.exec(subject ?? '');
  const subjectType = IDENTIFIER_TYPES.find((known) => known === named?.[1]);
  const time = own(event, 'time');
  return {
    type: 'track',
    event: type.startsWith(TYPE_PREFIX) ? type.slice(TYPE_PREFIX.length) : type,
    ...(id === undefined ? {} : { messageId: `${source} ${id}` }),
    ...(time === undefined ? {} : { timestamp: time }),
    userId: own(content, 'userId') ?? (subjectType === undefined ? subject : undefined),
    anonymousId: own(content, 'anonymousId'),
    traits: own(content, 'traits'),
    properties: own(content, 'properties') ?? content,
    context: withSubject(own(content, 'context'), subjectType, named?.[2]),
  };
}

/** A typed subject travels as an external id, where every identifier type has a place. */
function withSubject(context: unknown, type: string | undefined, id: string | undefined): unknown {
  if (type === undefined) return context;
  const stated = own(context, 'externalIds');
  const externalIds = [...(Array.isArray(stated) ? stated : []), { type, id }];
  return isObject(context) ? { ...context, externalIds } : { externalIds };
}

/** `data`, or `data_base64` as JSON; an event without either has no properties. Undefined when unreadable. */
function dataOf(event: JsonObject): JsonObject | undefined {
  const encoded = textAt(event, 'data_base64');
  const content = encoded === undefined ? (own(event, 'data') ?? {}) : jsonFromBase64(encoded);
  return isObject(content) ? content : undefined;
}

function jsonFromBase64(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
