import { type EpochMs, MINUTE_MS } from '../kernel/time.ts';
import { firstEnd, isChoiceAlone, stateKeptAt } from '../pipeline/3-profile/kept.ts';
import type { StoredNode, StoredPerson } from '../pipeline/understand/ports.ts';

/**
 * A node as it may be seen at a time. DynamoDB deletes what has expired within days, not at once, so what is past its time is
 * there and counts for nothing: the place in a subject, tombstone and restriction stay, and the version, so that a later write
 * replaces it. Choices of somebody who has several identifiers hold as long as anything of that person is kept, whichever
 * identifier they were made on: the sweep removes all of them together.
 * @returns the same object when all of it is in its time
 */
export function asKeptAt(node: StoredNode, now: EpochMs): StoredNode {
  if (node.keptUntil === null || firstEnd(node.keptUntil) > now) return node;
  const { choices } = node.keptUntil;
  const keptUntil =
    node.subjectId === null || choices === null
      ? node.keptUntil
      : { ...node.keptUntil, choices: Number.MAX_SAFE_INTEGER };
  if (firstEnd(keptUntil) > now) return node;
  const kept = node.state === null ? null : stateKeptAt({ state: node.state, keptUntil }, now);
  if (kept === null) return forgotten(node);
  const left = { ...kept, keptUntil: { ...kept.keptUntil, choices } };
  return isChoiceAlone(left.keptUntil) ? { ...forgotten(node), ...left } : { ...node, ...left };
}

/** A node without anything that was learnt from its signals. */
const forgotten = (node: StoredNode): StoredNode => ({
  id: node.id,
  version: node.version,
  subjectId: node.subjectId,
  saturated: node.saturated,
  erasedAt: node.erasedAt,
  restrictedUntil: node.restrictedUntil,
  ...(node.restrictions === undefined ? {} : { restrictions: node.restrictions }),
  state: null,
  seen: null,
  links: new Uint8Array(),
  published: null,
  keptUntil: null,
});

/** Within it a person may be there without its node: longer than an invocation takes. One that dies folds its signals into the
 * person again when they come again. */
const AHEAD_MS_MAX = 15 * MINUTE_MS;

/** Whether what was stated of a person may be seen: as long as their signals are kept, and no longer. One that was written just
 * now is seen though its node says nothing yet, or whoever reads in between would write over it; not one from before an erasure.
 * @param node theirs, as it lies there; undefined when it is gone */
export const mayBeKnown = (
  { writtenAt }: Pick<StoredPerson, 'writtenAt'>,
  node: StoredNode | undefined,
  now: EpochMs,
): boolean =>
  hasFacts(node, now) ||
  (now < writtenAt + AHEAD_MS_MAX && writtenAt > (node?.erasedAt ?? Number.NEGATIVE_INFINITY));

/** Whether anything but choices is left of what was learnt from the node's signals. */
export function hasFacts(node: StoredNode | undefined, now: EpochMs): boolean {
  if (node === undefined) return false;
  const { state, keptUntil } = asKeptAt(node, now);
  return state !== null && (keptUntil === null || !isChoiceAlone(keptUntil));
}

/** A person of whom nothing may be seen: the version stays, so that a later write replaces what lies there. */
export const asUnknown = (person: StoredPerson): StoredPerson => ({
  ...person,
  sealed: new Uint8Array(),
});
