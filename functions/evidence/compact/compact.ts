import { hash, type KeyObject } from 'node:crypto';
import type { EpochMs } from '../../kernel/time.ts';
import { HOUR_MS, MINUTE_MS } from '../../kernel/time.ts';
import { readColumns, writeColumns } from '../archive/parquet.ts';
import { checkObject } from '../audit/object.ts';
import { inTurns } from '../log/in-turns.ts';
import { type Keepsake, keepOnce } from '../log/keep.ts';
import { type CellColumn, ROW_CHECK } from '../log/rows.ts';
import { hoursToCompact, LEFT_ALONE_AFTER_MS, type Run, removable, runsIn } from './plan.ts';
import type { CompactPorts } from './ports.ts';
import { type RecentLog, recentLog } from './recent-log.ts';

/** Whose log it is, and the key that signs it. */
export interface CompactContext {
  readonly origin: string;
  readonly key: KeyObject;
}

/** The document that one compaction carries from round to round: all it needs to go on after a crash. */
export interface CompactionPlan {
  /** When it began, epoch ms. */
  readonly begunAt: EpochMs;
  /** Objects that are still to be made. */
  readonly left: number;
  /** The hours of the next round, `YYYY-MM-DDTHH`, the oldest first. */
  readonly hours: readonly string[];
  readonly done: boolean;
}

export interface CompactSummary {
  readonly [name: string]: number;
  /** Objects that were put together, and what of them. */
  readonly merged: number;
  readonly made: number;
  readonly rows: number;
  /** Runs of objects left as they are: one of them is not what the log says. The audit names it. */
  readonly refused: number;
}

/** How far back the log is read: an hour that is worked on, and its replacement's removal. */
const LOOKS_BACK_MS = LEFT_ALONE_AFTER_MS + 24 * HOUR_MS;
/** No round begins later than this after the compaction: with its last round it is over before the next one begins. */
const ROUNDS_BEGIN_WITHIN_MS = 30 * MINUTE_MS;
/** Each is begun and ended within a function's 15 minutes. */
const HOURS_PER_ROUND = 2;

const logOf = (context: CompactContext, ports: CompactPorts, now: EpochMs): Promise<RecentLog> =>
  recentLog(ports, context.origin, context.key, now - LOOKS_BACK_MS);

/**
 * First step of a compaction: removes the objects that earlier ones replaced, an hour after a checkpoint covers the new
 * one's entry, which names what it replaces. Repeating it removes what is left.
 * @throws TransientError when a bucket fails; run again
 * @throws InvariantError when the log cannot be trusted
 */
export async function removeReplaced(
  context: CompactContext,
  ports: CompactPorts,
  now: EpochMs,
): Promise<{ readonly removed: number }> {
  const { evidence } = ports;
  let removed = 0;
  for (const { replacement, replaced } of removable(await logOf(context, ports, now), now)) {
    const [anyKey] = replaced;
    if (anyKey === undefined) continue;
    if (!ports.isInTime()) break;
    const present = new Set(await evidence.keys(anyKey.slice(0, anyKey.lastIndexOf('/') + 1)));
    const left = replaced.filter((key) => present.has(key));
    if (left.length === 0) continue;
    const stored = await evidence.stat(replacement.key);
    if (stored === null || (stored.sha256 !== null && stored.sha256 !== replacement.sha256)) continue;
    await inTurns(left, (key) => evidence.remove(key));
    removed += left.length;
  }
  return { removed };
}

/**
 * Before each round: what is to be done in it. Done when nothing is left, when the last round made nothing (all that is left
 * was refused), or when it is late: the next compaction goes on from what it finds.
 * @param before the plan of the last round; null at the beginning
 * @throws TransientError when a bucket fails; run again
 * @throws InvariantError when the log cannot be trusted
 */
export async function planCompaction(
  before: CompactionPlan | null,
  context: CompactContext,
  ports: CompactPorts,
  now: EpochMs,
): Promise<CompactionPlan> {
  const log = await logOf(context, ports, now);
  const begunAt = before?.begunAt ?? now;
  const open = new Map<string, number>();
  for (const [hour, folders] of hoursToCompact(log, now))
    for (const folder of folders) {
      const runs = runsIn(folder, await ports.evidence.keys(folder), log).length;
      if (runs > 0) open.set(hour, (open.get(hour) ?? 0) + runs);
    }
  const left = [...open.values()].reduce((sum, runs) => sum + runs, 0);
  const isStuck = before !== null && left >= before.left;
  const done = left === 0 || isStuck || now > begunAt + ROUNDS_BEGIN_WITHIN_MS;
  return { begunAt, left, hours: done ? [] : [...open.keys()].slice(0, HOURS_PER_ROUND), done };
}

/**
 * Puts the small objects of an hour together, while there is time; what is not begun is left to the next round.
 *
 * A row is never out of sight and never counted twice: its new object is written first, and views take a row from a
 * compacted object where there is one. The old entry stays in the log, so proofs that were given stay good; and since the
 * new object holds the old ones' rows in their order, verification compares them with the old roots for ever.
 *
 * There is one such step at a time. A crash leaves an announcement without an object, which the repetition fills, or an
 * object that the next checkpoint logs.
 *
 * @throws TransientError when a bucket fails; run again
 * @throws InvariantError when the log cannot be trusted
 */
export async function compactHour(
  hour: string,
  context: CompactContext,
  ports: CompactPorts,
  now: EpochMs,
): Promise<CompactSummary> {
  const log = await logOf(context, ports, now);
  const summary = { merged: 0, made: 0, rows: 0, refused: 0 };
  for (const folder of hoursToCompact(log, now).get(hour) ?? []) {
    for (const run of runsIn(folder, await ports.evidence.keys(folder), log)) {
      if (!ports.isInTime()) return summary;
      const made = await merged(ports, run);
      if (made === null) {
        summary.refused += 1;
        continue;
      }
      await keepOnce(ports.evidence, [made]);
      summary.merged += run.parts.length;
      summary.made += 1;
      summary.rows += made.draft.kind === 'rows' ? made.draft.rows : 0;
    }
  }
  return summary;
}

/** The rows of some objects as one; null when an object is not what was logged, or they have not the same columns. */
async function merged({ evidence }: CompactPorts, { key, parts }: Run): Promise<Keepsake | null> {
  const tables: (readonly CellColumn[])[] = [];
  for (const { entry } of parts) {
    const bytes = await evidence.read(entry.key);
    if ((await checkObject(entry, bytes)).length > 0) return null;
    tables.push((await readColumns(bytes)).filter(({ name }) => name !== ROW_CHECK));
  }
  const [first] = tables;
  if (first === undefined || tables.some((table) => shapeOf(table) !== shapeOf(first))) return null;
  const columns = first.map((column, at) => ({
    ...column,
    cells: tables.flatMap((table) => table[at]?.cells ?? []),
  }));
  const { bytes, rows, rowsRoot } = writeColumns(columns);
  const supersedes = parts.map(({ place }) => place);
  const sha256 = hash('sha256', bytes);
  const table = parts[0]?.entry.table ?? 'signals';
  return {
    bytes,
    draft: { kind: 'rows', key, sha256, bytes: bytes.length, table, rows, rowsRoot, supersedes },
  };
}

const shapeOf = (columns: readonly CellColumn[]): string =>
  JSON.stringify(columns.map(({ name, type, nullable }) => [name, type, nullable]));
