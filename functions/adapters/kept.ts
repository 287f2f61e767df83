import type { EpochMs } from '../kernel/time.ts';
import type { StoredNode } from '../pipeline/understand/ports.ts';

/** A node as it may be seen at a time. DynamoDB deletes what has expired within days, not at once, so what is past its
 * time is there and counts for nothing: the place in a subject, tombstone and restriction stay, and the version, so that a
 * later write replaces it. */
export const asKeptAt = (node: StoredNode, now: EpochMs): StoredNode =>
  node.keptUntil === null || node.keptUntil > now ? node : forgotten(node);

/** A node without anything that was learnt from its signals. */
const forgotten = (node: StoredNode): StoredNode => ({
  id: node.id,
  version: node.version,
  subjectId: node.subjectId,
  saturated: node.saturated,
  erasedAt: node.erasedAt,
  restrictedUntil: node.restrictedUntil,
  state: null,
  seen: null,
  links: new Uint8Array(),
  published: null,
  keptUntil: null,
});
