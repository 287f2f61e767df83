import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventClass } from '../../../functions/contracts/signal.ts';
import { jurisdictions } from '../../../functions/registry/jurisdictions/index.ts';
import {
  type Cell,
  monthsToRollUp,
  type PlainSignal,
  ROW_REFS_PER_PERSON,
  RollUp,
  releaseKey,
} from '../../../functions/rights/retention/roll-up.ts';

const THRESHOLD = 2;
const REFS_MIN = THRESHOLD * ROW_REFS_PER_PERSON;

const cellsOf = (rows: readonly PlainSignal[], threshold = THRESHOLD): readonly Cell[] => {
  const rollUp = new RollUp();
  for (const row of rows) rollUp.add(row);
  return rollUp.cells(threshold);
};

const row = (eventClass: EventClass, signalName: string, sourceId: string, person: number): PlainSignal => ({
  eventClass,
  signalName,
  sourceId,
  rowRef: `ref-${person}`,
});
const crowd = (from: number, to: number, of: (person: number) => PlainSignal): readonly PlainSignal[] =>
  Array.from({ length: to - from }, (_, at) => of(from + at));

/** Small towns, so that groups of every size around the threshold come about. */
const rowsArbitrary = fc.array(
  fc.record({
    eventClass: fc.constantFrom<EventClass>('transaction', 'behaviour', 'service'),
    signalName: fc.constantFrom('A', 'B', 'C', 'D'),
    sourceId: fc.constantFrom('web', 'pos', 'desk'),
    rowRef: fc.option(
      fc.integer({ min: 0, max: 30 }).map((person) => `ref-${person}`),
      { freq: 20 },
    ),
  }),
  { maxLength: 250 },
);

const isIn = (cell: Cell, { eventClass, signalName, sourceId }: PlainSignal): boolean =>
  (cell.eventClass === null || cell.eventClass === eventClass) &&
  (cell.signalName === null || cell.signalName === signalName) &&
  (cell.sourceId === null || cell.sourceId === sourceId);
const covers = (whole: Cell, part: Cell): boolean =>
  whole !== part &&
  (whole.eventClass === null || whole.eventClass === part.eventClass) &&
  (whole.signalName === null || whole.signalName === part.signalName) &&
  (whole.sourceId === null || whole.sourceId === part.sourceId);
const refsOf = (rows: readonly PlainSignal[]): number => new Set(rows.map(({ rowRef }) => rowRef)).size;

describe('what is published of a month', () => {
  it('is nothing when fewer people were there than the threshold', () => {
    expect(cellsOf(crowd(0, REFS_MIN - 1, (at) => row('transaction', 'A', 'web', at)))).toEqual([]);
  });

  it('is each cell of enough people, with its events and people in steps', () => {
    const rows = [
      ...crowd(0, 2 * REFS_MIN, (at) => row('transaction', 'A', 'web', at)),
      ...crowd(0, REFS_MIN, (at) => row('service', 'B', 'desk', at)),
    ];
    const all = { eventClass: null, signalName: null, sourceId: null };
    const [transaction, service] = [{ eventClass: 'transaction' }, { eventClass: 'service' }];
    expect(cellsOf(rows)).toEqual([
      { ...all, events: 3 * REFS_MIN, peopleAtLeast: 2 * THRESHOLD },
      ...[all, { ...all, signalName: 'B' }, { signalName: 'B', sourceId: 'desk' }].map((cell) => ({
        ...cell,
        ...service,
        events: REFS_MIN,
        peopleAtLeast: THRESHOLD,
      })),
      ...[all, { ...all, signalName: 'A' }, { signalName: 'A', sourceId: 'web' }].map((cell) => ({
        ...cell,
        ...transaction,
        events: 2 * REFS_MIN,
        peopleAtLeast: 2 * THRESHOLD,
      })),
    ]);
  });

  it('hides a second part with a small one, for the whole less the rest would be the small one', () => {
    const rows = [
      row('transaction', 'A', 'pos', 99),
      ...crowd(0, REFS_MIN, (at) => row('transaction', 'A', 'desk', at)),
      ...crowd(0, 5 * REFS_MIN, (at) => row('transaction', 'A', 'web', at)),
    ];
    const sources = cellsOf(rows).flatMap(({ sourceId }) => sourceId ?? []);
    expect(sources).toEqual(['web']);
  });

  it('stands for enough people in every cell', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        for (const cell of cellsOf(rows)) {
          const those = rows.filter((each) => each.rowRef !== null && isIn(cell, each));
          expect(cell.events).toBe(those.length);
          expect(refsOf(those)).toBeGreaterThanOrEqual(REFS_MIN);
          expect(cell.peopleAtLeast * ROW_REFS_PER_PERSON).toBeLessThanOrEqual(refsOf(those));
        }
      }),
    );
  });

  it('leaves nobody or enough people when any published cells are taken out of a published one', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.infiniteStream(fc.boolean()), (rows, choices) => {
        const cells = cellsOf(rows);
        for (const whole of cells) {
          // Any set of parts that do not overlap: an attacker may add up and subtract no other.
          const taken: Cell[] = [];
          for (const part of cells.filter((cell) => covers(whole, cell)))
            if (
              choices.next().value === true &&
              !taken.some((other) => covers(other, part) || covers(part, other))
            )
              taken.push(part);
          const rest = rows.filter(
            (each) => each.rowRef !== null && isIn(whole, each) && !taken.some((part) => isIn(part, each)),
          );
          expect(rest.length === 0 || refsOf(rest) >= REFS_MIN).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes out all parts at once, on every level, without finding a small rest', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const cells = cellsOf(rows);
        for (const whole of cells) {
          const parts = cells.filter((cell) => covers(whole, cell) && depth(cell) === depth(whole) + 1);
          const rest = rows.filter(
            (each) => each.rowRef !== null && isIn(whole, each) && !parts.some((part) => isIn(part, each)),
          );
          expect(rest.length === 0 || refsOf(rest) >= REFS_MIN).toBe(true);
        }
      }),
    );
  });

  it('is the same whatever order the rows come in, and names nobody', () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const cells = cellsOf(rows);
        expect(cellsOf([...rows].reverse())).toEqual(cells);
        expect(JSON.stringify(cells)).not.toContain('ref-');
      }),
    );
  });
});

const depth = (cell: Cell): number =>
  [cell.eventClass, cell.signalName, cell.sourceId].filter((each) => each !== null).length;

describe('the months that are rolled up', () => {
  const at = (text: string): number => Date.parse(text);

  it('are complete, and their last evidence has been archived', () => {
    expect(monthsToRollUp(at('2026-04-02T23:59:59Z'), []).at(-1)).toBe('2026-02');
    expect(monthsToRollUp(at('2026-04-03T00:00:00Z'), []).at(-1)).toBe('2026-03');
  });

  it('are those without a release, oldest first, a year back', () => {
    const all = monthsToRollUp(at('2026-04-10T00:00:00Z'), []);
    expect([all.length, all[0], all.at(-1)]).toEqual([12, '2025-04', '2026-03']);
    const released = all.filter((month) => month !== '2025-11').map(releaseKey);
    expect(monthsToRollUp(at('2026-04-10T00:00:00Z'), released)).toEqual(['2025-11']);
  });
});

it('asks in every jurisdiction for at least fifty people', () => {
  for (const { aggregateThreshold } of Object.values(jurisdictions)) {
    expect(aggregateThreshold.value).toBeGreaterThanOrEqual(50);
    expect(aggregateThreshold.source).not.toBe('');
  }
});
