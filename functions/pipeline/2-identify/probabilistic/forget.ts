import type { AtomId } from '../../../contracts/ids.ts';
import { ThrottledError } from '../../../kernel/invariant.ts';
import { COMPARISONS } from '../../../registry/matching/attributes.ts';
import { blockingKeys } from './blocking-keys.ts';
import { blockWithout } from './blocks.ts';
import type { KeyToken } from './candidates.ts';
import { markOf, sampleWithout } from './population.ts';
import type { CandidateKey, CandidateStore, CandidateWrite } from './ports.ts';
import type { MatchRecord } from './record.ts';

const ATTEMPTS_MAX = 6;

/**
 * Takes records out of the index: at an erasure, before the atom's secret is destroyed, since what a record says tells
 * where it stands; and when its customer no longer allows matching. An entry that is left because nobody could open the
 * record any more is inert: an atom id that leads to no record.
 * @throws ThrottledError when others keep writing the same entries, TransientError
 */
export async function forget(
  records: ReadonlyMap<AtomId, MatchRecord>,
  store: CandidateStore,
  token: KeyToken,
): Promise<void> {
  const blocks = new Map<CandidateKey, AtomId[]>();
  const samples = new Map<CandidateKey, AtomId[]>([[token('population'), [...records.keys()]]]);
  const note = (map: Map<CandidateKey, AtomId[]>, key: CandidateKey, atomId: AtomId): void => {
    map.set(key, [...(map.get(key) ?? []), atomId]);
  };
  for (const [atomId, record] of records) {
    for (const { text } of blockingKeys(record)) note(blocks, token(text), atomId);
    for (const attribute of COMPARISONS)
      if (record[attribute] !== '') note(samples, token(`value:${attribute}:${record[attribute]}`), atomId);
  }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const found = await store.read([...blocks.keys()], [...samples.keys()], true);
    const writes: CandidateWrite[] = [];
    for (const [key, { version, value }] of found.blocks) {
      const block = (blocks.get(key) ?? []).reduce(blockWithout, value);
      if (block !== value) writes.push({ key, version, block });
    }
    for (const [key, { version, value }] of found.samples) {
      const sample = (samples.get(key) ?? []).reduce((sum, id) => sampleWithout(sum, markOf(id, key)), value);
      if (sample !== value) writes.push({ key, version, sample });
    }
    if (writes.length === 0 || (await store.write(writes)).length === 0) return;
  }
  throw new ThrottledError('the candidate index is written by others');
}
