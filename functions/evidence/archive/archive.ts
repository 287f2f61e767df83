import type { LineageRow } from '../../contracts/lineage.ts';
import { readRowIds, writeParquet } from './parquet.ts';
import type { ArchivePorts, LineageDelivery } from './ports.ts';
import {
  groupRows,
  markKey,
  marksFrom,
  marksPrefix,
  objectKey,
  overlapsAnother,
  type RowGroup,
  rowsOf,
  unreadableKey,
  type Window,
  windowOf,
} from './window.ts';

export interface WindowSummary {
  readonly rows: number;
  readonly objects: number;
  readonly bytes: number;
  /** Rows that might have been archived before and were looked for. */
  readonly lookedFor: number;
  /** Of those, the ones that were there. */
  readonly alreadyArchived: number;
  /** Records with something that is no row; kept under `v1/unreadable/`. */
  readonly unreadable: number;
}

/**
 * Writes one window of the lineage stream to the evidence store, each row exactly once.
 *
 * Why a crash at any line and a retry add nothing:
 *
 * - *The same window again.* The event source neither bisects nor reports partial failures, so a failed window comes
 *   back with the same records. They make the same objects under the same keys, and `putOnce` leaves what is there.
 * - *Other bounds.* A window may also come back longer or shorter, when the event source's settings change between
 *   two attempts, or when someone reads the stream again from an earlier point. So a window leaves a mark with its
 *   bounds before it writes a row. A window that overlaps a mark of other bounds looks for each of its rows first.
 * - *The same row in another window.* The producer flags a row that may already be on the stream as `redelivered`. Its
 *   first copy has the same partition key, so it lies earlier on the same shard, or on the shard that this one was
 *   split or merged from, which is read to its end first: in this window, where row ids make copies one, or in a
 *   window that has been archived. So looking for flagged rows finds it. Only they pay for that.
 *
 * A row can only be in its own partition folder, because class and time of receipt are part of the row; looking for it
 * means reading the row ids there.
 *
 * @throws TransientError when the store fails; the window is then to be delivered again.
 */
export async function archiveWindow(
  { store }: ArchivePorts,
  records: readonly LineageDelivery[],
): Promise<WindowSummary> {
  const window = windowOf(records);
  const { rows, unreadable } = rowsOf(records);
  for (const stranger of unreadable) await store.putOnce(unreadableKey(window, stranger), stranger.bytes);

  const summary = {
    rows: 0,
    objects: 0,
    bytes: 0,
    lookedFor: 0,
    alreadyArchived: 0,
    unreadable: unreadable.length,
  };
  if (rows.length === 0) return summary;

  const marks = await store.keys(marksPrefix(window.shardId), marksFrom(window));
  const overlaps = overlapsAnother(window, marks);
  await store.putOnce(markKey(window), markOf(window, records.length, rows.length));

  for (const group of groupRows(rows)) {
    const suspects = overlaps ? group.rows : group.rows.filter((row) => row.redelivered === true);
    const archived = suspects.length === 0 ? NONE : await archivedRowIds({ store }, group);
    const known = new Set(suspects.filter((row) => archived.has(row.rowId)));
    const fresh = group.rows.filter((row) => !known.has(row));
    summary.lookedFor += suspects.length;
    summary.alreadyArchived += known.size;
    if (fresh.length === 0) continue;
    const bytes = writeParquet(group.table, fresh);
    await store.putOnce(objectKey(group.prefix, window), bytes);
    summary.rows += fresh.length;
    summary.objects += 1;
    summary.bytes += bytes.length;
  }
  return summary;
}

const NONE: ReadonlySet<LineageRow['rowId']> = new Set();

async function archivedRowIds({ store }: ArchivePorts, { prefix }: RowGroup): Promise<ReadonlySet<string>> {
  const rowIds = new Set<string>();
  for (const key of await store.keys(prefix)) {
    for (const rowId of await readRowIds(await store.read(key))) rowIds.add(rowId);
  }
  return rowIds;
}

const markOf = (window: Window, records: number, rows: number): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ ...window, records, rows })}\n`);
