import {
  DAY_PARTS,
  type ProfileState,
  type RevocablePart,
  type WeekCounts,
} from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { Fact, Signal } from '../../contracts/signal.ts';
import { unreachable } from '../../kernel/invariant.ts';
import { MINUTE_MS, weekOf } from '../../kernel/time.ts';
import type { Rest } from '../../rights/consent/permission.ts';
import { withFewParts } from './revocable.ts';
import { addExact, EMPTY_STATE, mergeParts, mergeStates } from './state.ts';

/** Purposes for which the profile is kept. A signal applied for others only (analytics, say) is archived and counted,
 * and leaves no trace in the profile. */
const PROFILE_PURPOSES: ReadonlySet<Purpose> = new Set(['service', 'personalisation', 'profiling']);

const NO_COUNTS: WeekCounts = {
  orders: 0,
  orderValueMinor: 0,
  refunds: 0,
  visitDepth: 0,
  contacts: 0,
  feedback: 0,
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Folds the signals into the state. Each must be new to the atom (see `seen.ts`); then any order, split or interleaving
 * gives the same state.
 * @param allowed the purposes each signal is applied for, aligned with `signals`.
 * @param rests what each signal's facts rest on, aligned too; null or absent when a contract carries them. */
export function foldSignals(
  state: ProfileState,
  signals: readonly Signal[],
  allowed: readonly (readonly Purpose[])[],
  rests: readonly (Rest | null)[] = [],
): ProfileState {
  const carried: Signal[] = [];
  const revocable = new Map<string, { rest: Rest; signals: Signal[] }>();
  for (const [index, signal] of signals.entries()) {
    const purposes = (allowed[index] ?? []).filter((purpose) => PROFILE_PURPOSES.has(purpose));
    if (purposes.length === 0) continue;
    const rest = rests[index] ?? null;
    if (rest === null) {
      carried.push(signal);
      continue;
    }
    const key = `${purposes.join('+')} ${rest.since}`;
    const part = revocable.get(key) ?? { rest: { purposes, since: rest.since }, signals: [] };
    part.signals.push(signal);
    revocable.set(key, part);
  }
  const folded = foldAll(state, carried);
  if (revocable.size === 0) return folded;
  const added = [...revocable.values()].map(
    ({ rest, signals: own }): RevocablePart => ({ ...rest, facts: foldAll(EMPTY_STATE, own) }),
  );
  return { ...folded, revocable: withFewParts(mergeParts(folded.revocable, added)) };
}

function foldAll(state: ProfileState, signals: readonly Signal[]): ProfileState {
  if (signals.length === 0) return state;
  const added: Mutable<ProfileState> = { ...EMPTY_STATE, channels: {}, deliveryParts: {}, flags: {} };
  const weeks = new Map<number, Mutable<WeekCounts>>();
  const recent = { orders: [] as number[], contacts: [] as number[], refunds: [] as number[] };
  for (const signal of signals) {
    const at = signal.occurredAt;
    added.firstSeenAt = added.firstSeenAt === null ? at : Math.min(added.firstSeenAt, at);
    added.lastSeenAt = added.lastSeenAt === null ? at : Math.max(added.lastSeenAt, at);
    for (const fact of signal.facts) foldFact(added, weeks, recent, fact, at);
  }
  added.signals = signals.length;
  added.weeks = weeks;
  added.recentOrders = recent.orders.sort(descending);
  added.recentContacts = recent.contacts.sort(descending);
  added.recentRefunds = recent.refunds.sort(descending);
  // Merging with a copy of the neutral element trims what the merge trims: the newest few, and weeks gone by.
  return mergeStates(state === EMPTY_STATE ? { ...EMPTY_STATE } : state, added);
}

const descending = (a: number, b: number): number => b - a;

function foldFact(
  to: Mutable<ProfileState>,
  weeks: Map<number, Mutable<WeekCounts>>,
  recent: { orders: number[]; contacts: number[]; refunds: number[] },
  fact: Fact,
  at: number,
): void {
  const minute = Math.floor(at / MINUTE_MS);
  const week = (): Mutable<WeekCounts> => {
    const number = weekOf(at);
    const counts = weeks.get(number) ?? { ...NO_COUNTS };
    weeks.set(number, counts);
    return counts;
  };
  switch (fact.kind) {
    case 'order': {
      to.orders += 1;
      to.items = addExact(to.items, fact.items);
      to.orderValueMinor = addExact(to.orderValueMinor, fact.valueMinor);
      to.orderValueSquares = addExact(to.orderValueSquares, Math.round(fact.valueMinor / 100) ** 2);
      to.firstOrderAt = to.firstOrderAt === null ? at : Math.min(to.firstOrderAt, at);
      to.lastOrderAt = to.lastOrderAt === null ? at : Math.max(to.lastOrderAt, at);
      to.cartClosedAt = to.cartClosedAt === null ? at : Math.max(to.cartClosedAt, at);
      recent.orders.push(minute);
      const counts = week();
      counts.orders += 1;
      counts.orderValueMinor = addExact(counts.orderValueMinor, fact.valueMinor);
      return;
    }
    case 'refund':
      to.refunds += 1;
      to.refundValueMinor = addExact(to.refundValueMinor, fact.valueMinor);
      recent.refunds.push(minute);
      week().refunds += 1;
      return;
    case 'visit':
      to.visits += 1;
      week().visitDepth += fact.depth;
      return;
    case 'cart':
      if (!fact.open) to.cartClosedAt = to.cartClosedAt === null ? at : Math.max(to.cartClosedAt, at);
      else if (to.cartOpenedAt === null || at > to.cartOpenedAt) {
        to.cartOpenedAt = at;
        to.cartValueMinor = fact.valueMinor;
      } else if (at === to.cartOpenedAt) to.cartValueMinor = Math.max(to.cartValueMinor, fact.valueMinor);
      return;
    case 'contact':
      to.contacts += 1;
      if (fact.escalated) to.escalations += 1;
      to.channels = { ...to.channels, [fact.channel]: (to.channels[fact.channel] ?? 0) + 1 };
      recent.contacts.push(minute);
      week().contacts += 1;
      return;
    case 'resolution':
      to.resolutions += 1;
      if (fact.firstContact) to.firstContactResolutions += 1;
      to.resolutionMinutes = addExact(to.resolutionMinutes, fact.minutes);
      return;
    case 'delivery': {
      to.deliveries += 1;
      if (fact.onTime) to.deliveriesOnTime += 1;
      const part = DAY_PARTS[Math.floor(fact.hour / 6)] ?? 'night';
      to.deliveryParts = { ...to.deliveryParts, [part]: (to.deliveryParts[part] ?? 0) + 1 };
      return;
    }
    case 'satisfaction':
    case 'effort': {
      const moments = to[fact.kind];
      to[fact.kind] = {
        count: moments.count + 1,
        sum: moments.sum + fact.score,
        sumSquares: moments.sumSquares + fact.score ** 2,
      };
      week().feedback += 1;
      return;
    }
    case 'flag':
      to.flags = { ...to.flags, [fact.code]: (to.flags[fact.code] ?? 0) + 1 };
      return;
    case 'consent':
    case 'age':
      return; // What permission is asked from is folded apart, whether or not the signal itself may be applied.
    default:
      unreachable(fact);
  }
}
