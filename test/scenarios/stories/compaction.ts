import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCompacted, partitionIn } from '../../../functions/evidence/log/keys.ts';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import { evidenceFolders } from '../../../lib/archive/evidence-folders.ts';
import { openArchive } from '../../../lib/archive/open.ts';
import type { RunningPair } from '../running-pair.ts';

/** Small objects become large ones, by the machine of the stack and its schedule. Moves the clock of the UK. */
export function compactionStory(pair: () => RunningPair): void {
  const folder = (): string => evidenceFolders(pair().dataDir).uk ?? '';
  const objects = (): readonly string[] =>
    readdirSync(join(folder(), 'v1'), { recursive: true, encoding: 'utf8' })
      .map((path) => `v1/${path}`)
      .filter((key) => partitionIn(key) !== null);
  const rows = async (): Promise<unknown> => {
    const archive = await openArchive({ uk: folder() });
    const counted = await archive.query(
      'SELECT count(*) AS n, count(DISTINCT row_id) AS ids, sum(hash(row_id)::HUGEINT)::VARCHAR AS which FROM signals',
    );
    archive.close();
    return counted[0];
  };
  const later = async (hours: number): Promise<void> => {
    const { region } = pair().uk;
    await region.clock.advance(hours * HOUR_MS);
    await region.idle({ timeoutMs: 60_000 });
  };
  /** Folders of which more than one object is left. */
  const crowded = (): readonly string[] => {
    const folders = objects().map((key) => key.slice(0, key.lastIndexOf('/')));
    return [...new Set(folders.filter((each, at) => folders.indexOf(each) !== at))];
  };

  describe('the objects of an hour', () => {
    it('become one when the hour is long over, and each row stays where queries see it once', async () => {
      const { uk } = pair();
      for (const window of [1, 2, 3]) {
        const order = { order_id: `compact-${window}`, total: 20, currency: 'GBP' };
        const event = 'Order Completed';
        await uk.send('pos', [
          { type: 'track', event, messageId: `compact-${window}`, userId: 'compact', properties: order },
        ]);
        await uk.settled();
      }
      expect(await uk.region.invoke('checkpoint', {})).toMatchObject({ ok: true });
      expect(crowded().length).toBeGreaterThan(0);
      const before = await rows();
      await later(3);
      expect(objects().filter(isCompacted).length).toBeGreaterThan(0);
      expect(await rows()).toEqual(before);
      // The checkpoint that covers the new objects, an hour, and the execution that removes the old ones.
      for (const _ of [1, 2, 3]) await later(1);
      expect(crowded()).toEqual([]);
      expect(await rows()).toEqual(before);
      const executions = uk.region.executions().filter(({ machineId }) => machineId === 'compaction');
      expect(executions.length).toBeGreaterThan(3);
      expect(new Set(executions.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
      expect(await uk.region.invoke('audit', {})).toMatchObject({ ok: true, response: { findings: 0 } });
    }, 120_000);
  });
}
