import type { EffectRow } from '../../contracts/lineage.ts';
import { stableId } from '../../kernel/codec.ts';
import { InvariantError } from '../../kernel/invariant.ts';
import type { EpochMs } from '../../kernel/time.ts';
import type { RetentionPorts, Shelf } from './ports.ts';
import { monthsToRollUp } from './roll-up.ts';

/** Version of the retention rules, named in their evidence. */
export const RETENTION_VERSION = 'retention@1';

export interface Tally {
  readonly looked: number;
  /** Removed for being past its time: what time to live and lifecycle rules had left behind. After a crash and a second
   * attempt some may have been removed without being counted. */
  readonly removed: number;
  /** Still past its time and there, when all was looked at once more. */
  readonly left: number;
  /** Of which nobody could tell then whether they are past their time. */
  readonly unjudged: number;
  /** References of the first of those, and of what was left because it could not be removed. */
  readonly refs: readonly string[];
}

/** References that a shelf's tally holds: a document goes from step to step, and its size has a limit. */
const REFS_MAX = 50;

/** The document that a sweep carries from step to step; all it needs to go on after a crash. */
export interface Sweep {
  /** When it began, epoch ms: what is past its time is past it then. */
  readonly asOf: EpochMs;
  /** Months to be rolled up first. */
  readonly months: readonly string[];
  /** First it removes, then it proves by looking again. */
  readonly pass: 'remove' | 'prove';
  /** Shelf at which it is, by number, and where there. */
  readonly shelf: number;
  readonly cursor: string | null;
  readonly tallies: Readonly<Record<string, Tally>>;
  readonly done: boolean;
}

/** Looks of one step: each is a page of a table or of a bucket's listing, so that a step is over in time. */
const LOOKS_PER_STEP = 20;
const NOTHING: Tally = { looked: 0, removed: 0, left: 0, unjudged: 0, refs: [] };

/** Where a sweep begins. @throws ThrottledError, TransientError */
export async function beginSweep(ports: Pick<RetentionPorts, 'evidence'>, now: EpochMs): Promise<Sweep> {
  const released = await ports.evidence.keys('v1/rollups/');
  return {
    asOf: now,
    months: monthsToRollUp(now, released),
    pass: 'remove',
    shelf: 0,
    cursor: null,
    tallies: {},
    done: false,
  };
}

/**
 * One step of a sweep: the same document gives the same next one, save for what was removed meanwhile, so a step that
 * crashed is repeated with its own. One thing that is not as it should be stops nothing: it is counted and named, stays, and is
 * looked at again the next day.
 * @throws ThrottledError, TransientError
 */
export async function sweepOn(sweep: Sweep, ports: Pick<RetentionPorts, 'shelves'>): Promise<Sweep> {
  let at = sweep;
  for (let looks = 0; looks < LOOKS_PER_STEP && !at.done; looks += 1) at = await look(at, ports.shelves);
  return at;
}

async function look(at: Sweep, shelves: readonly Shelf[]): Promise<Sweep> {
  const shelf = shelves[at.shelf];
  if (shelf === undefined)
    return at.pass === 'remove' ? { ...at, pass: 'prove', shelf: 0, cursor: null } : { ...at, done: true };
  const removes = at.pass === 'remove';
  const { looked, over, removed, unjudged, cursor } = await shelf.look(at.asOf, at.cursor, removes);
  const tally = at.tallies[shelf.name] ?? NOTHING;
  const refs = firstOf(tally.refs, unjudged);
  const next: Tally = removes
    ? { ...tally, looked: tally.looked + looked, removed: tally.removed + removed, refs }
    : { ...tally, left: tally.left + over, unjudged: tally.unjudged + unjudged.length, refs };
  return {
    ...at,
    tallies: { ...at.tallies, [shelf.name]: next },
    cursor,
    shelf: cursor === null ? at.shelf + 1 : at.shelf,
  };
}

const firstOf = (known: readonly string[], found: readonly string[]): readonly string[] =>
  [...new Set([...known, ...found])].slice(0, REFS_MAX);

/** Where the report of a sweep lies. */
export const reportKey = (asOf: EpochMs): string =>
  `v1/retention/${new Date(asOf).toISOString().replaceAll(':', '-')}.json`;

export interface Swept {
  readonly clean: boolean;
  readonly removed: number;
  readonly left: number;
  readonly unjudged: number;
}

/**
 * Tells what a sweep did: one report object and one row of evidence for each shelf. A repeated report changes nothing.
 * @returns whether it is sure that nothing past its time is left
 * @throws ThrottledError, TransientError
 */
export async function reportSweep(
  sweep: Sweep,
  jurisdiction: string,
  ports: Pick<RetentionPorts, 'evidence' | 'lineage'>,
): Promise<Swept> {
  if (!sweep.done) throw new InvariantError('a sweep is reported before it is done');
  const { asOf, tallies } = sweep;
  const text = JSON.stringify({
    jurisdiction,
    asOf: new Date(asOf).toISOString(),
    shelves: Object.entries(tallies).map(([name, tally]) => ({ name, ...tally })),
  });
  const written = await ports.evidence.putOnce(reportKey(asOf), new TextEncoder().encode(`${text}\n`));
  const rows = Object.entries(tallies).map(
    ([name, { looked, removed, left, unjudged }]): EffectRow => ({
      table: 'effects',
      rowId: stableId('retention-swept', name, asOf),
      eventClass: 'other',
      receivedAt: asOf,
      policyVersion: RETENTION_VERSION,
      rowRef: null,
      kind: 'retention-swept',
      name,
      reasons: `looked:${looked},removed:${removed},left:${left},unjudged:${unjudged}`,
      latencyMs: null,
      ...(written === 'present' ? { redelivered: true as const } : {}),
    }),
  );
  await ports.lineage.append(new Map([['retention', rows]]));
  const sum = (of: (tally: Tally) => number): number =>
    Object.values(tallies).reduce((total, tally) => total + of(tally), 0);
  const left = sum((tally) => tally.left);
  const unjudged = sum((tally) => tally.unjudged);
  return { clean: left === 0 && unjudged === 0, removed: sum((tally) => tally.removed), left, unjudged };
}
