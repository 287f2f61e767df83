import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowsEntry } from '../../../functions/contracts/evidence-log.ts';
import { hoursToCompact, type RowsLeaf, runsIn } from '../../../functions/evidence/compact/plan.ts';
import type { RecentLog } from '../../../functions/evidence/compact/recent-log.ts';
import { HOUR_MS } from '../../../functions/kernel/time.ts';
import { HOUR_14 } from '../archive/rows.ts';

const MB = 1024 * 1024;
const TARGET = 128 * MB;
const FOLDER = 'v1/signals/event_class=transaction/dt=2026-03-05/hh=14/';

interface Size {
  readonly bytes: number;
  readonly rows: number;
}

const leafOf = ({ bytes, rows }: Size, place: number, name = `window-${place}`): RowsLeaf => {
  const entry: RowsEntry = {
    kind: 'rows',
    key: `${FOLDER}${name}.parquet`,
    sha256: String(place).padStart(64, '0'),
    bytes,
    table: 'signals',
    rows,
    rowsRoot: '',
    expires: null,
  };
  return { place, hash: Buffer.alloc(0), text: '', entry };
};
/** A log of which all is signed. */
const logOf = (leaves: readonly RowsLeaf[]): RecentLog => ({
  leaves,
  checkpoints: [],
  signed: leaves.length,
});
const keysOf = (leaves: readonly RowsLeaf[]): string[] => leaves.map(({ entry }) => entry.key);
const runsOf = (sizes: readonly Size[]) => {
  const leaves = sizes.map((size, place) => leafOf(size, place));
  return runsIn(FOLDER, keysOf(leaves), logOf(leaves));
};
const sumOf = (parts: readonly RowsLeaf[], of: 'bytes' | 'rows'): number =>
  parts.reduce((sum, { entry }) => sum + entry[of], 0);

describe('an hour of small objects', () => {
  it('becomes one object with the rows of all its 60 minutes, when that is no more than 128 MB', () => {
    // Windows of five minutes, on two shards.
    const [run, ...more] = runsOf(Array.from({ length: 24 }, () => ({ bytes: 5 * MB, rows: 20_000 })));
    expect(more).toEqual([]);
    expect(run?.parts).toHaveLength(24);
  });

  it('becomes objects of about 128 MB, when it is more', () => {
    const runs = runsOf(Array.from({ length: 240 }, () => ({ bytes: 5 * MB, rows: 15_000 })));
    expect(runs).toHaveLength(10);
    for (const { parts } of runs.slice(0, -1))
      expect([sumOf(parts, 'bytes') <= TARGET, sumOf(parts, 'bytes') > TARGET - 5 * MB]).toEqual([
        true,
        true,
      ]);
  });

  it('is cut at a million rows, which is what fits into memory', () => {
    const runs = runsOf(Array.from({ length: 12 }, () => ({ bytes: MB, rows: 300_000 })));
    expect(runs.map(({ parts }) => sumOf(parts, 'rows'))).toEqual([900_000, 900_000, 900_000, 900_000]);
  });

  it('leaves what is large already, or was compacted before', () => {
    const small = [leafOf({ bytes: MB, rows: 10 }, 0), leafOf({ bytes: MB, rows: 10 }, 1)];
    const leaves = [
      ...small,
      leafOf({ bytes: TARGET, rows: 10 }, 2),
      leafOf({ bytes: MB, rows: 10 }, 3, 'compacted_x'),
    ];
    expect(runsIn(FOLDER, keysOf(leaves), logOf(leaves)).map(({ parts }) => parts)).toEqual([small]);
  });
});

const sizes = fc.array(
  fc.record({ bytes: fc.integer({ min: 1, max: 150 * MB }), rows: fc.integer({ min: 1, max: 1_200_000 }) }),
  { maxLength: 40 },
);

describe('runs of any objects', () => {
  it('hold each row at most once, in the order of the log, and never more than an object should', () => {
    fc.assert(
      fc.property(sizes, (given) => {
        const runs = runsOf(given);
        const places = runs.flatMap(({ parts }) => parts.map(({ place }) => place));
        expect(places).toEqual([...new Set(places)].sort((one, other) => one - other));
        for (const { parts } of runs) {
          expect(parts.length).toBeGreaterThan(1);
          expect(sumOf(parts, 'bytes')).toBeLessThanOrEqual(TARGET);
          expect(sumOf(parts, 'rows')).toBeLessThanOrEqual(1_000_000);
        }
      }),
    );
  });

  it('leave no two neighbours that one object could hold: it has the whole hour, or it is full', () => {
    fc.assert(
      fc.property(sizes, (given) => {
        const runOf = new Map(
          runsOf(given).flatMap((run) => run.parts.map(({ place }) => [place, run] as const)),
        );
        // What becomes an object, in order: runs, and the small ones that stay alone.
        const after = given.flatMap(({ bytes, rows }, place) => {
          if (bytes >= TARGET || rows >= 1_000_000) return [];
          const run = runOf.get(place);
          if (run === undefined) return [{ bytes, rows }];
          return run.parts[0]?.place === place
            ? [{ bytes: sumOf(run.parts, 'bytes'), rows: sumOf(run.parts, 'rows') }]
            : [];
        });
        for (const [at, { bytes, rows }] of after.entries()) {
          const next = after[at + 1];
          if (next !== undefined)
            expect(bytes + next.bytes > TARGET || rows + next.rows > 1_000_000).toBe(true);
        }
      }),
    );
  });

  it('are the same while some of their objects are made, and those are left out', () => {
    const leaves = Array.from({ length: 60 }, (_, place) => leafOf({ bytes: 5 * MB, rows: 10 }, place));
    const [first, second, third] = runsIn(FOLDER, keysOf(leaves), logOf(leaves));
    const made = [...keysOf(leaves), second?.key ?? ''];
    expect(runsIn(FOLDER, made, logOf(leaves))).toEqual([first, third]);
  });

  it('wait for the log when something else in their folder is not signed', () => {
    const leaves = Array.from({ length: 3 }, (_, place) => leafOf({ bytes: MB, rows: 10 }, place));
    expect(runsIn(FOLDER, [...keysOf(leaves), `${FOLDER}late.parquet`], logOf(leaves))).toEqual([]);
    expect(runsIn(FOLDER, keysOf(leaves), { ...logOf(leaves), signed: 2 })).toEqual([]);
  });
});

describe('hours', () => {
  it('are those that have been over for two hours and less than 48, and have two small objects in one folder', () => {
    const log = logOf([0, 1].map((place) => leafOf({ bytes: MB, rows: 10 }, place)));
    const hours = (now: number) => [...hoursToCompact(log, now).keys()];
    expect(hours(HOUR_14 + 3 * HOUR_MS - 1)).toEqual([]);
    expect(hours(HOUR_14 + 3 * HOUR_MS)).toEqual(['2026-03-05T14']);
    expect(hours(HOUR_14 + 48 * HOUR_MS)).toEqual(['2026-03-05T14']);
    expect(hours(HOUR_14 + 48 * HOUR_MS + 1)).toEqual([]);
    expect([...hoursToCompact(logOf([leafOf({ bytes: MB, rows: 10 }, 0)]), HOUR_14 + 3 * HOUR_MS)]).toEqual(
      [],
    );
  });
});
