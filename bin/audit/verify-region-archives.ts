import type { AuditReport } from '../../functions/evidence/audit/verify.ts';
import { verifyArchive } from '../../functions/evidence/audit/verify.ts';
import { originOf } from '../../functions/evidence/log/note.ts';
import { archivesOf } from './options.ts';

/** Checks the archive of every region in a data folder offline, as `audit verify` does.
 * @throws UserError when there is no archive, or no key beside its checkpoints */
export async function verifyRegionArchives(dataDir: string): Promise<Readonly<Record<string, AuditReport>>> {
  const reports: Record<string, AuditReport> = {};
  for (const archive of await archivesOf({ 'data-dir': dataDir })) {
    const { code, keys } = archive;
    if (code === null) continue;
    reports[code] = await verifyArchive(archive, {
      origin: originOf(code),
      keys,
      now: Date.now(),
      checkpointAgeMsMax: null,
      includes: () => true,
      reads: () => true,
    });
  }
  return reports;
}
