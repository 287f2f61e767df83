import type { EventClass } from '../../contracts/signal.ts';
import { DAY_MS } from '../../kernel/time.ts';

/**
 * What a month of longitudinal rows leaves behind: how often what happened, and that many people did it; never who, and
 * nothing from which a small group could be worked out.
 *
 * The cube is fixed. It is a tree: the month, its event classes, their signals, the sources of those. Three rules make it
 * safe, whatever published figures somebody subtracts from each other:
 *
 * - *Small groups.* A cell is published only if its people are at least the threshold, and only below a published one.
 * - *Complementary suppression.* What a cell has that its published parts do not add up to belongs to its hidden parts.
 *   So if any part is hidden, the hidden ones together are of at least the threshold too: the smallest of the others are
 *   hidden until they are (Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001, ch. 6).
 * - *Numbers of people* are given as "at least", in steps of the threshold, so that two of them have no difference.
 *
 * Whatever is left when published cells are taken out of a published one is then a union of published cells and groups of
 * hidden parts, each of at least the threshold.
 */

/** One archived row as the roll-up sees it: plain columns only. */
export interface PlainSignal {
  readonly eventClass: EventClass;
  readonly signalName: string;
  readonly sourceId: string;
  readonly rowRef: string | null;
}

/** One published cell. A null says "all of them". */
export interface Cell {
  readonly eventClass: EventClass | null;
  readonly signalName: string | null;
  readonly sourceId: string | null;
  readonly events: number;
  readonly peopleAtLeast: number;
}

/** A person has about this many atoms at most (ARCHITECTURE.md, "Identity"), and each has a row reference of its own. So
 * this many times more references are asked for than people. */
export const ROW_REFS_PER_PERSON = 3;

interface Node {
  readonly path: readonly string[];
  events: number;
  readonly refs: Set<string>;
  readonly parts: Map<string, Node>;
}

const nodeAt = (path: readonly string[]): Node => ({ path, events: 0, refs: new Set(), parts: new Map() });

/** Gathers one month. Rows without a reference stand for nobody who could be counted, and are left out. */
export class RollUp {
  readonly #month = nodeAt([]);

  add({ eventClass, signalName, sourceId, rowRef }: PlainSignal): void {
    if (rowRef === null) return;
    let node = this.#month;
    count(node, rowRef);
    for (const name of [eventClass, signalName, sourceId]) {
      const part = node.parts.get(name) ?? nodeAt([...node.path, name]);
      node.parts.set(name, part);
      count(part, rowRef);
      node = part;
    }
  }

  /**
   * The cells that may be published, parents first, then by name.
   * @param threshold people that a published figure stands for at least
   */
  cells(threshold: number): readonly Cell[] {
    return published(this.#month, threshold);
  }
}

function count(node: Node, rowRef: string): void {
  node.events += 1;
  node.refs.add(rowRef);
}

function published(node: Node, threshold: number): readonly Cell[] {
  const refsMin = threshold * ROW_REFS_PER_PERSON;
  if (node.refs.size < refsMin) return [];
  const shown = shownParts([...node.parts.values()], refsMin);
  return [cellOf(node, threshold), ...shown.flatMap((part) => published(part, threshold))];
}

/** The parts of a cell that may be published: see the rules above. */
function shownParts(parts: readonly Node[], refsMin: number): readonly Node[] {
  const bySize = [...parts].sort((a, b) => a.refs.size - b.refs.size || compare(a, b));
  const hidden = new Set<string>();
  let at = 0;
  for (const part of bySize) {
    const isSmall = part.refs.size < refsMin;
    if (!isSmall && (hidden.size === 0 || hidden.size >= refsMin)) break;
    for (const ref of part.refs) hidden.add(ref);
    at += 1;
  }
  return bySize.slice(at).sort(compare);
}

const compare = (a: Node, b: Node): number => (a.path.join('\u0000') < b.path.join('\u0000') ? -1 : 1);

function cellOf({ path, events, refs }: Node, threshold: number): Cell {
  const [eventClass, signalName, sourceId] = path;
  return {
    eventClass: (eventClass as EventClass | undefined) ?? null,
    signalName: signalName ?? null,
    sourceId: sourceId ?? null,
    events,
    peopleAtLeast: Math.floor(refs.size / (threshold * ROW_REFS_PER_PERSON)) * threshold,
  };
}

/** A month's release: all that will ever be published of it. */
export interface Release {
  /** `YYYY-MM`, of receipt. */
  readonly month: string;
  readonly jurisdiction: string;
  readonly threshold: number;
  readonly cells: readonly Cell[];
}

/** Where the release of a month lies. Written once: a second one with other rows, before and after somebody was erased,
 * say, would tell what became of that person. */
export const releaseKey = (month: string): string => `v1/rollups/${month}.json`;

/** Days after its end that a month is rolled up: evidence of its last hour is archived by then. */
const SETTLED_DAYS = 2;
/** When the last evidence of a month has been archived. @param month `YYYY-MM` */
export const settledAt = (month: string): number => {
  const first = new Date(`${month}-01T00:00:00Z`);
  return Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1) + SETTLED_DAYS * DAY_MS;
};

/** Months that are caught up on: fewer than the shortest class is kept for. */
const MONTHS_BACK = 12;

/** Complete months that have no release yet, oldest first.
 * @param released keys of the releases that are there */
export function monthsToRollUp(now: number, released: readonly string[]): readonly string[] {
  const settled = new Date(now - SETTLED_DAYS * DAY_MS);
  const months = Array.from({ length: MONTHS_BACK }, (_, back) =>
    new Date(Date.UTC(settled.getUTCFullYear(), settled.getUTCMonth() - 1 - back, 1))
      .toISOString()
      .slice(0, 7),
  );
  return months.filter((month) => !released.includes(releaseKey(month))).reverse();
}
