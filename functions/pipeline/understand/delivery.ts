import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import type { Signal } from '../../contracts/signal.ts';
import type { Recorded } from '../../rights/consent/permission.ts';
import { deliveryTag } from '../3-profile/seen.ts';

/** A stream record as the shell hands it over: unpacked, or (when it could not be read) raw. */
export type StreamRecord = {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** Replay only: for each value what was found when it first came. Permission is not asked again, since it may have changed
   * since. */
  readonly recorded?: readonly Recorded[];
} & ({ readonly values: readonly unknown[] } | { readonly values: null; readonly raw: Uint8Array });

/** One signal with where in the stream it came from. */
export interface Delivery {
  readonly signal: Signal;
  readonly atomId: AtomId;
  readonly tag: number;
  readonly sequenceNumber: string;
  readonly bucket: string;
  /** Replay only: see {@link StreamRecord}. */
  readonly recorded?: Recorded;
}

const NOT_APPLIED: Recorded = { allowed: [], since: null };

/** The signals of the records, by atom, in stream order. We wrote the records ourselves, so their shape is trusted. */
export function deliveriesByAtom(records: readonly StreamRecord[]): ReadonlyMap<AtomId, readonly Delivery[]> {
  const byAtom = new Map<AtomId, Delivery[]>();
  for (const record of records) {
    for (const [index, value] of (record.values ?? []).entries()) {
      const signal = value as Signal;
      const atomId = signal.identifiers[0].token;
      const delivery: Delivery = {
        signal,
        atomId,
        tag: deliveryTag(record.shardId, record.sequenceNumber, index),
        sequenceNumber: record.sequenceNumber,
        bucket: record.partitionKey,
        ...(record.recorded === undefined ? {} : { recorded: record.recorded[index] ?? NOT_APPLIED }),
      };
      const own = byAtom.get(atomId);
      if (own === undefined) byAtom.set(atomId, [delivery]);
      else own.push(delivery);
    }
  }
  return byAtom;
}

/** 48 bits of a token, for the list of identifiers an atom has been seen with. */
export const linkPrefix = (token: IdentifierToken): string => {
  const from = token.indexOf('.') + 1;
  return token.slice(from, from + 8);
};

const PREFIX_BYTES = 6;

export function decodeLinks(links: Uint8Array): ReadonlySet<string> {
  const bytes = Buffer.from(links.buffer, links.byteOffset, links.byteLength);
  const prefixes = new Set<string>();
  for (let at = 0; at + PREFIX_BYTES <= bytes.length; at += PREFIX_BYTES)
    prefixes.add(bytes.toString('base64url', at, at + PREFIX_BYTES));
  return prefixes;
}

export const encodeLinks = (prefixes: ReadonlySet<string>): Uint8Array =>
  Buffer.from([...prefixes].sort().join(''), 'base64url');
