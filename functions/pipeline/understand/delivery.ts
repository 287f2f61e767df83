import {
  type ConcludedMatches,
  type IdentityOrder,
  isIdentityOrder,
} from '../../contracts/identity-order.ts';
import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import type { Place } from '../../contracts/sent-again.ts';
import type { Signal } from '../../contracts/signal.ts';
import { endsOf } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
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
  /** Where it first lay, when a function gave up on it and it was sent again. */
  readonly firstPlace?: Place;
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
export interface BatchMatches extends ConcludedMatches {
  /** When, by a clock that was read after all that it was concluded from. So of two conclusions about one pair the one that
   * knew of the other is the later, however long a batch is tried. */
  readonly at: EpochMs;
}
export const NO_MATCHES: BatchMatches = { links: [], withdrawn: [], at: 0 };

/** Pairs of atoms that a match joins, or joined. */
export const pairsOf = ({ links, withdrawn }: ConcludedMatches): readonly (readonly [AtomId, AtomId])[] => [
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
  for (const record of records) {
    const { sequenceNumber, partitionKey: bucket, values, recorded } = record;
    const first = record.firstPlace ?? record;
    for (const [index, value] of (values ?? []).entries()) {
      if (isIdentityOrder(value)) {
        orders.push({ order: value, sequenceNumber, bucket });
        continue;
      }
      const signal = value as Signal;
      const atomId = signal.identifiers[0].token;
      const tag = deliveryTag(first.shardId, first.sequenceNumber, index);
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
export const tokensOfOrder = ({
  decisions,
  severed,
  concluded = NO_MATCHES,
}: IdentityOrder): readonly IdentifierToken[] => [
  ...decisions.flatMap(({ a, b }) => [a, b]),
  ...severed.flatMap(endsOf),
  ...pairsOf(concluded).flat(),
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
