import type { IdentifierType } from '../contracts/signal.ts';

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
   * on the set of edges only, so order does not matter. */
  readonly linksMax: Readonly<Partial<Record<IdentifierType, number>>>;
  readonly examples: {
    /** As written, canonical, and the country when it has to be known. */
    readonly same: readonly (readonly [written: string, canonical: string, country?: string])[];
    readonly blocked: readonly string[];
  };
}
