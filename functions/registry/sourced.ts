import type { EventClass } from '../contracts/signal.ts';
import { EVENT_CLASSES } from '../contracts/signal.ts';
import type { Evidence, Retention, Sourced } from './jurisdiction-definition.ts';

/** A fact read in the law or the regulator's own text. */
export const primary = <const T>(value: T, source: string): Sourced<T> => ({
  value,
  source,
  evidence: 'primary source',
});

/** A fact read in a commentary on the law. */
export const secondary = <const T>(value: T, source: string): Sourced<T> => ({
  value,
  source,
  evidence: 'secondary source',
});

/** A fact nobody looked up: counsel confirms it first. */
export const general = <const T>(value: T, source: string): Sourced<T> => ({
  value,
  source,
  evidence: 'general knowledge',
});

/** Days an event class is kept at most where the law names a purpose and no number. A product default: long enough for
 * what the class is for (warranty and repeat purchase for transactions, one season and a year for behaviour, proof of
 * choice for consent), and no longer. */
const PRODUCT_MAX_DAYS: Readonly<Record<EventClass, number>> = {
  transaction: 1_095,
  behaviour: 395,
  service: 730,
  delivery: 730,
  feedback: 730,
  account: 1_095,
  consent: 1_825,
  other: 395,
};

/**
 * Retention of every event class under a law that binds it to the purpose.
 * @param law what the law says, and where; becomes the source and opens each basis
 */
export function purposeBound(law: {
  readonly rule: string;
  readonly source: string;
  readonly evidence: Evidence;
}): Readonly<Record<EventClass, Sourced<Retention>>> {
  const of = (eventClass: EventClass): Sourced<Retention> => ({
    value: {
      minDays: 0,
      maxDays: PRODUCT_MAX_DAYS[eventClass],
      basis: `${law.rule}; the maximum is the product's default for ${eventClass}, for counsel to confirm`,
    },
    source: law.source,
    evidence: law.evidence,
  });
  return Object.fromEntries(EVENT_CLASSES.map((eventClass) => [eventClass, of(eventClass)])) as Record<
    EventClass,
    Sourced<Retention>
  >;
}
