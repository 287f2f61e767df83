import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { memoryEvidenceStore } from '../../functions/adapters/memory/evidence-store.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import { archiveWindow } from '../../functions/evidence/archive/archive.ts';
import { delivery } from '../evidence/archive/rows.ts';

/** As the local region names the bucket of a stack. */
export const evidenceBucket = (code: string): string => `rapport-${code}-bucketsevidence1d6a4f21`;

/** Fills a data folder as a region leaves it: buckets with objects as plain files. */
export async function writeDataFolder(
  directory: string,
  rowsByJurisdiction: Readonly<Record<string, readonly LineageRow[]>>,
): Promise<string> {
  for (const [code, rows] of Object.entries(rowsByJurisdiction)) {
    const bucket = join(directory, 's3', evidenceBucket(code));
    await mkdir(bucket, { recursive: true });
    await mkdir(join(directory, 's3', `rapport-${code}-bucketsquarantine77aa0412`), { recursive: true });
    const store = memoryEvidenceStore();
    // Windows of a few rows, so that a table has several objects.
    for (let from = 0; from < rows.length; from += 5)
      await archiveWindow({ store }, [delivery(from, rows.slice(from, from + 5))]);
    for (const [key, bytes] of store.objects) {
      await mkdir(dirname(join(bucket, key)), { recursive: true });
      await writeFile(join(bucket, key), bytes);
    }
  }
  return directory;
}
