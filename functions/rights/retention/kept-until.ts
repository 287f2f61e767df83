import { type ConsentState, isEmptyConsent } from '../../contracts/consent.ts';
import type { ProfileState } from '../../contracts/profile.ts';
import { TABLE_RECOVERY_DAYS } from '../../contracts/retention.ts';
import type { EventClass } from '../../contracts/signal.ts';
import { EVENT_CLASSES } from '../../contracts/signal.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { Retention, Sourced } from '../../registry/jurisdiction-definition.ts';

/** How long a jurisdiction keeps each event class. */
export type RetentionByClass = Readonly<Record<EventClass, Sourced<Retention>>>;

/** Event classes that left something in a profile's state. A state in which only the number of signals is left rests on
 * `other`: on nothing that would be a reason to keep it longer. */
export function classesIn(state: ProfileState): readonly EventClass[] {
  const found: EventClass[] = [];
  if (state.orders + state.refunds > 0) found.push('transaction');
  if (state.visits > 0 || state.cartOpenedAt !== null) found.push('behaviour');
  if (state.contacts + state.resolutions > 0 || Object.keys(state.flags).length > 0) found.push('service');
  if (state.deliveries > 0) found.push('delivery');
  if (state.satisfaction.count + state.effort.count > 0) found.push('feedback');
  if (!isEmptyConsent(state.consent)) found.push('consent');
  return found.length > 0 ? found : ['other'];
}

/**
 * When an atom's profile has to be gone: the longest retention of the classes that its state rests on, counted from the
 * newest thing that is known of it, less the days for which a backup could bring it back. It follows from the state alone,
 * so not from the order of arrival; whatever is folded or merged in can only put it off.
 * @param state the whole of it, with what rests on permission
 * @param seenAt when the newest message happened that the atom remembers, also one that left nothing in the state
 * @returns null when there is nothing to forget
 */
export function keptUntil(
  state: ProfileState,
  seenAt: EpochMs | null,
  retention: RetentionByClass,
): EpochMs | null {
  const times = [state.lastSeenAt, seenAt, ...timesIn(state.consent)];
  const newest = Math.max(...times.map((at) => at ?? Number.NEGATIVE_INFINITY));
  if (newest === Number.NEGATIVE_INFINITY) return null;
  const days = Math.max(...classesIn(state).map((each) => retention[each].value.maxDays));
  return newest + (days - TABLE_RECOVERY_DAYS) * DAY_MS;
}

const timesIn = ({ gpc, age, purposes }: ConsentState): readonly (EpochMs | null)[] => [
  gpc?.lastAt ?? null,
  age?.at ?? null,
  ...Object.values(purposes).flatMap(({ explicit, stated, refusedAt }) => [
    refusedAt,
    ...[...explicit, ...stated].map(({ at }) => at),
  ]),
];

/** Until when it is remembered that a message was counted: a signal of that time may be older than any class allows then. */
export const pageKeptUntil = (newestAt: EpochMs, retention: RetentionByClass): EpochMs =>
  newestAt + (longestDays(retention) - TABLE_RECOVERY_DAYS) * DAY_MS;

export const longestDays = (retention: RetentionByClass): number =>
  Math.max(...EVENT_CLASSES.map((each) => retention[each].value.maxDays));

export const shortestDays = (retention: RetentionByClass): number =>
  Math.min(...EVENT_CLASSES.map((each) => retention[each].value.maxDays));
