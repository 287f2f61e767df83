import type { ProfileView } from '../segment-definition.ts';

/** Depth (visits weighted 1–5) that counts as much as one order, and what one contact counts. */
const ORDER_WEIGHT = 5;
const CONTACT_WEIGHT = 1;

/**
 * Engagement depth: activity of all kinds, exponentially decayed with a half-life of four weeks, so that it says how
 * close the customer is now. Exponential decay of counts: Cormode et al., "Forward Decay", ICDE 2009 (here over weekly
 * counts). Null when nothing was ever seen.
 */
export function engagementScore(view: ProfileView): number | null {
  const score =
    view.decayedVisitDepth + ORDER_WEIGHT * view.decayedOrders + CONTACT_WEIGHT * view.decayedContacts;
  return score === 0 ? null : score;
}
