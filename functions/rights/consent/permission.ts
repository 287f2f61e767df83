import type { WithheldReason } from '../../contracts/outcomes.ts';
import type { ConsentState } from '../../contracts/profile.ts';
import type { Purpose } from '../../contracts/purposes.ts';
import type { JurisdictionDefinition } from '../../registry/jurisdiction-definition.ts';

/** Whether one purpose may be served for this customer: what the law takes as given, unless the customer chose. A
 * contract purpose can't be refused piecemeal: it is what the customer asked for. */
export function isPermitted(
  jurisdiction: JurisdictionDefinition,
  consent: ConsentState,
  purpose: Purpose,
): boolean {
  const lawfulDefault = jurisdiction.purposes[purpose].value;
  if (lawfulDefault === 'contract') return true;
  const choice = consent[purpose];
  return choice === undefined ? lawfulDefault !== 'opt-in' : choice.granted;
}

export type Permission =
  | { readonly allowed: readonly [Purpose, ...Purpose[]] }
  | { readonly withheld: WithheldReason };

/** What was found when a signal first came, for a replay to go by. */
const asRecorded = ([first, ...rest]: readonly Purpose[]): Permission =>
  first === undefined ? { withheld: 'customer-refused' } : { allowed: [first, ...rest] };

/** Asks permission for a signal before anything is done with it (law 6).
 * @param recorded the answer when it first came: a replay does not ask again */
export function permissionFor(
  jurisdiction: JurisdictionDefinition,
  consent: ConsentState,
  purposes: readonly Purpose[],
  recorded?: readonly Purpose[],
): Permission {
  if (recorded !== undefined) return asRecorded(recorded);
  const [first, ...rest] = purposes.filter((purpose) => isPermitted(jurisdiction, consent, purpose));
  if (first !== undefined) return { allowed: [first, ...rest] };
  const refused = purposes.some((purpose) => consent[purpose]?.granted === false);
  return { withheld: refused ? 'customer-refused' : 'no-consent' };
}
