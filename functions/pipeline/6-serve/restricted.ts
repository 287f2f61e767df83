import type { SubjectId } from '../../contracts/ids.ts';
import { isRestrictedAt } from '../../contracts/restriction.ts';
import { nodeOfSubjectId } from '../../contracts/subject.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { SubjectStore } from './ports.ts';

/**
 * Of the given subjects those of whom nothing may be told, for lists of things about many. Ids from before a merge stand for
 * the subject as it is now, and one restricted identifier restricts all of it, as in `findSubject`. Three reads, however many
 * they are; consistent ones, since nobody asks again.
 * @throws ThrottledError, TransientError
 */
export async function restrictedAmong(
  subjectIds: readonly SubjectId[],
  store: Pick<SubjectStore, 'read'>,
  now: EpochMs,
): Promise<ReadonlySet<SubjectId>> {
  const named = [...new Set(subjectIds.map(nodeOfSubjectId))];
  if (named.length === 0) return new Set();
  const nodes = new Map((await store.read(named, [], true)).nodes);
  const homes = new Set([...nodes.values()].flatMap(({ subjectId }) => subjectId ?? []));
  const subjects = homes.size === 0 ? new Map() : (await store.read([], [...homes], true)).subjects;
  const members = [...subjects.values()].flatMap(({ graph }) => graph.nodes);
  const missing = [...new Set(members)].filter((id) => !nodes.has(id));
  if (missing.length > 0)
    for (const [id, node] of (await store.read(missing, [], true)).nodes) nodes.set(id, node);
  return new Set(
    subjectIds.filter((subjectId) => {
      const own = nodeOfSubjectId(subjectId);
      const home = nodes.get(own)?.subjectId ?? null;
      const members = home === null ? [] : (subjects.get(home)?.graph.nodes ?? []);
      return isRestrictedAt(
        [own, ...members].map((id) => nodes.get(id)),
        now,
      );
    }),
  );
}
