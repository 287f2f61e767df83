import type { KeyPurpose } from '../contracts/key-purposes.ts';

/** Counts what an invocation used, so that cost is measured where it arises. One line per invocation, never per event. */
export type Count =
  /** Secrets of subjects asked for, by purpose. */
  | `keysFor-${KeyPurpose}`
  | 'events'
  | 'readUnits'
  | 'writeUnits'
  | 'streamBytes'
  | 'busEvents'
  | 'conflicts'
  | 'linksRefusedByValve'
  | 'redelivered'
  | 'retries'
  | 'monthsReleased'
  | 'removed'
  | 'left'
  | 'objectsMerged'
  | 'objectsMade'
  | 'objectsRefused'
  | 'unknownConsentCategories'
  /** Attributes that accepted events stated and that are not kept; their receipts say why. */
  | 'attributesLeftOut';

const counts = new Map<Count, number>();

/** Adds to a count of the current invocation. Lambda runs one invocation at a time in an instance. */
export function count(what: Count, by = 1): void {
  counts.set(what, (counts.get(what) ?? 0) + by);
}

/** Returns the counts and starts again from zero. */
export function takeCounts(): Readonly<Partial<Record<Count, number>>> {
  const taken = Object.fromEntries(counts);
  counts.clear();
  return taken;
}
