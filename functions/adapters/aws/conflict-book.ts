import type { SubjectId } from '../../contracts/ids.ts';
import type { ConflictBook } from '../../pipeline/6-serve/ports.ts';
import { required } from '../../runtime/environment.ts';
import { listedPage } from './listed-pages.ts';
import { LISTED } from './stewards-lists.ts';

/** Customers with contradicting values, as the owners of those work them off. */
export function conflictBook(table = required('IDENTITY_REVIEWS_TABLE')): ConflictBook {
  return {
    list: async (query) => {
      const { rows, ...rest } = await listedPage(table, LISTED.conflicts, query);
      const conflicts = rows.map(({ subjectId, openedAt }) => ({
        subjectId: subjectId?.S as SubjectId,
        openedAt: Number(openedAt?.N),
      }));
      return { conflicts, ...rest };
    },
  };
}
