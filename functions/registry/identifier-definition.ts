import type { IdentifierType } from '../contracts/signal.ts';

/** Days (UTC), and spans of 7 and of 30 of them, counted from the epoch. */
export const LIMIT_WINDOWS = ['ever', 'daily', 'weekly', 'monthly'] as const;
export type LimitWindow = (typeof LIMIT_WINDOWS)[number];
export interface Limit {
  readonly max: number;
  readonly window: LimitWindow;
}

/** At most so many, ever. */
export const ever = (max: number): Limit => ({ max, window: 'ever' });
/** At most so many in a week. */
export const weekly = (max: number): Limit => ({ max, window: 'weekly' });

/** One type of identifier. One file per type under `registry/identifiers`. */
export interface IdentifierDefinition {
  readonly type: IdentifierType;
  readonly version: number;
  /** Canonical form of a raw value, or null when the value cannot identify anybody. Pure.
   * @param country ISO 3166-1 alpha-2 of the customer, when it is known */
  normalise(raw: string, country?: string): string | null;
  /** Normalised values and patterns that stand for nobody and never link. */
  readonly blocked: readonly (string | RegExp)[];
  /** How many distinct identifiers of each higher-priority type one value of this type may be seen with before it stops
   * linking (a shared till, a family e-mail). A customer may have any number of lower ones (browsers, devices). Depends
   * on the set of edges only, so order does not matter.
   *
   * `ever`: beyond it the identifier stands for nobody, also for those it had linked before. With a window: of the days,
   * weeks or months in which it was first seen with more, no link counts; the others do. */
  readonly linksMax: Readonly<Partial<Record<IdentifierType, Limit>>>;
  /** How many of this type one customer may have (or come by in a window). What would be one too many is left out: by
   * priority of the identifiers, then by the day they were first seen together. */
  readonly perSubjectMax: Limit;
  readonly examples: {
    /** As written, canonical, and the country when it has to be known. */
    readonly same: readonly (readonly [written: string, canonical: string, country?: string])[];
    readonly blocked: readonly string[];
  };
}
