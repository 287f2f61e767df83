import { DAY_MS } from '../../kernel/time.ts';
import type { ProfileView } from '../segment-definition.ts';

/** Half of the recency part is gone after this many days without an order. */
const RECENCY_HALF_LIFE_DAYS = 180;
/** So many orders, and so much money, give half of the frequency and the money part. */
const HALF_FREQUENCY_ORDERS = 4;
const HALF_MONEY_MINOR = 50_000;

const saturating = (amount: number, half: number): number => 1 - 2 ** (-amount / half);

/**
 * Value of a customer from recency, frequency and money, 0–100, in the tradition of RFM analysis (A. M. Hughes,
 * "Strategic Database Marketing", 1994), with smooth parts in place of quintiles, which would need the whole population
 * and change when others buy. Weights 30, 30, 40. Null before the first order.
 */
export function valueScore(view: ProfileView): number | null {
  if (view.orders === 0 || view.lastOrderAt === null) return null;
  const idleDays = Math.max(0, view.at - view.lastOrderAt) / DAY_MS;
  const recency = 2 ** (-idleDays / RECENCY_HALF_LIFE_DAYS);
  const frequency = saturating(view.orders, HALF_FREQUENCY_ORDERS);
  const money = saturating(view.orderValueMinor, HALF_MONEY_MINOR);
  return 30 * recency + 30 * frequency + 40 * money;
}
