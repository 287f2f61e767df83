import type { EpochMs } from '../kernel/time.ts';

/** Until somebody lifts it: the last millisecond of the year 9999. */
export const WITHOUT_END: EpochMs = 253_402_300_799_999;

/** One restriction of processing. Each belongs to the request that it was made for, so that lifting one leaves every other as
 * it is: one that somebody else asked for, or the same person later. */
export interface Restriction {
  readonly requestId: string;
  /** When it ends by itself. */
  readonly until: EpochMs;
  /** When it was lifted, and once it was it stays so; null: it was not. */
  readonly liftedAt: EpochMs | null;
}

/** What says of an identifier until when its person's data may only be stored. */
export interface Restrictable {
  /** Follows from the restrictions; null when none stands. */
  readonly restrictedUntil: EpochMs | null;
  /** By request. Absent where there never was one. */
  readonly restrictions?: readonly Restriction[];
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

/** Until when the strictest that stands restricts; null when none stands. */
export const endOf = (restrictions: readonly Restriction[]): EpochMs | null =>
  restrictions.reduce<EpochMs | null>(
    (end, { until, liftedAt }) => (liftedAt === null ? Math.max(until, end ?? 0) : end),
    null,
  );

/** Restrictions known in two places, as one. Commutative, associative and idempotent: a restriction that arrives after its own
 * lifting, from a step that was held up, is lifted; one of another request stands, whenever it arrives. */
export function mergeRestrictions(
  one: readonly Restriction[],
  other: readonly Restriction[],
): readonly Restriction[] {
  const merged = new Map<string, Restriction>();
  for (const each of [...one, ...other]) {
    const known = merged.get(each.requestId) ?? each;
    const lifted = [known.liftedAt, each.liftedAt].filter((at) => at !== null);
    merged.set(each.requestId, {
      requestId: each.requestId,
      until: Math.max(known.until, each.until),
      liftedAt: lifted.length === 0 ? null : Math.min(...lifted),
    });
  }
  return [...merged.values()].sort((a, b) => (a.requestId < b.requestId ? -1 : 1));
}

/** What restricts, though nobody knows for which request: it stands beside every other. */
const unnamed = ({ restrictedUntil }: Restrictable): readonly Restriction[] =>
  restrictedUntil === null ? [] : [{ requestId: '', until: restrictedUntil, liftedAt: null }];

/** An identifier with one restriction more, or one that is lifted; the same object when that says nothing new. */
export function withRestriction<Node extends Restrictable>(node: Node, change: Restriction): Node {
  const before = node.restrictions ?? unnamed(node);
  const restrictions = mergeRestrictions(before, [change]);
  if (JSON.stringify(restrictions) === JSON.stringify(before)) return node;
  return { ...node, restrictions, restrictedUntil: endOf(restrictions) };
}
