import { hash } from 'node:crypto';
import type { LineageRow } from '../../contracts/lineage.ts';
import { documentOf, type Keepsake, keepOnce } from '../log/keep.ts';
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
 * - *A window that was begun before* finds the mark that its first attempt left, and looks for each of its rows before it
 *   writes: they may also be in another object by now, one that compaction made.
 * - *Other bounds.* A window may come back longer or shorter, when the event source's settings change between two
 *   attempts, or when someone reads the stream again from an earlier point. A window that overlaps a mark of other bounds
 *   looks for each of its rows, too.
 * - *The same row in another window.* The producer flags a row that may already be on the stream as `redelivered`. Its
 *   first copy has the same partition key, so it lies earlier on the same shard, or on the shard that this one was
 *   split or merged from, which is read to its end first: in this window, where row ids make copies one, or in a
 *   window that has been archived. So looking for flagged rows finds it. Only they pay for that.
 *
 * A row can only be in its own partition folder, because class and time of receipt are part of the row; looking for it
 * means reading the row ids there. What is written is announced to the evidence log first ({@link keepOnce}).
 *
 * @throws TransientError when the store fails; the window is then to be delivered again.
 */
export async function archiveWindow(
  { store }: ArchivePorts,
  records: readonly LineageDelivery[],
): Promise<WindowSummary> {
  const window = windowOf(records);
  const { rows, unreadable } = rowsOf(records);
  const marks = await store.keys(marksPrefix(window.shardId), marksFrom(window));
  const marked = await store.putOnce(markKey(window), markOf(window, records.length, rows.length));
  const isRepeat = marked === 'present' || overlapsAnother(window, marks);

  const keepsakes: Keepsake[] = [];
  for (const stranger of unreadable) {
    const key = unreadableKey(window, stranger);
    const isThere = isRepeat && (await store.keys(key)).includes(key);
    if (!isThere) keepsakes.push(documentOf('unreadable', key, stranger.bytes));
  }
  const found = { rows: 0, objects: 0, bytes: 0, lookedFor: 0, alreadyArchived: 0 };
  for (const group of groupRows(rows)) {
    const suspects = isRepeat ? group.rows : group.rows.filter((row) => row.redelivered === true);
    const archived = suspects.length === 0 ? NONE : await archivedRowIds({ store }, group);
    const known = new Set(suspects.filter((row) => archived.has(row.rowId)));
    const fresh = group.rows.filter((row) => !known.has(row));
    found.lookedFor += suspects.length;
    found.alreadyArchived += known.size;
    if (fresh.length === 0) continue;
    const keepsake = rowsObject(group, fresh, window);
    keepsakes.push(keepsake);
    found.rows += fresh.length;
    found.objects += 1;
    found.bytes += keepsake.bytes.length;
  }
  await keepOnce(store, keepsakes);
  return { ...found, unreadable: unreadable.length };
}

function rowsObject({ table, prefix }: RowGroup, fresh: readonly LineageRow[], window: Window): Keepsake {
  const { bytes, rows, rowsRoot } = writeParquet(table, fresh);
  const sha256 = hash('sha256', bytes);
  const key = objectKey(prefix, window);
  return { bytes, draft: { kind: 'rows', key, sha256, bytes: bytes.length, table, rows, rowsRoot } };
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
