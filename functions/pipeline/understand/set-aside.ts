import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId } from '../../contracts/ids.ts';
import type { SuppressedReason, WithheldReason } from '../../contracts/outcomes.ts';
import { happenedBy } from '../../contracts/signal.ts';
import { subjectIdOf } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { type Delivery, tokensOfOrder } from './delivery.ts';
import type { Ending } from './judge.ts';
import type { World } from './ports.ts';
import type { Unit } from './world.ts';

/**
 * Takes out of a unit what erasure or restriction forbids to look at (law 8): it is neither linked nor folded, and
 * choices in it count for nothing. A signal from before an erasure that names any identifier of the erased customer is
 * suppressed, wherever it comes from; one from after it is a new customer's. One that was received before it is from before
 * it, whatever its sender's clock says.
 */
export function setAside(
  unit: Unit,
  world: World,
  now: EpochMs,
): { readonly unit: Unit; readonly endings: readonly Ending[] } {
  const endings: Ending[] = [];
  const kept = new Map<AtomId, readonly Delivery[]>();
  for (const [atomId, deliveries] of unit.deliveries) {
    const allowed = deliveries.filter((delivery) => {
      const ending = endingOf(delivery, world, now);
      if (ending !== null) endings.push(ending);
      return ending === null;
    });
    if (allowed.length > 0) kept.set(atomId, allowed.length === deliveries.length ? deliveries : allowed);
  }
  const orders = unit.orders.filter(({ order }) => !isOverErased(order, world));
  const isWhole = endings.length === 0 && orders.length === unit.orders.length;
  return isWhole ? { unit, endings } : { unit: { ...unit, deliveries: kept, orders }, endings };
}

/** An order about somebody who was erased after it was given: there is nothing left to join or part. */
const isOverErased = (order: IdentityOrder, world: World): boolean =>
  tokensOfOrder(order).some((token) => order.receivedAt <= (world.nodes.get(token)?.erasedAt ?? -1));

function endingOf(delivery: Delivery, world: World, now: EpochMs): Ending | null {
  let reason: SuppressedReason | WithheldReason | null = null;
  for (const { token } of delivery.signal.identifiers) {
    const node = world.nodes.get(token);
    if (node === undefined) continue;
    if (node.erasedAt !== null && happenedBy(delivery.signal) <= node.erasedAt) reason = 'subject-erased';
    else if (node.restrictedUntil !== null && now < node.restrictedUntil) reason ??= 'processing-restricted';
  }
  if (reason === null) return null;
  return {
    delivery,
    subjectId: subjectIdOf([delivery.atomId]),
    outcome: reason === 'subject-erased' ? 'suppressed' : 'withheld',
    reason,
    allowed: [],
    since: null,
    version: 0,
    repeated: false,
    redelivered: false,
  };
}
