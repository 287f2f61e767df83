import { conflictIdOf, type ListedConflict } from '../../contracts/attribute-conflict.ts';
import type { SubjectId } from '../../contracts/ids.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { ConflictBook } from '../../pipeline/6-serve/ports.ts';
import type { ConflictQueue } from '../../pipeline/understand/ports.ts';

type Entry = ListedConflict & { readonly judgedAt: EpochMs };

/** Customers with contradicting values in memory, for unit tests. */
export function memoryAttributeConflicts(
  entries: Map<SubjectId, Entry> = new Map(),
): ConflictQueue & ConflictBook & { forget(subjectIds: readonly SubjectId[]): Promise<void> } {
  return {
    open: async (subjectIds, openedAt, judgedAt) => {
      for (const subjectId of subjectIds)
        entries.set(subjectId, {
          subjectId,
          openedAt: entries.get(subjectId)?.openedAt ?? openedAt,
          judgedAt,
        });
    },
    close: async (subjectIds, judgedAt) => {
      for (const subjectId of subjectIds)
        if ((entries.get(subjectId)?.judgedAt ?? Number.POSITIVE_INFINITY) <= judgedAt)
          entries.delete(subjectId);
    },
    forget: async (subjectIds) => {
      for (const subjectId of subjectIds) entries.delete(subjectId);
    },
    list: async ({ limit, cursor }) => {
      const all = [...entries.values()].sort(
        (a, b) => b.openedAt - a.openedAt || (idOf(a) < idOf(b) ? 1 : -1),
      );
      const start = all.findIndex((entry) => cursorOf(entry) === cursor) + 1;
      const page = all.slice(start, start + limit);
      const last = page.at(-1);
      const isMore = start + limit < all.length;
      return {
        conflicts: page.map(({ subjectId, openedAt }) => ({ subjectId, openedAt })),
        ...(isMore && last !== undefined ? { cursor: cursorOf(last) } : {}),
      };
    },
  };
}

const idOf = ({ subjectId }: Entry): string => conflictIdOf(subjectId);
const cursorOf = (entry: Entry): string => `${entry.openedAt}.${idOf(entry)}`;
