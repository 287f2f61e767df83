import { hash, type KeyObject } from 'node:crypto';
import type { EpochMs } from '../../kernel/time.ts';
import { HOUR_MS } from '../../kernel/time.ts';
import { readColumns, writeColumns } from '../archive/parquet.ts';
import { checkObject } from '../audit/object.ts';
import { type Keepsake, keepOnce } from '../log/keep.ts';
import { compactedKey } from '../log/keys.ts';
import { type CellColumn, ROW_CHECK } from '../log/rows.ts';
import { foldersToCompact, groupsIn, LEFT_ALONE_AFTER_MS, type RowsLeaf, removable } from './plan.ts';
import type { CompactPorts } from './ports.ts';
import { type RecentLog, recentLog } from './recent-log.ts';

export interface CompactSummary {
  readonly [name: string]: number;
  /** Objects that were put together, and what of them. */
  readonly merged: number;
  readonly made: number;
  readonly rows: number;
  /** Replaced objects that were removed. */
  readonly removed: number;
  /** Runs of objects left as they are: one of them is not what the log says. The audit names it. */
  readonly refused: number;
}

/** How far back the log is read: an hour that is worked on, and its replacement's removal. */
const LOOKS_BACK_MS = LEFT_ALONE_AFTER_MS + 24 * HOUR_MS;

/**
 * Puts the small objects of an hour together, and removes what was put together before.
 *
 * A row is never out of sight and never counted twice: its new object is written first, and views take a row from a
 * compacted object where there is one; the old object goes an hour after a checkpoint covers the new one's entry, which
 * names what it replaces. The old entry stays in the log, so proofs that were given stay good; and since the new object
 * holds the old ones' rows in their order, verification compares them with the old roots for ever.
 *
 * There is one writer at a time. A crash leaves an announcement without an object, which is forgotten, or an object that
 * the next checkpoint logs; the folder is left alone until then.
 *
 * @throws TransientError when a bucket fails; run again
 * @throws InvariantError when the log cannot be trusted
 */
export async function compact(
  context: { readonly origin: string; readonly key: KeyObject },
  ports: CompactPorts,
  now: EpochMs,
): Promise<CompactSummary> {
  const log = await recentLog(ports, context.origin, context.key, now - LOOKS_BACK_MS);
  const summary = { merged: 0, made: 0, rows: 0, removed: await removeReplaced(ports, log, now), refused: 0 };
  for (const folder of foldersToCompact(log, now)) {
    if (!ports.isInTime()) break;
    const present = await ports.evidence.keys(folder);
    for (const group of groupsIn(folder, present, log)) {
      const made = await merged(ports, folder, group);
      if (made === null) {
        summary.refused += 1;
        continue;
      }
      await keepOnce(ports.evidence, [made]);
      summary.merged += group.length;
      summary.made += 1;
      summary.rows += made.draft.kind === 'rows' ? made.draft.rows : 0;
    }
  }
  return summary;
}

/** The rows of some objects as one; null when an object is not what was logged, or they have not the same columns. */
async function merged(
  { evidence }: CompactPorts,
  folder: string,
  group: readonly RowsLeaf[],
): Promise<Keepsake | null> {
  const parts: (readonly CellColumn[])[] = [];
  for (const { entry } of group) {
    const bytes = await evidence.read(entry.key);
    if ((await checkObject(entry, bytes)).length > 0) return null;
    parts.push((await readColumns(bytes)).filter(({ name }) => name !== ROW_CHECK));
  }
  const [first] = parts;
  if (first === undefined || parts.some((part) => shapeOf(part) !== shapeOf(first))) return null;
  const columns = first.map((column, at) => ({
    ...column,
    cells: parts.flatMap((part) => part[at]?.cells ?? []),
  }));
  const { bytes, rows, rowsRoot } = writeColumns(columns);
  const supersedes = group.map(({ place }) => place);
  const sha256 = hash('sha256', bytes);
  const key = compactedKey(folder, hash('sha256', group.map(({ entry }) => entry.sha256).join(' ')));
  const table = group[0]?.entry.table ?? 'signals';
  return {
    bytes,
    draft: { kind: 'rows', key, sha256, bytes: bytes.length, table, rows, rowsRoot, supersedes },
  };
}

const shapeOf = (columns: readonly CellColumn[]): string =>
  JSON.stringify(columns.map(({ name, type, nullable }) => [name, type, nullable]));

async function removeReplaced({ evidence }: CompactPorts, log: RecentLog, now: EpochMs): Promise<number> {
  let removed = 0;
  for (const { replacement, replaced } of removable(log, now)) {
    const [anyKey] = replaced;
    if (anyKey === undefined) continue;
    const present = new Set(await evidence.keys(anyKey.slice(0, anyKey.lastIndexOf('/') + 1)));
    const left = replaced.filter((key) => present.has(key));
    if (left.length === 0) continue;
    const stored = await evidence.stat(replacement.key);
    if (stored === null || (stored.sha256 !== null && stored.sha256 !== replacement.sha256)) continue;
    for (const key of left) await evidence.remove(key);
    removed += left.length;
  }
  return removed;
}
