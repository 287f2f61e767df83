import { crc32 } from 'node:zlib';
import type { MessageToken } from '../../contracts/ids.ts';
import type { Signal } from '../../contracts/signal.ts';
import { type EpochMs, MINUTE_MS } from '../../kernel/time.ts';

/**
 * Which messages an atom has counted: how effects happen once (law 2), exactly and for ever, in bounded space.
 *
 * The atom's own item holds a window of the newest messages. When it grows past {@link WINDOW_MAX}, the oldest move to
 * pages, items of their own, and `floorMinute` remembers how far. A message newer than the floor can only be in the
 * window, so the common case reads nothing more; an older one (late, or an old duplicate) costs one query of pages, and so
 * does one whose time is an estimate, since its other copy may have been given another.
 *
 * Only messages that are already durable in the window move to a page, and the page is written first: a crash between
 * the two writes leaves a message in both places, which changes nothing, never in neither.
 *
 * Each entry carries a tag of the stream delivery that brought it, so that a redelivery of the same record (its
 * evidence may be missing) is told from a second sending by the client (a duplicate).
 */
export interface SeenEntry {
  /** First 48 bits of the message token, as 8 base64url characters; compared with at most a few hundred others. */
  readonly message: string;
  /** Minute of `occurredAt`, since the epoch. */
  readonly minute: number;
  /** {@link deliveryTag} of the record that brought it. */
  readonly tag: number;
}

export interface SeenWindow {
  readonly entries: readonly SeenEntry[];
  /** Newest minute that ever moved to a page; -1 when none did. */
  readonly floorMinute: number;
}

export const EMPTY_WINDOW: SeenWindow = { entries: [], floorMinute: -1 };
export const WINDOW_MAX = 26;
const WINDOW_AFTER_PAGING = 2;
/** Entries of a page: below 1 KB, one write unit. */
export const PAGE_MAX = 90;

export interface SeenPage {
  /** Sorts by the newest minute in the page; the rest of the key follows from the content, so writing it again is safe. */
  readonly key: string;
  readonly messages: readonly string[];
  readonly newestMinute: number;
}

export const messagePrefix = (token: MessageToken): string => token.slice(0, 8);
export const minuteOf = (at: EpochMs): number => Math.floor(at / MINUTE_MS);

/** 31 bits that name one event's place in the stream, the same at every redelivery of its record. The lowest of the 32 says
 * how it ended: see {@link withheldTag}. */
export const deliveryTag = (shardId: string, sequenceNumber: string, index: number): number =>
  (crc32(`${shardId}:${sequenceNumber}:${index}`) & ~1) >>> 0;

/** The earliest time under which another copy of a message may be remembered: its own; any, where that is estimated. */
export const rememberedFrom = ({
  occurredAt,
  timeEstimated,
}: Pick<Signal, 'occurredAt' | 'timeEstimated'>): EpochMs => (timeEstimated === true ? 0 : occurredAt);

/** Whether telling new from seen needs the atom's pages.
 * @param from {@link rememberedFrom} */
export const needsPages = (floorMinute: number, from: EpochMs): boolean => minuteOf(from) <= floorMinute;

/** How a message is remembered that was withheld, for the choice in it: told from one that was applied. */
export const withheldTag = (tag: number): number => (tag | 1) >>> 0;
export const isWithheld = ({ tag }: SeenEntry): boolean => (tag & 1) === 1;

export type Sighting = 'new' | 'redelivered' | 'redelivered-withheld' | 'duplicate';

/** The window by message, for looking up many at once. */
export const tagsByMessage = (window: SeenWindow): Map<string, number> =>
  new Map(window.entries.map((entry) => [entry.message, entry.tag]));

/** What this message is to the atom.
 * @param known {@link tagsByMessage} of its window, and what the batch has added to it so far.
 * @param paged messages found in the atom's pages, when {@link needsPages} asked for them. */
export function sight(
  known: ReadonlyMap<string, number>,
  paged: ReadonlySet<string>,
  message: string,
  tag: number,
): Sighting {
  const knownTag = known.get(message);
  if (knownTag !== undefined) {
    if (knownTag === tag) return 'redelivered';
    return knownTag === withheldTag(tag) ? 'redelivered-withheld' : 'duplicate';
  }
  return paged.has(message) ? 'duplicate' : 'new';
}

/** Adds new messages, and moves the oldest of the *stored* ones to pages when the window has grown too large. */
export function remember(
  stored: SeenWindow,
  added: readonly SeenEntry[],
): { window: SeenWindow; pages: readonly SeenPage[] } {
  if (stored.entries.length <= WINDOW_MAX) {
    return { window: { entries: [...stored.entries, ...added], floorMinute: stored.floorMinute }, pages: [] };
  }
  const byAge = [...stored.entries].sort((a, b) => a.minute - b.minute || (a.message < b.message ? -1 : 1));
  const moved = byAge.slice(0, byAge.length - WINDOW_AFTER_PAGING);
  const kept = byAge.slice(moved.length);
  const pages: SeenPage[] = [];
  for (let from = 0; from < moved.length; from += PAGE_MAX)
    pages.push(pageOf(moved.slice(from, from + PAGE_MAX)));
  const floorMinute = Math.max(stored.floorMinute, moved.at(-1)?.minute ?? -1);
  return { window: { entries: [...kept, ...added], floorMinute }, pages };
}

const PAGE_KEY_PREFIX = 'seen#';
const padded = (minute: number): string => String(minute).padStart(10, '0');

function pageOf(entries: readonly SeenEntry[]): SeenPage {
  const messages = entries.map((entry) => entry.message);
  const newestMinute = entries.at(-1)?.minute ?? 0;
  return {
    key: `${PAGE_KEY_PREFIX}${padded(newestMinute)}#${crc32(messages.join())}-${messages.length}`,
    messages,
    newestMinute,
  };
}

/** Keys of the pages that may hold a message of `occurredAt` or later lie from here to {@link PAGES_END}. */
export const pagesFrom = (occurredAt: EpochMs): string => `${PAGE_KEY_PREFIX}${padded(minuteOf(occurredAt))}`;
export const PAGES_END = `${PAGE_KEY_PREFIX}~`;

const ENTRY_BYTES = 14;

/** The window at rest: 14 bytes an entry (6 message, 4 minute, 4 tag). */
export function encodeWindow(window: SeenWindow): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 + window.entries.length * ENTRY_BYTES);
  bytes.writeInt32BE(window.floorMinute, 0);
  let at = 4;
  for (const entry of window.entries) {
    bytes.write(entry.message, at, 6, 'base64url');
    bytes.writeUInt32BE(entry.minute, at + 6);
    bytes.writeUInt32BE(entry.tag, at + 10);
    at += ENTRY_BYTES;
  }
  return bytes;
}

const bufferOver = (encoded: Uint8Array): Buffer =>
  Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);

/** The `floorMinute` of a window at rest, without reading its entries. */
export const floorMinuteOf = (encoded: Uint8Array): number => bufferOver(encoded).readInt32BE(0);

export function decodeWindow(encoded: Uint8Array): SeenWindow {
  const bytes = bufferOver(encoded);
  const entries: SeenEntry[] = [];
  for (let at = 4; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    entries.push({
      message: bytes.toString('base64url', at, at + 6),
      minute: bytes.readUInt32BE(at + 6),
      tag: bytes.readUInt32BE(at + 10),
    });
  }
  return { entries, floorMinute: floorMinuteOf(encoded) };
}
