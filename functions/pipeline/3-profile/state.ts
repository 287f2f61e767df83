import { EMPTY_CONSENT } from '../../contracts/consent.ts';
import {
  type Moments,
  type ProfileState,
  RECENT_KEPT,
  type RevocablePart,
  WEEKS_KEPT,
  type WeekCounts,
} from '../../contracts/profile.ts';
import { type EpochMs, weekOf } from '../../kernel/time.ts';
import { mergeConsent } from '../../rights/consent/state.ts';

const NO_MOMENTS: Moments = { count: 0, sum: 0, sumSquares: 0 };
const NO_WEEKS: ReadonlyMap<number, WeekCounts> = new Map();

/** The state of an atom that has seen nothing: the neutral element of {@link mergeStates}. */
export const EMPTY_STATE: ProfileState = {
  signals: 0,
  firstSeenAt: null,
  lastSeenAt: null,
  orders: 0,
  orderValueMinor: 0,
  orderValueSquares: 0,
  items: 0,
  firstOrderAt: null,
  lastOrderAt: null,
  refunds: 0,
  refundValueMinor: 0,
  visits: 0,
  contacts: 0,
  escalations: 0,
  resolutions: 0,
  firstContactResolutions: 0,
  resolutionMinutes: 0,
  deliveries: 0,
  deliveriesOnTime: 0,
  satisfaction: NO_MOMENTS,
  effort: NO_MOMENTS,
  channels: {},
  deliveryParts: {},
  flags: {},
  weeks: NO_WEEKS,
  recentOrders: [],
  recentContacts: [],
  recentRefunds: [],
  cartOpenedAt: null,
  cartValueMinor: 0,
  cartClosedAt: null,
  consent: EMPTY_CONSENT,
  revocable: [],
};

/** Sums stop here instead of losing exactness: a saturating sum of non-negative whole numbers still merges in any order. */
export const addExact = (a: number, b: number): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);

export const earliest = (a: EpochMs | null, b: EpochMs | null): EpochMs | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

export const latest = (a: EpochMs | null, b: EpochMs | null): EpochMs | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

/** The newest few of both, newest first. Two at the same minute both count. */
export function newest(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b.length <= RECENT_KEPT ? b : b.slice(0, RECENT_KEPT);
  return [...a, ...b].sort((x, y) => y - x).slice(0, RECENT_KEPT);
}

const addMoments = (a: Moments, b: Moments): Moments => ({
  count: a.count + b.count,
  sum: addExact(a.sum, b.sum),
  sumSquares: addExact(a.sumSquares, b.sumSquares),
});

function addCounts<K extends string>(
  a: Readonly<Partial<Record<K, number>>>,
  b: Readonly<Partial<Record<K, number>>>,
): Readonly<Partial<Record<K, number>>> {
  const sum: Partial<Record<K, number>> = { ...a };
  for (const key in b) sum[key] = (sum[key] ?? 0) + (b[key] ?? 0);
  return sum;
}

const addWeek = (a: WeekCounts, b: WeekCounts): WeekCounts => ({
  orders: a.orders + b.orders,
  orderValueMinor: addExact(a.orderValueMinor, b.orderValueMinor),
  refunds: a.refunds + b.refunds,
  visitDepth: a.visitDepth + b.visitDepth,
  contacts: a.contacts + b.contacts,
  feedback: a.feedback + b.feedback,
});

/** Drops weeks that lie further back than {@link WEEKS_KEPT} from the newest signal. What is kept depends on the newest
 * time alone, and so not on the order of arrival. */
export function keptWeeks(
  weeks: ReadonlyMap<number, WeekCounts>,
  lastSeenAt: EpochMs | null,
): ReadonlyMap<number, WeekCounts> {
  if (lastSeenAt === null) return weeks;
  const oldest = weekOf(lastSeenAt) - WEEKS_KEPT + 1;
  for (const week of weeks.keys()) {
    if (week < oldest) return new Map([...weeks].filter(([each]) => each >= oldest));
  }
  return weeks;
}

function addWeeks(
  a: ReadonlyMap<number, WeekCounts>,
  b: ReadonlyMap<number, WeekCounts>,
): ReadonlyMap<number, WeekCounts> {
  if (b.size === 0) return a;
  const sum = new Map(a);
  for (const [week, counts] of b) {
    const own = sum.get(week);
    sum.set(week, own === undefined ? counts : addWeek(own, counts));
  }
  return sum;
}

const keyOf = ({ purposes, since }: RevocablePart): string => `${purposes.join('+')} ${since}`;

/** The parts of both, those that rest on the same merged, in one order. */
export function mergeParts(
  a: readonly RevocablePart[],
  b: readonly RevocablePart[],
): readonly RevocablePart[] {
  if (b.length === 0) return a;
  const parts = new Map<string, RevocablePart>();
  for (const part of [...a, ...b]) {
    const own = parts.get(keyOf(part));
    parts.set(keyOf(part), own === undefined ? part : { ...own, facts: mergeStates(own.facts, part.facts) });
  }
  return [...parts]
    .sort(([x, one], [y, other]) => one.since - other.since || (x < y ? -1 : 1))
    .map(([, part]) => part);
}

/** The newer opening, and of two at the same instant the dearer cart. */
function newerCart(a: ProfileState, b: ProfileState): Pick<ProfileState, 'cartOpenedAt' | 'cartValueMinor'> {
  const aAt = a.cartOpenedAt ?? Number.NEGATIVE_INFINITY;
  const bAt = b.cartOpenedAt ?? Number.NEGATIVE_INFINITY;
  const winner = aAt > bAt || (aAt === bAt && a.cartValueMinor >= b.cartValueMinor) ? a : b;
  return { cartOpenedAt: winner.cartOpenedAt, cartValueMinor: winner.cartValueMinor };
}

/** Merges two states over different signals. Commutative and associative, with {@link EMPTY_STATE} neutral: this is what
 * a subject's profile is made by, and why merging two subjects moves no data. */
export function mergeStates(a: ProfileState, b: ProfileState): ProfileState {
  if (a === EMPTY_STATE) return b;
  if (b === EMPTY_STATE) return a;
  const lastSeenAt = latest(a.lastSeenAt, b.lastSeenAt);
  return {
    signals: a.signals + b.signals,
    firstSeenAt: earliest(a.firstSeenAt, b.firstSeenAt),
    lastSeenAt,
    orders: a.orders + b.orders,
    orderValueMinor: addExact(a.orderValueMinor, b.orderValueMinor),
    orderValueSquares: addExact(a.orderValueSquares, b.orderValueSquares),
    items: addExact(a.items, b.items),
    firstOrderAt: earliest(a.firstOrderAt, b.firstOrderAt),
    lastOrderAt: latest(a.lastOrderAt, b.lastOrderAt),
    refunds: a.refunds + b.refunds,
    refundValueMinor: addExact(a.refundValueMinor, b.refundValueMinor),
    visits: a.visits + b.visits,
    contacts: a.contacts + b.contacts,
    escalations: a.escalations + b.escalations,
    resolutions: a.resolutions + b.resolutions,
    firstContactResolutions: a.firstContactResolutions + b.firstContactResolutions,
    resolutionMinutes: addExact(a.resolutionMinutes, b.resolutionMinutes),
    deliveries: a.deliveries + b.deliveries,
    deliveriesOnTime: a.deliveriesOnTime + b.deliveriesOnTime,
    satisfaction: addMoments(a.satisfaction, b.satisfaction),
    effort: addMoments(a.effort, b.effort),
    channels: addCounts(a.channels, b.channels),
    deliveryParts: addCounts(a.deliveryParts, b.deliveryParts),
    flags: addCounts(a.flags, b.flags),
    weeks: keptWeeks(addWeeks(a.weeks, b.weeks), lastSeenAt),
    recentOrders: newest(a.recentOrders, b.recentOrders),
    recentContacts: newest(a.recentContacts, b.recentContacts),
    recentRefunds: newest(a.recentRefunds, b.recentRefunds),
    ...newerCart(a, b),
    cartClosedAt: latest(a.cartClosedAt, b.cartClosedAt),
    consent: mergeConsent(a.consent, b.consent),
    revocable: mergeParts(a.revocable, b.revocable),
  };
}
