import type { KeyObject } from 'node:crypto';
import { type EpochMs, utcDate } from '../../kernel/time.ts';
import { readDrafts } from '../log/entries.ts';
import { inTurns } from '../log/in-turns.ts';
import { PENDING_PREFIX, partitionIn, WINDOWS_PREFIX } from '../log/keys.ts';
import type { Checkpoint } from '../log/note.ts';
import type { ReadableBucket } from '../log/ports.ts';
import { readChain } from './chain.ts';
import type { Finding } from './findings.ts';
import { type Inventory, inventoryOf } from './inventory.ts';
import { checkObject } from './object.ts';
import { type Leaf, type Replayed, replayLog } from './replay-log.ts';

export interface AuditBuckets {
  readonly evidence: ReadableBucket;
  readonly checkpoints: ReadableBucket;
}

export interface AuditRequest {
  /** Which log it must be ({@link originOf}); null: whichever it is. */
  readonly origin: string | null;
  /** Public keys that may have signed. */
  readonly keys: readonly KeyObject[];
  readonly now: EpochMs;
  /** Age at which the newest checkpoint is a finding; null: any age will do, as for an old copy. */
  readonly checkpointAgeMsMax: number | null;
  /** Which objects to look at, by key. The log and its checkpoints are always checked whole. */
  readonly includes: (key: string) => boolean;
  /** Which of these to read, and not only to look for; asked when the object's turn has come. */
  readonly reads: (key: string) => boolean;
  /** Told of each object that was read. */
  readonly onObject?: (rows: number, bytes: number) => void;
}

export interface AuditReport {
  readonly checkpoints: number;
  /** Newest checkpoint, or null when there is none. */
  readonly newest: { readonly number: number; readonly at: EpochMs; readonly root: string } | null;
  /** Entries that are signed. */
  readonly entries: number;
  /** Objects read and compared. */
  readonly objects: number;
  readonly rows: number;
  readonly bytes: number;
  /** Objects that retention removed, at or after their day. */
  readonly expired: number;
  /** Objects that compaction replaced and removed. */
  readonly replaced: number;
  /** Objects that are announced, or in the log behind the last checkpoint: the next one will cover them. */
  readonly waiting: number;
  readonly findings: readonly Finding[];
}

/** Objects read at once. */
const READ_AHEAD = 4;

/**
 * Checks an archive against its log and its signed checkpoints. What is wrong is a finding, never an error.
 *
 * The archive may go on meanwhile. Objects are listed first, then what is announced, then the log: so an object that is
 * listed is found in one of both. One that the log has and the list has not is looked for once more.
 * @throws TransientError when a bucket cannot be read
 */
export async function verifyArchive(buckets: AuditBuckets, request: AuditRequest): Promise<AuditReport> {
  const listed = await buckets.evidence.keys('v1/');
  const present = new Set(listed.filter((key) => !key.startsWith(WINDOWS_PREFIX)));
  const announced = await announcedKeys(buckets.evidence);
  const chain = await readChain(buckets.checkpoints, request.origin, request.keys);
  const checkpoints = chain.checkpoints.map(({ checkpoint }) => checkpoint);
  const log = await replayLog(buckets.evidence, checkpoints);
  const inventory = inventoryOf(log.leaves);
  const absent = await absences(buckets.evidence, inventory, log, present, request);
  const strangers = [...present].filter((key) => !inventory.byKey.has(key) && request.includes(key));
  const unlogged = strangers.filter((key) => !announced.has(key));
  const read = await readObjects(buckets.evidence, inventory, present, request);
  const newest = checkpoints.at(-1);
  return {
    checkpoints: checkpoints.length,
    newest: newest === undefined ? null : newestOf(newest),
    entries: log.signed,
    ...read.counts,
    expired: absent.expired,
    replaced: absent.replaced,
    waiting: strangers.length - unlogged.length + log.unsigned,
    findings: [
      ...chain.findings,
      ...staleness(newest?.at, request),
      ...log.findings,
      ...inventory.findings,
      ...absent.findings,
      ...unlogged.map(
        (key): Finding => ({ kind: 'object-unlogged', where: key, what: 'was never announced to the log' }),
      ),
      ...read.findings,
    ],
  };
}

const newestOf = ({ number, at, root }: Checkpoint): NonNullable<AuditReport['newest']> => ({
  number,
  at,
  root: root.toString('hex'),
});

function staleness(
  newest: EpochMs | undefined,
  { now, checkpointAgeMsMax }: AuditRequest,
): readonly Finding[] {
  if (checkpointAgeMsMax === null) return [];
  if (newest === undefined)
    return [{ kind: 'checkpoint-stale', where: 'checkpoints', what: 'there is none' }];
  return now - newest <= checkpointAgeMsMax
    ? []
    : [
        {
          kind: 'checkpoint-stale',
          where: 'checkpoints',
          what: `the newest is of ${new Date(newest).toISOString()}: later ones may be gone`,
        },
      ];
}

/** Objects of the log that are not there, and whether they may be gone. */
async function absences(
  bucket: ReadableBucket,
  { byKey, replacedBy }: Inventory,
  { signed }: Replayed,
  present: ReadonlySet<string>,
  { now, includes }: AuditRequest,
): Promise<{ readonly expired: number; readonly replaced: number; readonly findings: readonly Finding[] }> {
  const suspects: Leaf[] = [];
  let [expired, replaced] = [0, 0];
  for (const [key, leaf] of byKey) {
    if (present.has(key) || !includes(key)) continue;
    const { expires } = leaf.entry;
    // A replacement counts once it is signed: nothing is removed before.
    if ((replacedBy.get(key) ?? signed) < signed) replaced += 1;
    else if (expires !== null && utcDate(now) >= expires) expired += 1;
    else suspects.push(leaf);
  }
  const gone = await inTurns(suspects, async (leaf) =>
    (await isThere(bucket, leaf.entry.key)) ? null : leaf,
  );
  return { expired, replaced, findings: gone.filter((leaf) => leaf !== null).map(missing) };
}

const isThere = async (bucket: ReadableBucket, key: string): Promise<boolean> =>
  (await bucket.keys(key)).includes(key);

function missing({ entry, place }: Leaf): Finding {
  const rows = entry.kind === 'rows' ? ` with its ${entry.rows} rows` : '';
  const until = entry.expires === null ? 'is kept for good' : `was to be kept until ${entry.expires}`;
  return { kind: 'object-missing', where: entry.key, what: `is gone${rows}: it ${until} (entry ${place})` };
}

async function announcedKeys(bucket: ReadableBucket): Promise<ReadonlySet<string>> {
  const files = await inTurns(await bucket.keys(PENDING_PREFIX), async (key) =>
    readDrafts(await bucket.read(key)),
  );
  return new Set(files.flatMap((drafts) => (drafts ?? []).map(({ key }) => key)));
}

async function readObjects(
  bucket: ReadableBucket,
  { byKey, partsOf, replacedBy }: Inventory,
  present: ReadonlySet<string>,
  { includes, reads, onObject, now }: AuditRequest,
): Promise<{
  readonly counts: { readonly objects: number; readonly rows: number; readonly bytes: number };
  readonly findings: readonly Finding[];
}> {
  const chosen = [...byKey.values()].filter(({ entry: { key } }) => present.has(key) && includes(key));
  const mayGo = ({ entry: { key, expires } }: Leaf): boolean =>
    replacedBy.has(key) || (expires !== null && utcDate(now) >= expires);
  const counts = { objects: 0, rows: 0, bytes: 0 };
  const findings = await inTurns(
    chosen,
    async (leaf) => {
      const { entry } = leaf;
      if (!reads(entry.key)) return [];
      const bytes = await bucket.read(entry.key).catch(async (error: unknown) => {
        // Removed since it was listed, as compaction and retention do; or the bucket cannot be read.
        if (await isThere(bucket, entry.key)) throw error;
        return null;
      });
      if (bytes === null) return mayGo(leaf) ? [] : [missing(leaf)];
      const found = await checkObject(entry, bytes, partsOf.get(entry.key));
      const rows = entry.kind === 'rows' ? entry.rows : 0;
      counts.objects += 1;
      counts.rows += rows;
      counts.bytes += bytes.length;
      onObject?.(rows, bytes.length);
      return found;
    },
    READ_AHEAD,
  );
  return { counts, findings: findings.flat() };
}

/** Chooses objects by their day, both included; documents, which have none, are always chosen. */
export const ofDays =
  (from: string | null, to: string | null) =>
  (key: string): boolean => {
    const partition = partitionIn(key);
    return partition === null || ((from ?? '') <= partition.date && partition.date <= (to ?? partition.date));
  };
