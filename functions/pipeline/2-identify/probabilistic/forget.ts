import type { AtomId } from '../../../contracts/ids.ts';
import { COMPARISONS } from '../../../registry/matching/attributes.ts';
import { blockingKeys } from './blocking-keys.ts';
import type { KeyToken } from './candidates.ts';
import { type IndexEntry, IndexView } from './index-view.ts';
import type { CandidateStore } from './ports.ts';
import type { MatchRecord } from './record.ts';

/**
 * Takes records out of the index, from wherever they may stand: at an erasure, before the atom's secret is destroyed, since what
 * a record says tells where it stands; and when its customer no longer allows matching.
 * @throws ThrottledError when others keep writing the same entries, TransientError
 */
export async function forget(
  records: ReadonlyMap<AtomId, MatchRecord>,
  store: CandidateStore,
  token: KeyToken,
): Promise<void> {
  const places = [...records].flatMap(([atomId, record]): IndexEntry[] => [
    { key: token('population'), atomId, attributes: 0, leaves: true },
    ...blockingKeys(record).map(
      ({ text }): IndexEntry => ({ key: token(text), atomId, attributes: null, leaves: true }),
    ),
    ...COMPARISONS.filter((attribute) => record[attribute] !== '').map(
      (attribute): IndexEntry => ({
        key: token(`value:${attribute}:${record[attribute]}`),
        atomId,
        attributes: 0,
        leaves: true,
      }),
    ),
  ]);
  const index = new IndexView(0);
  const keysOf = (isBlock: boolean) =>
    new Set(places.filter(({ attributes }) => (attributes === null) === isBlock).map(({ key }) => key));
  await index.read(keysOf(true), keysOf(false), store, true);
  await index.write(places, store);
}
