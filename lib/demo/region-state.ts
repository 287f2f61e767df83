import type { Region } from '../local/region.ts';
import { summed } from './archive-figures.ts';
import { scanTable, type TableRow, textIn } from './region-tables.ts';
import type { Customers } from './report.ts';

/** Attributes as `adapters/aws/profile-items.ts` writes them. */
const ATTRIBUTES = ['subject', 'state', 'published'] as const;

/** Counts a region's customers and who is in which segment. */
export async function countCustomers(region: Region): Promise<Customers> {
  let subjects = 0;
  const segments: [string, number][] = [];
  const note = (row: TableRow): void => {
    subjects += 1;
    const published = JSON.parse(textIn(row.published) ?? '{}') as { segments?: Record<string, number> };
    for (const segment of Object.keys(published.segments ?? {})) segments.push([segment, 1]);
  };
  // An identifier with a profile that belongs to no larger subject is a customer by itself.
  for await (const row of scanTable(region, 'profiles', ATTRIBUTES)) {
    if (textIn(row.state) !== null && row.subject?.S === undefined) note(row);
  }
  for await (const row of scanTable(region, 'subjects', ATTRIBUTES)) note(row);
  return { subjects, segments: summed(segments) };
}
