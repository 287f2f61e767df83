import type { Purpose } from '../contracts/purposes.ts';
import type { SourceKind } from './signal-definition.ts';

/** A system that sends events. One file per source under `registry/sources`. Its write key is derived from the
 * jurisdiction's secret, the id and `keyVersion` (raise it to revoke a leaked key), so no key is stored anywhere. */
export interface SourceDefinition {
  readonly id: string;
  readonly kind: SourceKind;
  /** Who answers for this source's events: a team or role, not a person's address. */
  readonly steward: string;
  readonly keyVersion: number;
  /** Signals it may send; `'any'` also takes generic ones. */
  readonly signals: 'any' | readonly string[];
  /** Refuse names that the catalogue does not have. */
  readonly strict: boolean;
  /** What the categories of its consent manager mean, by category id; `<provider>:<id>` where two managers of the source
   * use one id. A category that is a purpose's own name needs no entry; one with neither is another system's. */
  readonly consentCategories?: Readonly<Record<string, readonly Purpose[]>>;
  /** Events per second this source may send, per collecting instance; above it: 429 with `Retry-After`. */
  readonly eventsPerSecondMax: number;
}
