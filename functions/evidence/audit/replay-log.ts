import type { LogEntry } from '../../contracts/evidence-log.ts';
import { readEntries } from '../log/entries.ts';
import { placeIn, SEGMENT_PREFIX } from '../log/keys.ts';
import { GrowingTree, type Hash, leafHash } from '../log/merkle.ts';
import type { Checkpoint } from '../log/note.ts';
import type { ReadableBucket } from '../log/ports.ts';
import type { Finding } from './findings.ts';

/** One leaf of the log. */
export interface Leaf {
  /** Place in the log. */
  readonly place: number;
  readonly hash: Hash;
  readonly text: string;
  readonly entry: LogEntry;
}

export interface Replayed {
  /** Leaves by place, those of lines that are no entries left out. */
  readonly leaves: readonly Leaf[];
  /** Entries that the last checkpoint covers. */
  readonly signed: number;
  /** Entries behind it: the next checkpoint will cover them. */
  readonly unsigned: number;
  readonly findings: readonly Finding[];
}

/**
 * Reads the log and rebuilds its tree, and compares the root with every checkpoint. After a fault it goes on from the next
 * checkpoint, whose peaks are signed, so that each fault is told once and where it is.
 * @param checkpoints in order
 * @throws TransientError when the bucket fails
 */
export async function replayLog(
  bucket: ReadableBucket,
  checkpoints: readonly Checkpoint[],
): Promise<Replayed> {
  const walk = new Walk(checkpoints);
  for (const key of await bucket.keys(SEGMENT_PREFIX)) {
    const first = placeIn(key);
    if (first === null) {
      walk.note({ kind: 'log-gap', where: key, what: 'has no place in the log as its name' });
      continue;
    }
    walk.enter(key, first);
    for (const { text, entry } of readEntries(await bucket.read(key))) walk.step(key, text, entry);
  }
  return walk.end();
}

class Walk {
  readonly #bySize: ReadonlyMap<number, Checkpoint>;
  readonly #last: Checkpoint | undefined;
  readonly #leaves: Leaf[] = [];
  readonly #findings: Finding[] = [];
  /** Null from a gap to the next checkpoint. */
  #tree: GrowingTree | null = new GrowingTree();
  #place = 0;
  /** Where the tree was last known to be right. */
  #agreed = 0;

  constructor(checkpoints: readonly Checkpoint[]) {
    this.#bySize = new Map(checkpoints.map((checkpoint) => [checkpoint.size, checkpoint]));
    this.#last = checkpoints.at(-1);
  }

  note(finding: Finding): void {
    this.#findings.push(finding);
  }

  enter(key: string, first: number): void {
    if (first === this.#place) return;
    this.note(
      first > this.#place
        ? {
            kind: 'log-gap',
            where: `entries ${this.#place} to ${first - 1}`,
            what: `the log lacks ${first - this.#place} entries before ${key}`,
          }
        : {
            kind: 'log-gap',
            where: key,
            what: `the log had ${this.#place} entries already where this segment begins: some were added`,
          },
    );
    this.#place = first;
    this.#tree = null;
    this.#resume();
  }

  step(key: string, text: string, entry: LogEntry | null): void {
    const hash = leafHash(text);
    if (entry === null)
      this.note({ kind: 'entry-invalid', where: key, what: `entry ${this.#place} cannot be read` });
    else this.#leaves.push({ place: this.#place, hash, text, entry });
    this.#tree?.append(hash);
    this.#place += 1;
    const checkpoint = this.#bySize.get(this.#place);
    if (checkpoint === undefined) return;
    if (this.#tree !== null && !this.#tree.root().equals(checkpoint.root))
      this.note({
        kind: 'log-rewritten',
        where: `entries ${this.#agreed} to ${this.#place - 1}`,
        what: `do not give the root that checkpoint ${checkpoint.number} signs: one or more were changed (${key})`,
      });
    this.#resume();
  }

  #resume(): void {
    const checkpoint = this.#bySize.get(this.#place);
    if (checkpoint === undefined) return;
    this.#tree = new GrowingTree(checkpoint.size, checkpoint.peaks);
    this.#agreed = this.#place;
  }

  end(): Replayed {
    const signed = this.#last?.size ?? 0;
    if (this.#place < signed)
      this.note({
        kind: 'log-truncated',
        where: `entries ${this.#place} to ${signed - 1}`,
        what: `checkpoint ${this.#last?.number} covers ${signed} entries and the log has ${this.#place}: its tail is gone`,
      });
    return {
      leaves: this.#leaves,
      signed,
      unsigned: Math.max(0, this.#place - signed),
      findings: this.#findings,
    };
  }
}
