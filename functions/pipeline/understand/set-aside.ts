import type { IdentityOrder } from '../../contracts/identity-order.ts';
import type { AtomId, IdentifierToken } from '../../contracts/ids.ts';
import type { SuppressedReason, WithheldReason } from '../../contracts/outcomes.ts';
import { STEWARDSHIP } from '../../contracts/person.ts';
import { isRestrictedAt } from '../../contracts/restriction.ts';
import { happenedBy } from '../../contracts/signal.ts';
import { subjectIdOf } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { carriesChoice } from '../../rights/consent/state.ts';
import { type Delivery, tokensOfOrder } from './delivery.ts';
import type { Ending } from './judge.ts';
import type { World } from './ports.ts';
import type { Unit } from './world.ts';

/**
 * Takes out of a unit what erasure or restriction forbids to look at (law 8): it is neither linked nor folded. A signal
 * from before an erasure that names any identifier of the erased customer is suppressed, wherever it comes from, and
 * choices in it count for nothing; one from after it is a new customer's. One that was received before it is from before it,
 * whatever its sender's clock says. While processing is restricted the choice in a signal counts all the same, alone: what is
 * taken back is taken back (GDPR art. 7(3)), and what is granted holds once the restriction ends. So does a correction, for
 * which processing may be restricted (art. 18(1)(a)).
 */
export function setAside(
  unit: Unit,
  world: World,
  now: EpochMs,
): { readonly unit: Unit; readonly endings: readonly Ending[] } {
  const endings: Ending[] = [];
  const kept = new Map<AtomId, readonly Delivery[]>();
  let isWhole = true;
  for (const [atomId, deliveries] of unit.deliveries) {
    const allowed: Delivery[] = [];
    for (const delivery of deliveries) {
      const reason = forbiddenBy(delivery, world, now);
      const left = reason === null ? delivery : leftOf(delivery, reason);
      if (left !== null) allowed.push(left);
      else if (reason !== null) endings.push(endingOf(delivery, reason));
      isWhole &&= left === delivery;
    }
    if (allowed.length > 0) kept.set(atomId, allowed);
  }
  const orders = unit.orders.filter(({ order }) => !isOverErased(order, world));
  isWhole &&= orders.length === unit.orders.length;
  return isWhole ? { unit, endings } : { unit: { ...unit, deliveries: kept, orders }, endings };
}

/** An order about somebody who was erased after it was given: there is nothing left to join or part. */
const isOverErased = (order: IdentityOrder, world: World): boolean =>
  tokensOfOrder(order).some((token) => order.receivedAt <= (world.nodes.get(token)?.erasedAt ?? -1));

/** Whether processing of any of the nodes is restricted. */
export const isRestricted = (tokens: readonly IdentifierToken[], world: World, now: EpochMs): boolean =>
  isRestrictedAt(
    tokens.map((token) => world.nodes.get(token)),
    now,
  );

type Forbidden = 'subject-erased' | 'processing-restricted';

function forbiddenBy({ signal }: Delivery, world: World, now: EpochMs): Forbidden | null {
  let reason: Forbidden | null = null;
  for (const { token } of signal.identifiers) {
    const node = world.nodes.get(token);
    if (node === undefined) continue;
    if (happenedBy(signal) <= (node.erasedAt ?? -1)) return 'subject-erased';
    if (isRestrictedAt([node], now)) reason = 'processing-restricted';
  }
  return reason;
}

/** What of a forbidden signal counts all the same; null: nothing. */
function leftOf(delivery: Delivery, reason: Forbidden): Delivery | null {
  if (reason === 'subject-erased') return null;
  if (delivery.signal.sourceId === STEWARDSHIP) return delivery;
  return carriesChoice(delivery.signal) ? { ...delivery, restricted: true } : null;
}

const endingOf = (delivery: Delivery, reason: SuppressedReason | WithheldReason): Ending => ({
  delivery,
  subjectId: subjectIdOf([delivery.atomId]),
  outcome: reason === 'subject-erased' ? 'suppressed' : 'withheld',
  reason,
  allowed: [],
  since: null,
  version: 0,
  repeated: false,
  redelivered: false,
});
