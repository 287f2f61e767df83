import type { EpochMs } from '../../kernel/time.ts';
import { MINUTE_MS } from '../../kernel/time.ts';
import { readTime } from '../../registry/signals/fields.ts';
import { isObject, own, textAt } from './shape.ts';

/** Calls of the Segment wire API; RudderStack's clients speak the same. */
export const CALL_TYPES = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;
export type CallType = (typeof CALL_TYPES)[number];

/** What a request of the Segment wire API carries. */
export interface SegmentRequest {
  readonly events: readonly unknown[];
  /** The client's clock when it sent the request; null when it did not say. */
  readonly sentAt: EpochMs | null;
  /** Segment's own client repeats its key here, and browsers send it nowhere else. */
  readonly writeKey: string | null;
}

/** Takes a request body apart, or returns null when it isn't one.
 * @param route last part of the path: `batch` or the type of the one event in the body */
export function readSegmentRequest(route: 'batch' | CallType, body: unknown): SegmentRequest | null {
  if (!isObject(body)) return null;
  const envelope = { sentAt: readTime(own(body, 'sentAt')), writeKey: textAt(body, 'writeKey') ?? null };
  if (route !== 'batch') {
    // The key stays out of what may be stored.
    const { writeKey: _, ...event } = body;
    return { ...envelope, events: [{ ...event, type: route }] };
  }
  const batch = own(body, 'batch');
  if (!Array.isArray(batch)) return null;
  const shared = own(body, 'context');
  return { ...envelope, events: isObject(shared) ? batch.map((event) => withContext(event, shared)) : batch };
}

/** A batch's own context counts for each of its events, which may overrule it (Segment's HTTP API, "batch"). */
const withContext = (event: unknown, shared: object): unknown => {
  if (!isObject(event)) return event;
  const context = own(event, 'context');
  return { ...event, context: isObject(context) ? { ...shared, ...context } : (context ?? shared) };
};

/** Clocks closer than this agree: the rest is the way over the network. */
const SKEW_MS_MIN = 5 * MINUTE_MS;

/** When an event happened, by our clock. */
export interface Occurrence {
  readonly at: EpochMs;
  /** It rests on the time of receipt: sent again, the event may be given another time. */
  readonly isEstimated: boolean;
}

/**
 * When an event happened; null when its time is unreadable. Without a time it is the time of receipt.
 *
 * Segment computes `receivedAt - (sentAt - originalTimestamp)`, which gives each retry of an event another time. Here
 * a client whose clock is within five minutes of ours is believed as it is, so that a retry gives the same time to
 * the millisecond; a clock further off is corrected by its error rounded to whole minutes, so that a retry differs at
 * most at the edge of a minute. (Duplicates are told by `messageId`; where a time is estimated, whatever time the other
 * copy was given, so nothing counts twice.)
 * `timestamp` is when the caller says it happened; RudderStack's `originalTimestamp` is when its client took it.
 */
export function occurrenceOf(event: unknown, sentAt: EpochMs | null, receivedAt: EpochMs): Occurrence | null {
  const stated = own(event, 'timestamp') ?? own(event, 'originalTimestamp');
  if (stated === undefined || stated === null) return { at: receivedAt, isEstimated: true };
  const at = readTime(stated);
  const sent = sentAt ?? readTime(own(event, 'sentAt'));
  if (at === null) return null;
  const skew = sent === null ? 0 : receivedAt - sent;
  return Math.abs(skew) < SKEW_MS_MIN
    ? { at, isEstimated: false }
    : { at: at + Math.round(skew / MINUTE_MS) * MINUTE_MS, isEstimated: true };
}
