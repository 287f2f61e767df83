import { type IdentityOrder, isIdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import type { Signal } from '../../contracts/signal.ts';
import { endsOf, type MatchLink } from '../../contracts/subject.ts';
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
  /** Processing is restricted: nothing of it counts but the choice that it carries. */
  readonly restricted?: true;
}

const NOT_APPLIED: Recorded = { allowed: [], since: null };

/** One order with where in the stream it came from. */
export interface OrderDelivery {
  readonly order: IdentityOrder;
  readonly sequenceNumber: string;
  readonly bucket: string;
}

/** What matching concluded from a micro-batch. */
export interface BatchMatches {
  readonly links: readonly MatchLink[];
  readonly withdrawn: readonly (readonly [AtomId, AtomId])[];
}
export const NO_MATCHES: BatchMatches = { links: [], withdrawn: [] };

/** Pairs of atoms that a match joins, or joined. */
export const pairsOf = ({ links, withdrawn }: BatchMatches): readonly (readonly [AtomId, AtomId])[] => [
  ...links.map(({ a, b }) => [a, b] as const),
  ...withdrawn,
];

/** What a micro-batch brought. */
export interface Batch {
  /** Signals by atom, in stream order. */
  readonly byAtom: ReadonlyMap<AtomId, readonly Delivery[]>;
  readonly orders: readonly OrderDelivery[];
  readonly matches: BatchMatches;
}

/** What the records hold. We wrote the records ourselves, so their shape is trusted. */
export function batchOf(records: readonly StreamRecord[]): Batch {
  const byAtom = new Map<AtomId, Delivery[]>();
  const orders: OrderDelivery[] = [];
  for (const { shardId, sequenceNumber, partitionKey: bucket, values, recorded } of records) {
    for (const [index, value] of (values ?? []).entries()) {
      if (isIdentityOrder(value)) {
        orders.push({ order: value, sequenceNumber, bucket });
        continue;
      }
      const signal = value as Signal;
      const atomId = signal.identifiers[0].token;
      const tag = deliveryTag(shardId, sequenceNumber, index);
      const delivery: Delivery = {
        signal,
        atomId,
        tag,
        sequenceNumber,
        bucket,
        ...(recorded === undefined ? {} : { recorded: recorded[index] ?? NOT_APPLIED }),
      };
      const own = byAtom.get(atomId);
      if (own === undefined) byAtom.set(atomId, [delivery]);
      else own.push(delivery);
    }
  }
  return { byAtom, orders, matches: NO_MATCHES };
}

/** Every identifier that an order is about. */
export const tokensOfOrder = ({ decisions, severed }: IdentityOrder): readonly IdentifierToken[] => [
  ...decisions.flatMap(({ a, b }) => [a, b]),
  ...severed.flatMap(endsOf),
];

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
