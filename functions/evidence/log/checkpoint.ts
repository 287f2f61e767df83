import type { KeyObject } from 'node:crypto';
import type { LogDraft, LogEntry } from '../../contracts/evidence-log.ts';
import { TransientError } from '../../kernel/invariant.ts';
import { DAY_MS, type EpochMs } from '../../kernel/time.ts';
import { draftsText, entriesText } from './entries.ts';
import { type LogHead, readHead } from './head.ts';
import { inTurns } from './in-turns.ts';
import { checkpointKey, pendingKey, publicKeyKey, segmentKey } from './keys.ts';
import { GrowingTree, leafHash } from './merkle.ts';
import { type Checkpoint, fingerprintOf, noteText, publicKeyOf, signedNote } from './note.ts';
import { type Pending, readPending } from './pending.ts';
import type { CheckpointPorts } from './ports.ts';

/** Days after which a draft whose object never came is forgotten. A window comes back for one day at most. */
const ABANDONED_AFTER_MS = 2 * DAY_MS;

export interface CheckpointContext {
  readonly origin: string;
  /** First UTC day on which retention may have removed an object made at `at`; null when it is kept. */
  readonly expiresOn: (key: string, at: EpochMs) => string | null;
}

export interface CheckpointSummary {
  readonly [name: string]: number;
  /** Of this checkpoint. */
  readonly number: number;
  /** Entries in the log. */
  readonly size: number;
  readonly added: number;
  /** Drafts whose object is not there yet. */
  readonly waiting: number;
  /** Drafts given up: their object never came, or is another attempt's. */
  readonly dropped: number;
  /** Objects that are not what was said of them. They are logged as they were meant to be, so that verification names them. */
  readonly mismatched: number;
  /** Pending files that hold no drafts. They stay. */
  readonly unreadable: number;
}

/**
 * Adds what is pending to the log and signs its new state.
 *
 * There is one writer at a time, and conditional writes make sure of it: a segment is named by its first place, a
 * checkpoint by its number. The order is segment, checkpoint, pending files. After a crash the next run takes over a
 * segment that no checkpoint covers, and begins by taking from the pending files what the last segments hold; so every
 * draft is logged once, and none is lost.
 *
 * @param now never used to decide what is logged, only to date the checkpoint and to give up old drafts
 * @throws TransientError when a store or the key fails, or another writer was faster; run again
 * @throws InvariantError when the log that is there does not agree with its last checkpoint: it is not extended then
 */
export async function checkpoint(
  context: CheckpointContext,
  ports: CheckpointPorts,
  now: EpochMs,
): Promise<CheckpointSummary> {
  const key = publicKeyOf(await ports.signer.publicKey());
  const head = await readHead(ports, context.origin, key);
  const { files: found, unreadable } = await readPending(ports.evidence);
  // First of all, so that a checkpoint is proof that nothing pending is in the segments before it.
  const files = await tidy(ports, found, head.recent);
  const judged = await judge(ports, files, head, now);
  const entries = judged.accepted.map(
    ({ draft, at }): LogEntry => ({ ...draft, expires: context.expiresOn(draft.key, at) }),
  );
  if (entries.length > 0) await writeSegment(ports, head.size, entries);

  const tree = new GrowingTree(head.size, head.peaks);
  for (const line of entriesText(entries).split('\n').slice(0, -1)) tree.append(leafHash(line));
  const next: Checkpoint = {
    origin: context.origin,
    size: tree.size,
    root: tree.root(),
    number: head.last === null ? 0 : head.last.number + 1,
    at: Math.max(now, head.last?.at ?? 0),
    previous: head.lastHash,
    peaks: tree.peaks,
  };
  await writeCheckpoint(ports, next, key);
  const accepted = judged.accepted.map(({ draft }) => nameOf(draft));
  await tidy(ports, files, new Set([...accepted, ...judged.dropped]));
  return {
    number: next.number,
    size: next.size,
    added: next.size - (head.last?.size ?? 0),
    waiting: judged.waiting,
    dropped: judged.dropped.size,
    mismatched: judged.mismatched,
    unreadable,
  };
}

/** What a draft is told apart by: a key may be drafted by two attempts with different bytes. */
const nameOf = ({ key, sha256 }: Pick<LogDraft, 'key' | 'sha256'>): string => `${sha256} ${key}`;

interface Judged {
  readonly accepted: readonly { readonly draft: LogDraft; readonly at: EpochMs }[];
  readonly dropped: ReadonlySet<string>;
  readonly waiting: number;
  readonly mismatched: number;
}

/** Decides on each draft by looking at its object. */
async function judge(
  { evidence }: Pick<CheckpointPorts, 'evidence'>,
  files: readonly Pending[],
  head: LogHead,
  now: EpochMs,
): Promise<Judged> {
  const drafts = new Map<string, { readonly draft: LogDraft; readonly at: EpochMs }>();
  for (const { drafts: said, at } of files)
    for (const draft of said) drafts.set(nameOf(draft), { draft, at });
  const open = [...drafts.values()];
  const accepted: { draft: LogDraft; at: EpochMs }[] = [];
  const dropped = new Set<string>();
  let [waiting, mismatched] = [0, 0];
  const stored = await inTurns(open, ({ draft }) => evidence.stat(draft.key));
  for (const [at, { draft, at: saidAt }] of open.entries()) {
    const object = stored[at] ?? null;
    const name = nameOf(draft);
    if (object === null) {
      if (now - saidAt > ABANDONED_AFTER_MS) dropped.add(name);
      else waiting += 1;
      continue;
    }
    const isOther = object.sha256 !== null && object.sha256 !== draft.sha256;
    const other = isOther ? nameOf({ key: draft.key, sha256: object.sha256 ?? '' }) : name;
    if (isOther && (drafts.has(other) || head.recent.has(other))) dropped.add(name);
    else {
      accepted.push({ draft, at: object.at });
      if (isOther) mismatched += 1;
    }
  }
  accepted.sort((one, other) => (nameInOrder(one.draft) < nameInOrder(other.draft) ? -1 : 1));
  return { accepted, dropped, waiting, mismatched };
}

const nameInOrder = ({ key, sha256 }: LogDraft): string => `${key} ${sha256}`;

async function writeSegment(
  { evidence }: Pick<CheckpointPorts, 'evidence'>,
  first: number,
  entries: readonly LogEntry[],
): Promise<void> {
  const bytes = new TextEncoder().encode(entriesText(entries));
  if ((await evidence.putOnce(segmentKey(first), bytes)) === 'present')
    throw new TransientError('another writer extended the log');
}

async function writeCheckpoint(
  { checkpoints, signer }: CheckpointPorts,
  next: Checkpoint,
  key: KeyObject,
): Promise<void> {
  const text = noteText(next);
  const signature = await signer.sign(new TextEncoder().encode(text));
  const pem = key.export({ format: 'pem', type: 'spki' });
  await checkpoints.putOnce(publicKeyKey(fingerprintOf(key)), new TextEncoder().encode(String(pem)));
  const note = new TextEncoder().encode(signedNote(text, next.origin, key, signature));
  if ((await checkpoints.putOnce(checkpointKey(next.number), note)) === 'present')
    throw new TransientError('another writer signed the log');
}

/** Removes pending files of which nothing is open, and writes anew what is open of the others.
 * @returns what is pending then */
async function tidy(
  { evidence }: Pick<CheckpointPorts, 'evidence'>,
  files: readonly Pending[],
  settled: ReadonlySet<string>,
): Promise<readonly Pending[]> {
  const left = await inTurns(files, async (file) => {
    const drafts = file.drafts.filter((draft) => !settled.has(nameOf(draft)));
    if (drafts.length === file.drafts.length) return file;
    const text = draftsText(drafts);
    const rest = { ...file, key: pendingKey(text), drafts };
    if (drafts.length > 0) await evidence.putOnce(rest.key, new TextEncoder().encode(text));
    await evidence.remove(file.key);
    return rest;
  });
  return left.filter(({ drafts }) => drafts.length > 0);
}
