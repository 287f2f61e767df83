import type { RowsEntry } from '../../contracts/evidence-log.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import type { Leaf } from '../audit/replay-log.ts';
import { isCompacted, partitionIn } from '../log/keys.ts';
import type { RecentLog } from './recent-log.ts';

/** After its end an hour waits that long for windows that come late. */
export const SETTLED_AFTER_MS = 2 * HOUR_MS;
/** Later than that an hour is left as it is: an object may only be so much younger than its rows (COMPACTION_DAYS). */
export const LEFT_ALONE_AFTER_MS = 48 * HOUR_MS;
/** A replaced object goes that long after its replacement was signed: a query that began before still finds it. */
export const REMOVED_AFTER_MS = 60 * MINUTE_MS;
/** What one object should hold. Rows are bounded by memory: about a kilobyte each while they are put together. */
export const TARGET_BYTES = 128 * 1024 * 1024;
export const TARGET_ROWS = 1_000_000;

export interface RowsLeaf extends Leaf {
  readonly entry: RowsEntry;
}

const isRows = (leaf: Leaf): leaf is RowsLeaf => leaf.entry.kind === 'rows';
const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

/** Folders whose hour is over and not long over, oldest first. */
export function foldersToCompact({ leaves }: RecentLog, now: EpochMs): readonly string[] {
  const folders = new Set<string>();
  for (const { entry } of leaves) {
    const partition = partitionIn(entry.key);
    if (partition === null) continue;
    const begun = Date.parse(`${partition.date}T${partition.hour}:00:00Z`);
    if (begun + HOUR_MS + SETTLED_AFTER_MS <= now && begun + LEFT_ALONE_AFTER_MS >= now)
      folders.add(folderOf(entry.key));
  }
  return [...folders].sort((one, other) => (hourOf(one) < hourOf(other) ? -1 : 1));
}

const hourOf = (folder: string): string => folder.slice(folder.indexOf('/dt='));

/**
 * What to merge in one folder: runs of small objects, each of at least two, up to the target. None while anything in the
 * folder is not signed, so that one compaction is finished before the next begins; and never an object that is compacted
 * already, so that a row is in one compacted object at most.
 * @param present keys of the objects in the folder
 */
export function groupsIn(folder: string, present: readonly string[], log: RecentLog): readonly RowsLeaf[][] {
  const own = log.leaves.filter(isRows).filter(({ entry }) => folderOf(entry.key) === folder);
  const replaced = new Set(own.flatMap(({ entry }) => entry.supersedes ?? []));
  const byKey = new Map(own.map((leaf) => [leaf.entry.key, leaf]));
  const isSettled = present.every((key) => {
    const leaf = byKey.get(key);
    return leaf !== undefined && leaf.place < log.signed;
  });
  if (!isSettled || own.some(({ place }) => place >= log.signed)) return [];
  const small = [...byKey.values()].filter(
    ({ place, entry }) =>
      present.includes(entry.key) &&
      !replaced.has(place) &&
      !isCompacted(entry.key) &&
      entry.bytes < TARGET_BYTES,
  );
  return inRuns(small.sort((one, other) => one.place - other.place)).filter((group) => group.length > 1);
}

function inRuns(leaves: readonly RowsLeaf[]): RowsLeaf[][] {
  const runs: RowsLeaf[][] = [];
  let [bytes, rows] = [Number.POSITIVE_INFINITY, 0];
  for (const leaf of leaves) {
    const { entry } = leaf;
    if (bytes + entry.bytes > TARGET_BYTES || rows + entry.rows > TARGET_ROWS) {
      runs.push([]);
      [bytes, rows] = [0, 0];
    }
    runs.at(-1)?.push(leaf);
    bytes += entry.bytes;
    rows += entry.rows;
  }
  return runs;
}

/** Replaced objects that may go: their replacement has been signed for long enough. With the replacement, which must be
 * there. */
export function removable(
  log: RecentLog,
  now: EpochMs,
): readonly { readonly replacement: RowsEntry; readonly replaced: readonly string[] }[] {
  const byPlace = new Map(log.leaves.map((leaf) => [leaf.place, leaf]));
  return log.leaves.filter(isRows).flatMap(({ place, entry }) => {
    const signedAt = log.checkpoints.find(({ size }) => size > place)?.at;
    if (entry.supersedes === undefined || signedAt === undefined || signedAt + REMOVED_AFTER_MS > now)
      return [];
    const replaced = entry.supersedes.flatMap((at) => byPlace.get(at)?.entry.key ?? []);
    return [{ replacement: entry, replaced }];
  });
}
