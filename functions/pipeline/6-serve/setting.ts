import type { JurisdictionSecrets } from '../../contracts/tokens.ts';
import { invariant } from '../../kernel/invariant.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';
import { jurisdictions } from '../../registry/jurisdictions/index.ts';
import type { SegmentDefinition } from '../../registry/segment-definition.ts';
import { segments } from '../../registry/segments/index.ts';

/** What `serve` answers by: the jurisdiction's law and the registry's definitions. */
export interface ServePolicy {
  readonly jurisdiction: JurisdictionDefinition;
  readonly secrets: JurisdictionSecrets;
  readonly segments: readonly SegmentDefinition[];
  /** Partition buckets of the lineage stream. */
  readonly buckets: number;
}

/** The policy of one stack.
 * @param setting reads one of the stack's settings: JURISDICTION, SIGNAL_BUCKETS
 * @throws InvariantError when the stack is set up wrongly */
export function policyOf(setting: (name: string) => string, secrets: JurisdictionSecrets): ServePolicy {
  const jurisdiction = jurisdictions[setting('JURISDICTION')];
  invariant(jurisdiction !== undefined, 'JURISDICTION is not in the registry');
  const buckets = Number(setting('SIGNAL_BUCKETS'));
  invariant(Number.isInteger(buckets) && buckets >= 1 && buckets <= 100, 'SIGNAL_BUCKETS is not 1 to 100');
  return { jurisdiction, secrets, segments, buckets };
}

/** Why a request gets no answer. Texts are ours and quote nothing of the request (law 10). */
export interface Refusal {
  readonly status: 400 | 404 | 409;
  readonly title: string;
  readonly detail: string;
  /** Where in the request, as JSON pointers. */
  readonly at?: readonly string[];
}
export const UNKNOWN_CUSTOMER: Refusal = {
  status: 404,
  title: 'Unknown customer',
  detail: 'No signal of this customer has been applied here.',
};
export type Answered<T> = { readonly answer: T } | { readonly refusal: Refusal };
