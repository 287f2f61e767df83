import type { RowsEntry } from '../../contracts/evidence-log.ts';
import { partitionIn } from '../log/keys.ts';
import type { Finding } from './findings.ts';
import type { Leaf } from './replay-log.ts';

/** What the log says there is. */
export interface Inventory {
  /** The entry of each object. */
  readonly byKey: ReadonlyMap<string, Leaf>;
  /** Objects that a later entry replaces, with the place of that entry. */
  readonly replacedBy: ReadonlyMap<string, number>;
  /** For each compacted object, the entries of the objects whose rows it holds, in their order. */
  readonly partsOf: ReadonlyMap<string, readonly RowsEntry[]>;
  readonly findings: readonly Finding[];
}

/** Reads the log as a list of objects. */
export function inventoryOf(leaves: readonly Leaf[]): Inventory {
  const findings: Finding[] = [];
  const byKey = new Map<string, Leaf>();
  const byPlace = new Map(leaves.map((leaf) => [leaf.place, leaf]));
  const replacedBy = new Map<string, number>();
  const partsOf = new Map<string, readonly RowsEntry[]>();
  for (const leaf of leaves) {
    const { entry, place } = leaf;
    const known = byKey.get(entry.key);
    if (known === undefined) byKey.set(entry.key, leaf);
    else if (known.entry.sha256 !== entry.sha256)
      findings.push({
        kind: 'object-relogged',
        where: entry.key,
        what: `entries ${known.place} and ${place} say different things of one object`,
      });
    if (entry.kind !== 'rows' || entry.supersedes === undefined) continue;
    const parts = entry.supersedes.map((at) => (at < place ? byPlace.get(at)?.entry : undefined));
    const whole = parts.filter((part): part is RowsEntry => part?.kind === 'rows' && isBeside(part, entry));
    const rows = whole.reduce((sum, part) => sum + part.rows, 0);
    if (whole.length < parts.length || rows !== entry.rows) {
      findings.push({
        kind: 'compaction-unfaithful',
        where: entry.key,
        what: `entry ${place} says it replaces entries that are not there, lie elsewhere, or have ${rows} rows instead of ${entry.rows}`,
      });
      continue;
    }
    partsOf.set(entry.key, whole);
    for (const part of whole) replacedBy.set(part.key, place);
  }
  return { byKey, replacedBy, partsOf, findings };
}

/** Whether two entries are of one table and one partition. */
function isBeside(part: RowsEntry, entry: RowsEntry): boolean {
  return (
    part.table === entry.table &&
    partitionIn(part.key) !== null &&
    part.key.slice(0, part.key.lastIndexOf('/')) === entry.key.slice(0, entry.key.lastIndexOf('/'))
  );
}
