import type { LogDraft } from '../../contracts/evidence-log.ts';
import type { EpochMs } from '../../kernel/time.ts';
import { readDrafts } from './entries.ts';
import { inTurns } from './in-turns.ts';
import { PENDING_PREFIX } from './keys.ts';
import type { LogStore } from './ports.ts';

/** A file of drafts. */
export interface Pending {
  readonly key: string;
  readonly at: EpochMs;
  readonly drafts: readonly LogDraft[];
}

/** Everything that is pending.
 * @throws TransientError, ThrottledError */
export async function readPending(
  store: Pick<LogStore, 'keys' | 'read' | 'stat'>,
): Promise<{ readonly files: readonly Pending[]; readonly unreadable: number }> {
  const keys = await store.keys(PENDING_PREFIX);
  const read = await inTurns(keys, async (key) => {
    const drafts = readDrafts(await store.read(key));
    const stored = await store.stat(key);
    return drafts === null || stored === null ? null : { key, at: stored.at, drafts };
  });
  const files = read.filter((file) => file !== null);
  return { files, unreadable: read.length - files.length };
}
