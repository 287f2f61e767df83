import { hash } from 'node:crypto';
import type { RowsEntry } from '../../contracts/evidence-log.ts';
import { type EpochMs, HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import type { Leaf } from '../audit/replay-log.ts';
import { compactedKey, isCompacted, partitionIn } from '../log/keys.ts';
import type { RecentLog } from './recent-log.ts';

/** After its end an hour waits that long for windows that come late. */
export const SETTLED_AFTER_MS = 2 * HOUR_MS;
/** Later than that an hour is left as it is: an object may only be so much younger than its rows (COMPACTION_DAYS). */
export const LEFT_ALONE_AFTER_MS = 48 * HOUR_MS;
/** A replaced object goes that long after its replacement was signed: a query that began before still finds it. */
export const REMOVED_AFTER_MS = 60 * MINUTE_MS;
/** What one object should hold: as much as this, or else all the rows of 60 minutes, which is its partition. Rows are bounded
 * by memory: about a kilobyte each while they are put together. */
export const TARGET_BYTES = 128 * 1024 * 1024;
export const TARGET_ROWS = 1_000_000;

export interface RowsLeaf extends Leaf {
  readonly entry: RowsEntry;
}

/** Small objects that become one. */
export interface Run {
  /** Name of the object that they become, which follows from theirs. */
  readonly key: string;
  /** In the order of the log; at least two. */
  readonly parts: readonly RowsLeaf[];
}

const isRows = (leaf: Leaf): leaf is RowsLeaf => leaf.entry.kind === 'rows';
const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);
/** `YYYY-MM-DDTHH`; null for what is in no partition. */
function hourOf(key: string): string | null {
  const partition = partitionIn(key);
  return partition === null ? null : `${partition.date}T${partition.hour}`;
}

/** Hours that are over and not long over and that have small objects, as far as the log tells: each with its folders, the
 * oldest first. */
export function hoursToCompact(log: RecentLog, now: EpochMs): ReadonlyMap<string, readonly string[]> {
  const seen = new Set<string>();
  const hours = new Map<string, Set<string>>();
  for (const { entry } of smallObjects(log)) {
    const [folder, hour] = [folderOf(entry.key), hourOf(entry.key)];
    if (hour === null || !isOver(hour, now)) continue;
    // One alone stays as it is.
    if (seen.has(folder)) hours.set(hour, (hours.get(hour) ?? new Set()).add(folder));
    seen.add(folder);
  }
  const inOrder = [...hours].sort(([one], [other]) => (one < other ? -1 : 1));
  return new Map(inOrder.map(([hour, folders]) => [hour, [...folders].sort()]));
}

function isOver(hour: string, now: EpochMs): boolean {
  const begun = Date.parse(`${hour}:00:00Z`);
  return begun + HOUR_MS + SETTLED_AFTER_MS <= now && begun + LEFT_ALONE_AFTER_MS >= now;
}

/** Objects that nothing replaced and that are not as large as they should be. Never one that is compacted already, so that a
 * row is in one compacted object at most. */
function smallObjects({ leaves }: RecentLog): readonly RowsLeaf[] {
  const rows = leaves.filter(isRows);
  const replaced = new Set(rows.flatMap(({ entry }) => entry.supersedes ?? []));
  return rows.filter(
    ({ place, entry }) =>
      !replaced.has(place) &&
      !isCompacted(entry.key) &&
      entry.bytes < TARGET_BYTES &&
      entry.rows < TARGET_ROWS,
  );
}

/**
 * What is left to merge in one folder: runs of small objects, each of at least two, up to the target. Two neighbouring runs
 * are together more than one object should hold. None at all while anything else in the folder is not signed, be it late
 * rows or the object of another composition: one compaction is finished before the next begins.
 * @param present keys of the objects in the folder
 */
export function runsIn(folder: string, present: readonly string[], log: RecentLog): readonly Run[] {
  const there = new Set(present);
  const own = log.leaves.filter(isRows).filter(({ entry }) => folderOf(entry.key) === folder);
  if (own.some(({ place }) => place >= log.signed)) return [];
  const small = smallObjects({ ...log, leaves: own }).filter(({ entry }) => there.has(entry.key));
  const runs = inRuns([...small].sort((one, other) => one.place - other.place))
    .filter((parts) => parts.length > 1)
    .map((parts): Run => ({ key: nameOf(folder, parts), parts }));
  const known = new Set([...own.map(({ entry }) => entry.key), ...runs.map(({ key }) => key)]);
  if (!present.every((key) => known.has(key))) return [];
  return runs.filter(({ key }) => !there.has(key));
}

const nameOf = (folder: string, parts: readonly RowsLeaf[]): string =>
  compactedKey(folder, hash('sha256', parts.map(({ entry }) => entry.sha256).join(' ')));

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
