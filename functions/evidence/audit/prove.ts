import type { KeyObject } from 'node:crypto';
import type { ArchiveTable } from '../../contracts/lineage.ts';
import { readColumns, readRowIds } from '../archive/parquet.ts';
import { CERTIFICATES_PREFIX, certificateKey } from '../log/keys.ts';
import { type Hash, inclusionPath } from '../log/merkle.ts';
import { ROW_CHECK, rowHashes, rowText } from '../log/rows.ts';
import { readChain } from './chain.ts';
import { inventoryOf } from './inventory.ts';
import { type Leaf, replayLog } from './replay-log.ts';
import type { AuditBuckets } from './verify.ts';

/** That a leaf is in a tree. Hashes are hexadecimal digits, from the leaf's sibling up. */
export interface Inclusion {
  readonly leaf: string;
  readonly index: number;
  readonly size: number;
  readonly path: readonly string[];
}

/** Everything that somebody needs who has the public key and trusts nothing else. */
export interface Proof {
  readonly what: 'rapport-proof-1';
  /** The row in the tree of its object's rows; null for a document, whose hash is in the entry. */
  readonly row: Inclusion | null;
  /** The object's entry in the log. */
  readonly entry: Inclusion;
  /** The signed state of the log that covers it, byte for byte. */
  readonly checkpoint: string;
}

/** Why there is no proof. `no-such-row`: no object of the log has it · `several`: rows of several tables have this id, so the
 * table must be named · `not-signed`: no checkpoint covers it yet, or the log does not agree with its checkpoints. */
export type NoProof = 'no-such-row' | 'several' | 'not-signed';

/**
 * Proves that a row is in the archive as it was logged. A proof outlives what it is about: it verifies after the row's object
 * was compacted, expired or its key destroyed.
 * @param table where to look; null: everywhere
 * @throws TransientError when a bucket cannot be read
 */
export async function proveRow(
  buckets: AuditBuckets,
  keys: readonly KeyObject[],
  rowId: string,
  table: ArchiveTable | null,
): Promise<Proof | NoProof> {
  const log = await readLog(buckets, keys);
  const present = new Set(await buckets.evidence.keys('v1/'));
  const found: { leaf: Leaf; at: number; bytes: Uint8Array }[] = [];
  for (const leaf of log.objects) {
    const { entry } = leaf;
    if (entry.kind !== 'rows' || !present.has(entry.key) || (table !== null && entry.table !== table))
      continue;
    // While compaction is under way a row is in two objects; the later entry is the one that stays.
    const bytes = await buckets.evidence.read(entry.key);
    const at = await placeOf(bytes, rowId);
    if (at !== -1) found.push({ leaf, at, bytes });
  }
  if (new Set(found.map(({ leaf: { entry } }) => entry.kind === 'rows' && entry.table)).size > 1)
    return 'several';
  const last = found.at(-1);
  if (last === undefined) return 'no-such-row';
  const columns = (await readColumns(last.bytes)).filter(({ name }) => name !== ROW_CHECK);
  return log.prove(last.leaf, inclusionIn(rowHashes(columns), last.at, rowText(columns, last.at)));
}

/** Proves that a certificate was logged. @throws TransientError when a bucket cannot be read */
export async function proveCertificate(
  buckets: AuditBuckets,
  keys: readonly KeyObject[],
  id: string,
): Promise<Proof | NoProof> {
  const log = await readLog(buckets, keys);
  const key = /^[\w-]{1,128}$/.test(id) ? certificateKey(id) : CERTIFICATES_PREFIX;
  const leaf = log.objects.find(({ entry }) => entry.key === key);
  return leaf === undefined ? 'no-such-row' : log.prove(leaf, null);
}

async function readLog({ evidence, checkpoints }: AuditBuckets, keys: readonly KeyObject[]) {
  const chain = await readChain(checkpoints, null, keys);
  const replayed = await replayLog(
    evidence,
    chain.checkpoints.map(({ checkpoint }) => checkpoint),
  );
  const last = chain.checkpoints.at(-1);
  const signed = replayed.leaves.slice(0, last?.checkpoint.size ?? 0);
  return {
    objects: [...inventoryOf(replayed.leaves).byKey.values()],
    prove: ({ place, text }: Leaf, row: Inclusion | null): Proof | NoProof => {
      const isWhole = signed.every((leaf, at) => leaf.place === at) && replayed.findings.length === 0;
      if (last === undefined || place >= signed.length || !isWhole) return 'not-signed';
      const entry = inclusionIn(
        signed.map(({ hash }) => hash),
        place,
        text,
      );
      return { what: 'rapport-proof-1', row, entry, checkpoint: last.note };
    },
  };
}

const inclusionIn = (hashes: readonly Hash[], index: number, leaf: string): Inclusion => ({
  leaf,
  index,
  size: hashes.length,
  path: inclusionPath(hashes, index).map((hash) => hash.toString('hex')),
});

/** Number of a row in a file; -1 when it has none of that id, or cannot be read. */
async function placeOf(bytes: Uint8Array, rowId: string): Promise<number> {
  try {
    return (await readRowIds(bytes)).indexOf(rowId);
  } catch {
    return -1;
  }
}
