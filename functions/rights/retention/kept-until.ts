import { type ConsentState, isEmptyConsent } from '../../contracts/consent.ts';
import type { KeptUntil, ProfileState } from '../../contracts/profile.ts';
import { TABLE_RECOVERY_DAYS } from '../../contracts/retention.ts';
import type { EventClass } from '../../contracts/signal.ts';
import { EVENT_CLASSES } from '../../contracts/signal.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import type { Retention, Sourced } from '../../registry/jurisdiction-definition.ts';

/** How long a jurisdiction keeps each event class. */
export type RetentionByClass = Readonly<Record<EventClass, Sourced<Retention>>>;

/** Event classes of which the facts in a profile's state are. A state in which only the number of signals is left rests on
 * `other`: on nothing that would be a reason to keep it longer. */
export function classesIn(state: ProfileState): readonly EventClass[] {
  const found: EventClass[] = [];
  if (state.orders + state.refunds > 0) found.push('transaction');
  if (state.visits > 0 || state.cartOpenedAt !== null) found.push('behaviour');
  if (state.contacts + state.resolutions > 0 || Object.keys(state.flags).length > 0) found.push('service');
  if (state.deliveries > 0) found.push('delivery');
  if (state.satisfaction.count + state.effort.count > 0) found.push('feedback');
  return found.length > 0 ? found : ['other'];
}

/**
 * When the parts of an atom's profile have to be gone: the longest retention of the classes that a part rests on, counted from
 * the newest signal in it, less the days for which a backup could bring it back. What a contract carries and what rests on a
 * permission are parts of their own, and so are the customer's choices: a refusal holds for whoever returns when nothing else
 * is known of them any more. All of it follows from the state alone, so not from the order of arrival; whatever is folded or
 * merged in can only put it off.
 * @param seenAt when the newest message happened that the atom remembers, also one that left nothing in the state
 * @returns null when there is nothing to forget
 */
export function keptUntil(
  state: ProfileState,
  seenAt: EpochMs | null,
  retention: RetentionByClass,
): KeptUntil | null {
  const after = (at: EpochMs, classes: readonly EventClass[]): EpochMs =>
    at + (Math.max(...classes.map((each) => retention[each].value.maxDays)) - TABLE_RECOVERY_DAYS) * DAY_MS;
  const endOf = (facts: ProfileState): EpochMs | null =>
    facts.lastSeenAt === null ? null : after(facts.lastSeenAt, classesIn(facts));
  const facts = endOf(state);
  const parts = state.revocable.map((part) => endOf(part.facts) ?? part.since);
  const own = state.revocable.map((part) => part.facts.lastSeenAt);
  const signs = [seenAt, state.lastSeenAt, ...own, ...timesIn(state.consent)].filter((at) => at !== null);
  if (signs.length === 0) return null;
  if (!isEmptyConsent(state.consent)) {
    const choices = Math.max(after(Math.max(...signs), ['consent']), facts ?? 0, ...parts);
    return { facts, parts, choices };
  }
  const isRemembered = facts === null && parts.length === 0;
  return { facts: isRemembered ? after(Math.max(...signs), ['other']) : facts, parts, choices: null };
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
