import { startLargeArchive } from '../test/rights/privacy-request/large-archive.ts';
import type { Figure } from './figures.ts';
import { withoutLogs } from './timing.ts';

const FEW = 10;
const MANY = 1_000_000;

/** What an erasure costs for a few archived rows and for a million, and how fast the archive verifies afterwards. */
export async function erasure(): Promise<readonly Figure[]> {
  const { result } = await withoutLogs(async () => {
    const archive = await startLargeArchive();
    try {
      return {
        few: await archive.erase(FEW),
        many: await archive.erase(MANY),
        verified: await archive.verify(),
      };
    } finally {
      await archive.stop();
    }
  });
  const { few, many, verified } = result;
  if (few.readableAfter + many.readableAfter > 0) throw new Error('rows can be read after the erasure');
  const { rows, objects, bytes, findings } = verified.report;
  const perSecond = (ms: number): number => rows / (ms / 1_000);
  return [
    { name: `calls, ${FEW} archived rows`, value: few.calls, unit: 'calls' },
    { name: 'calls, 1,000,000 archived rows', value: many.calls, unit: 'calls', target: { most: few.calls } },
    { name: `from request to certificate, ${FEW} rows`, value: few.ms, unit: 'ms' },
    {
      name: 'from request to certificate, 1,000,000 rows',
      value: many.ms,
      unit: 'ms',
      target: { most: 10_000 },
    },
    {
      name: 'audit verify, from files',
      value: perSecond(verified.cpuMs),
      unit: 'rows/s/core',
      target: { least: 50_000 },
      note: `${rows.toLocaleString('en-GB')} rows in ${objects} objects, ${Math.round(bytes / 1e6)} MB`,
    },
    { name: 'the same by the clock on the wall', value: perSecond(verified.ms), unit: 'rows/s' },
    { name: 'findings of it', value: findings.length, unit: 'findings', target: { most: 0 } },
  ];
}
