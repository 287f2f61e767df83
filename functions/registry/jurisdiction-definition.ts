import type { Purpose } from '../contracts/purposes.ts';
import type { EventClass } from '../contracts/signal.ts';

/** How sure the researched fact is; `general knowledge` is to be confirmed by counsel first. */
export type Evidence = 'primary source' | 'secondary source' | 'general knowledge';

/** A legal fact with where it comes from. These are defaults for counsel to confirm, not legal advice. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
  readonly evidence: Evidence;
}

export interface Retention {
  readonly minDays: number;
  readonly maxDays: number;
  readonly basis: string;
}

/** `contract`: lawful because the customer asked for it · `opt-in`: denied until chosen · `opt-out`: allowed until
 * refused · `legitimate-interest`: allowed until objected to. */
export type LawfulDefault = 'contract' | 'opt-in' | 'opt-out' | 'legitimate-interest';

/** What one jurisdiction's stack must do by law. One file per jurisdiction under `registry/jurisdictions`. */
export interface JurisdictionDefinition {
  /** Lower-case code, also the stack's: `Rapport-<code>`. */
  readonly code: string;
  readonly name: string;
  readonly law: string;
  /** ISO 3166 codes; a subdivision (`US-CA`) wins over its country. */
  readonly countries: readonly string[];
  readonly partition: 'aws' | 'aws-cn' | 'aws-eusc';
  readonly region: string;
  /** ISO 4217. */
  readonly currency: string;
  /** IANA name, for hours of day. */
  readonly timeZone: string;
  readonly purposes: Readonly<Record<Purpose, Sourced<LawfulDefault>>>;
  readonly identity: Sourced<{
    readonly deterministic: true;
    readonly probabilistic: 'off' | 'review' | 'on';
  }>;
  /** Purposes that `Sec-GPC: 1` denies. */
  readonly globalPrivacyControl: Sourced<readonly Purpose[]>;
  readonly retention: Readonly<Record<EventClass, Sourced<Retention>>>;
  readonly rights: Sourced<{
    readonly answerIn: {
      readonly count: number;
      readonly unit: 'calendar-days' | 'business-days' | 'calendar-months';
    };
    readonly extension: {
      readonly count: number;
      readonly unit: 'calendar-days' | 'business-days' | 'calendar-months';
    } | null;
    /** When the deadline starts, and whether it stops while waiting for the person. */
    readonly clock: 'from-receipt' | 'from-receipt-stops-for-person' | 'from-verification';
    readonly erasure: boolean;
  }>;
  readonly breach: Sourced<{ readonly notifyRegulatorHours: number | null; readonly rule: string }>;
  readonly minors: Sourced<{ readonly adultAge: number; readonly rule: string }>;
  readonly automatedDecisions: Sourced<
    readonly ('explain' | 'human-review' | 'refuse' | 'appeal' | 'disclose')[]
  >;
  readonly transfers: Sourced<string>;
  /** Smallest group of people that an aggregate which leaves the jurisdiction may describe. */
  readonly aggregateThreshold: Sourced<number>;
}
