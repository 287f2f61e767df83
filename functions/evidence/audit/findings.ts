/** What verification can find wrong. */
export type FindingKind =
  /** A checkpoint file that is no checkpoint, or not signed by the key. */
  | 'checkpoint-invalid'
  /** A number between two checkpoints, or before the first, has no file. */
  | 'checkpoint-missing'
  /** A checkpoint lies under another's name: reordered, or an old one replayed as a new one. */
  | 'checkpoint-misplaced'
  /** A checkpoint does not follow from the one before it: another history was signed, or one was exchanged. */
  | 'checkpoint-forked'
  /** A checkpoint covers less than the one before it, or is older. */
  | 'checkpoint-backwards'
  /** The newest checkpoint is older than it may be: later ones may be gone. */
  | 'checkpoint-stale'
  /** Entries that a checkpoint covers are gone from the end of the log. */
  | 'log-truncated'
  /** Entries are gone from within the log, or there twice. */
  | 'log-gap'
  /** Entries do not give the root that was signed. */
  | 'log-rewritten'
  /** A line of the log that is no entry. */
  | 'entry-invalid'
  /** One object has two different entries. */
  | 'object-relogged'
  /** An object's bytes are not those that were logged. */
  | 'object-changed'
  /** An object is gone that neither retention nor compaction removed: hidden by a delete marker, or its version deleted. */
  | 'object-missing'
  /** An object that was never announced to the log. */
  | 'object-unlogged'
  /** A replaced object's rows are not in the one that replaced it, as they were. */
  | 'compaction-unfaithful';

export interface Finding {
  readonly kind: FindingKind;
  /** Key of the object, segment or checkpoint, or a description of a range. */
  readonly where: string;
  /** What is wrong, in one sentence. */
  readonly what: string;
  /** Row ids (at most {@link ROWS_NAMED_MAX}) of the rows that it is about, where they can be told. */
  readonly rows?: readonly string[];
}

export const ROWS_NAMED_MAX = 10;
