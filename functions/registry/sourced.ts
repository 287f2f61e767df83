import type { Purpose } from '../contracts/purposes.ts';
import type { EventClass } from '../contracts/signal.ts';
import { EVENT_CLASSES } from '../contracts/signal.ts';
import type {
  BreachClock,
  Evidence,
  Retention,
  Seriousness,
  Sourced,
  Weekday,
} from './jurisdiction-definition.ts';
import { hours, type Period } from './period.ts';

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

/** Room between a minimum and the maximum, so that what must be kept is there to its last day and then goes. */
const SLACK_DAYS = 90;

/**
 * Retention of every event class under a law that binds it to the purpose.
 * @param law what the law says, and where; becomes the source and opens each basis. `minDays`: what must be kept at
 * least, for every class (default: nothing)
 */
export function purposeBound(law: {
  readonly rule: string;
  readonly source: string;
  readonly evidence: Evidence;
  readonly minDays?: number;
}): Readonly<Record<EventClass, Sourced<Retention>>> {
  const minDays = law.minDays ?? 0;
  const of = (eventClass: EventClass): Sourced<Retention> => ({
    value: {
      minDays,
      maxDays: Math.max(PRODUCT_MAX_DAYS[eventClass], minDays === 0 ? 0 : minDays + SLACK_DAYS),
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

export const SATURDAY_AND_SUNDAY: Sourced<readonly Weekday[]> = general(
  ['saturday', 'sunday'],
  'custom of the country',
);

/** Where no minimum forbids it, a request for erasure is met at once. */
export const ERASED_AT_ONCE: Sourced<'erase' | 'restrict-until-floor'> = general(
  'erase',
  'no minimum retention was researched',
);

/** No duty to confirm receipt, or no shorter time for an opt-out. */
export const NO_TIME_OF_ITS_OWN: Sourced<Period | null> = general(null, 'no rule was researched');

/** Proof that a request was answered and a breach was handled, for as long as somebody may ask. */
const LOG_DAYS = 1_095;
export const LOGS_BY_DEFAULT: Sourced<{ readonly requestDays: number; readonly breachDays: number }> =
  general(
    { requestDays: LOG_DAYS, breachDays: LOG_DAYS },
    'product default: three years, a usual time of limitation',
  );

export const GPC_BY_DEFAULT: Sourced<readonly Purpose[]> = general(
  ['profiling', 'sharing'],
  'product default: the signal is a choice, though no law names it',
);

/** What a minor's guardian is asked about: all but the service itself. */
export const BEYOND_SERVICE: readonly Purpose[] = [
  'analytics',
  'personalisation',
  'profiling',
  'automatedDecisions',
  'sharing',
];

/** A duty to tell of a breach within a time, or with null as soon as possible, counted from when it became known. */
export const onceKnown = (within: Period | null, seriousness: Seriousness): BreachClock => ({
  within,
  from: 'awareness',
  seriousness,
});
export const IN_72_HOURS: Period = hours(72);

/** Where no law gives a number. Statistical offices publish from three to ten people on, for figures that they have audited;
 * nobody audits these, and the people in them can be added up over months. */
export const FIFTY_PEOPLE: Sourced<number> = general(
  50,
  'product default: no number was researched; well above what official statistics ask for',
);
