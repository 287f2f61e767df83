import type { ProfileState, WeekCounts } from '../../contracts/profile.ts';
import type { ConsentDepth, Purpose } from '../../contracts/purposes.ts';
import { type EpochMs, MINUTE_MS, WEEK_MS, weekOf } from '../../kernel/time.ts';
import {
  ENGAGEMENT_HALF_LIFE_WEEKS,
  type ProfileView,
  type SegmentDefinition,
} from '../../registry/segment-definition.ts';

const DECAY_PER_WEEK = 2 ** (-1 / ENGAGEMENT_HALF_LIFE_WEEKS);

export interface Scored {
  /** Scores by segment; null when the profile can't tell. */
  readonly scores: Readonly<Record<string, number | null>>;
  /** Names of the segments it is in. */
  readonly segments: ReadonlySet<string>;
  /** Segments that were not computed, with the purposes that would have had to be permitted. */
  readonly notComputed: Readonly<Record<string, readonly Purpose[]>>;
}

/**
 * Scores and segments of a profile at `now`.
 *
 * Hysteresis needs history: whether someone between the two thresholds is in depends on where the score came from. To
 * keep that independent of the order of arrival (law 3), the automaton runs over *event time*: the profile is looked at
 * as of the end of every week it remembers, then now. What the outside was told before plays no part.
 *
 * @param stateFor the profile as a segment may see it that serves the given purposes.
 */
export function scoreProfile(
  stateFor: (purposes: readonly Purpose[]) => ProfileState,
  definitions: readonly SegmentDefinition[],
  isPermitted: (purpose: Purpose, depth: ConsentDepth) => boolean,
  now: EpochMs,
): Scored {
  const permitted = new Map<ProfileState, SegmentDefinition[]>();
  const notComputed: Record<string, readonly Purpose[]> = {};
  for (const definition of definitions) {
    const { name, purposes, depth = 'basic' } = definition;
    const missing = purposes.filter((purpose) => !isPermitted(purpose, depth));
    if (missing.length > 0) {
      notComputed[name] = missing;
      continue;
    }
    const state = stateFor(purposes);
    const alike = permitted.get(state);
    if (alike === undefined) permitted.set(state, [definition]);
    else alike.push(definition);
  }
  const scores: Record<string, number | null> = {};
  const segments = new Set<string>();
  for (const [state, alike] of permitted) {
    for (const view of viewsUntil(state, now)) {
      for (const definition of alike) {
        const score = definition.score(view);
        scores[definition.name] = score;
        if (score === null) segments.delete(definition.name);
        else if (score >= definition.enterAt) segments.add(definition.name);
        else if (score < definition.leaveBelow) segments.delete(definition.name);
      }
    }
  }
  return { scores, segments, notComputed };
}

/** The profile as of the end of each remembered week before `now`, oldest first, and at `now`. A week in which nothing
 * happened is looked at too: scores fall (and risks rise) in silence. */
export function* viewsUntil(state: ProfileState, now: EpochMs): Generator<ProfileView> {
  const thisWeek = weekOf(now);
  const remembered = [...state.weeks].filter(([week]) => week <= thisWeek).sort(([a], [b]) => a - b);
  let inWeeks = { orders: 0, orderValueMinor: 0 };
  for (const counts of state.weeks.values()) inWeeks = addOrders(inWeeks, counts);
  // Orders from before the remembered weeks are in the lifetime totals only.
  let orders = state.orders - inWeeks.orders;
  let orderValueMinor = state.orderValueMinor - inWeeks.orderValueMinor;
  let [decayedVisitDepth, decayedOrders, decayedContacts] = [0, 0, 0];
  let lastOrderWeek: number | null = null;
  let next = 0;
  const from = remembered[0]?.[0] ?? thisWeek;
  for (let week = from; week <= thisWeek; week += 1) {
    decayedVisitDepth *= DECAY_PER_WEEK;
    decayedOrders *= DECAY_PER_WEEK;
    decayedContacts *= DECAY_PER_WEEK;
    const entry = remembered[next];
    if (entry !== undefined && entry[0] === week) {
      const counts = entry[1];
      next += 1;
      orders += counts.orders;
      orderValueMinor += counts.orderValueMinor;
      decayedVisitDepth += counts.visitDepth;
      decayedOrders += counts.orders;
      decayedContacts += counts.contacts;
      if (counts.orders > 0) lastOrderWeek = week;
    }
    const at = week === thisWeek ? now : (week + 1) * WEEK_MS - 1;
    yield {
      at,
      orders,
      orderValueMinor,
      firstOrderAt: orders > 0 ? state.firstOrderAt : null,
      lastOrderAt: orders > 0 ? lastOrderBy(state, at, lastOrderWeek) : null,
      decayedVisitDepth,
      decayedOrders,
      decayedContacts,
    };
  }
}

const addOrders = (sum: { orders: number; orderValueMinor: number }, counts: WeekCounts) => ({
  orders: sum.orders + counts.orders,
  orderValueMinor: sum.orderValueMinor + counts.orderValueMinor,
});

/** The last order at or before `at`: exact for the newest few, else the end of the last week that had one. */
function lastOrderBy(state: ProfileState, at: EpochMs, lastOrderWeek: number | null): EpochMs | null {
  if (state.lastOrderAt !== null && state.lastOrderAt <= at) return state.lastOrderAt;
  for (const minute of state.recentOrders) if (minute * MINUTE_MS <= at) return minute * MINUTE_MS;
  return lastOrderWeek === null ? state.firstOrderAt : Math.min(at, (lastOrderWeek + 1) * WEEK_MS - 1);
}
