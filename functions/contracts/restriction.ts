import type { EpochMs } from '../kernel/time.ts';

/** What says of an identifier until when its person's data may only be stored. */
export interface Restrictable {
  readonly restrictedUntil: EpochMs | null;
}

/** Whether what is known of a person may only be stored (GDPR art. 18(2)). Of several identifiers one is enough: the stricter
 * wins. @param nodes all that belong to the person; one that is not there says nothing */
export const isRestrictedAt = (nodes: Iterable<Restrictable | undefined>, now: EpochMs): boolean =>
  now < restrictedUntilOf(nodes);

/** Until when the strictest of them restricts; 0 when none does. */
export function restrictedUntilOf(nodes: Iterable<Restrictable | undefined>): EpochMs {
  let until: EpochMs = 0;
  for (const node of nodes) until = Math.max(until, node?.restrictedUntil ?? 0);
  return until;
}
