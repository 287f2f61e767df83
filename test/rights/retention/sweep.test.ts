import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryEvidenceStore } from '../../../functions/adapters/memory/evidence-store.ts';
import {
  type MemoryLineageStream,
  memoryLineageStream,
} from '../../../functions/adapters/memory/lineage-stream.ts';
import type { EffectRow } from '../../../functions/contracts/lineage.ts';
import { archiveWindow } from '../../../functions/evidence/archive/archive.ts';
import { DAY_MS } from '../../../functions/kernel/time.ts';
import { eu } from '../../../functions/registry/jurisdictions/eu.ts';
import { evidenceEnd } from '../../../functions/rights/retention/over-age.ts';
import type { RetentionPorts, Shelf } from '../../../functions/rights/retention/ports.ts';
import { releaseMonth } from '../../../functions/rights/retention/release.ts';
import {
  type Release,
  ROW_REFS_PER_PERSON,
  releaseKey,
} from '../../../functions/rights/retention/roll-up.ts';
import {
  beginSweep,
  reportKey,
  reportSweep,
  type Sweep,
  sweepOn,
} from '../../../functions/rights/retention/sweep.ts';
import { NOW } from '../../arbitraries.ts';
import { delivery, lineageRow } from '../../evidence/archive/rows.ts';

class Died extends Error {
  override readonly name = 'Died';
}

/** Dies once, at its n-th call, before the call has its effect or after. */
class Mortal {
  #calls = 0;
  readonly at: number;
  readonly when: 'before' | 'after';

  constructor(at: number, when: 'before' | 'after') {
    this.at = at;
    this.when = when;
  }

  get calls(): number {
    return this.#calls;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    const dies = this.#calls === this.at;
    if (dies && this.when === 'before') throw new Died();
    const result = await call();
    if (dies) throw new Died();
    return result;
  }
}

/** A shelf with things that end at these times, three to a page. */
function shelfOf(name: string, ends: readonly number[]): Shelf & { readonly ends: number[] } {
  const lying = [...ends];
  return {
    name,
    ends: lying,
    look: async (now, cursor, remove) => {
      // By position from the end, so that removing does not move what is yet to be looked at.
      const until = lying.length - Number(cursor ?? 0);
      const from = Math.max(0, until - 3);
      const page = lying.slice(from, until);
      const kept = page.filter((end) => end > now);
      if (remove) lying.splice(from, page.length, ...kept);
      const over = page.length - kept.length;
      const next = lying.length - from;
      return {
        looked: page.length,
        over,
        removed: remove ? over : 0,
        unjudged: [],
        cursor: from === 0 ? null : String(next),
      };
    },
  };
}

function world(shelves: readonly Shelf[], mortal = new Mortal(0, 'before')) {
  const evidence = memoryEvidenceStore();
  const lineage = memoryLineageStream();
  const ports: RetentionPorts = {
    shelves: shelves.map((shelf) => ({
      name: shelf.name,
      look: (...given) => mortal.run(() => shelf.look(...given)),
    })),
    evidence: {
      putOnce: (key, bytes) => mortal.run(() => evidence.putOnce(key, bytes)),
      keys: (prefix) => mortal.run(() => evidence.keys(prefix)),
      read: (key) => mortal.run(() => evidence.read(key)),
    },
    lineage: { append: (rows) => mortal.run(() => lineage.append(rows)) },
  };
  return { ports, evidence, lineage, mortal };
}

const rowsTold = (lineage: MemoryLineageStream) => lineage.appended.flatMap(({ rows }) => rows);

/** Runs a step as a state machine does: once more with the same document when it fails. */
async function step<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    return run();
  }
}

/** A whole sweep, as the machine of the map goes through it. */
async function swept(ports: RetentionPorts, now: number) {
  let sweep: Sweep = await step(() => beginSweep(ports, now));
  for (const month of sweep.months) await step(() => releaseMonth(month, eu, ports));
  while (!sweep.done) {
    const at = sweep;
    // Documents go from step to step as JSON.
    sweep = JSON.parse(JSON.stringify(await step(() => sweepOn(at, ports)))) as Sweep;
  }
  const report = await step(() => reportSweep(sweep, 'eu', ports));
  return { sweep, report };
}

const LEFTOVERS = [NOW - DAY_MS, NOW + 1, NOW, NOW + DAY_MS, NOW - 5, NOW - 9, NOW + 2];

describe('a sweep', () => {
  it('removes what is past its time, keeps the rest, and says so in a report and in the evidence', async () => {
    const shelves = [shelfOf('profiles', LEFTOVERS), shelfOf('alerts', [])];
    const { ports, evidence, lineage } = world(shelves);
    const { report } = await swept(ports, NOW);
    expect(report).toEqual({ clean: true, removed: 4, left: 0, unjudged: 0 });
    expect(shelves[0]?.ends).toEqual([NOW + 1, NOW + DAY_MS, NOW + 2]);
    const told = JSON.parse(new TextDecoder().decode(await evidence.read(reportKey(NOW))));
    expect(told).toEqual({
      jurisdiction: 'eu',
      asOf: new Date(NOW).toISOString(),
      shelves: [
        { name: 'profiles', looked: 7, removed: 4, left: 0, unjudged: 0, refs: [] },
        { name: 'alerts', looked: 0, removed: 0, left: 0, unjudged: 0, refs: [] },
      ],
    });
    const rows = rowsTold(lineage).filter((row): row is EffectRow => row.table === 'effects');
    expect(
      rows.filter(({ kind }) => kind === 'retention-swept').map(({ name, reasons }) => [name, reasons]),
    ).toEqual([
      ['profiles', 'looked:7,removed:4,left:0,unjudged:0'],
      ['alerts', 'looked:0,removed:0,left:0,unjudged:0'],
    ]);
  });

  it('is not proven when something stays that is past its time', async () => {
    const stubborn: Shelf = {
      name: 'signals',
      look: async () => ({ looked: 1, over: 1, removed: 0, unjudged: [], cursor: null }),
    };
    const { report } = await swept(world([stubborn]).ports, NOW);
    expect(report).toEqual({ clean: false, removed: 0, left: 1, unjudged: 0 });
  });

  it('goes on past what cannot be judged, counts and names it, and claims nothing of it', async () => {
    const refs = Array.from({ length: 120 }, (_, at) => `ref-${at}`);
    const poisoned: Shelf = {
      name: 'subjects',
      look: async () => ({ looked: 121, over: 0, removed: 0, unjudged: refs, cursor: null }),
    };
    const after = shelfOf('records', LEFTOVERS);
    const { ports, evidence, lineage } = world([poisoned, after]);
    const { report } = await swept(ports, NOW);
    expect(report).toEqual({ clean: false, removed: 4, left: 0, unjudged: 120 });
    expect(after.ends).toEqual([NOW + 1, NOW + DAY_MS, NOW + 2]);
    const told = JSON.parse(new TextDecoder().decode(await evidence.read(reportKey(NOW))));
    expect(told.shelves[0]).toMatchObject({ unjudged: 120, refs: refs.slice(0, 50) });
    const rows = rowsTold(lineage).filter((row) => row.table === 'effects' && row.name === 'subjects');
    expect(rows).toMatchObject([{ reasons: 'looked:121,removed:0,left:0,unjudged:120' }]);
  });

  it('removes nothing while it proves', async () => {
    const asked: boolean[] = [];
    const shelf = shelfOf('records', LEFTOVERS);
    const seen: Shelf = {
      name: 'records',
      look: (now, cursor, remove) => {
        asked.push(remove);
        return shelf.look(now, cursor, remove);
      },
    };
    await swept(world([seen]).ports, NOW);
    expect(asked).toEqual([true, true, true, false]);
  });

  it('ends alike whatever was there, however it lies in pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: NOW - 100, max: NOW + 100 }), { maxLength: 90 }), {
          maxLength: 3,
        }),
        async (contents) => {
          const shelves = contents.map((ends, at) => shelfOf(`shelf-${at}`, ends));
          const { report } = await swept(world(shelves).ports, NOW);
          expect(report.clean).toBe(true);
          for (const [at, ends] of contents.entries())
            expect(shelves[at]?.ends).toEqual(ends.filter((end) => end > NOW));
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('a sweep that dies', () => {
  const crowd = Array.from({ length: 200 }, (_, at) => ({
    ...lineageRow(`row-${at}`, { receivedAt: Date.UTC(2026, 3, 10, 12) }),
    rowRef: `ref-${at}`,
  }));
  const prepared = async (mortal: Mortal) => {
    const shelves = [shelfOf('profiles', LEFTOVERS), shelfOf('evidence', LEFTOVERS)];
    const made = world(shelves, mortal);
    await archiveWindow({ store: made.evidence }, [delivery(0, crowd)]);
    return { ...made, shelves };
  };
  const endOf = async ({ evidence, lineage, shelves }: Awaited<ReturnType<typeof prepared>>) => ({
    objects: [...evidence.objects.keys()].sort(),
    release: new TextDecoder().decode(await evidence.read(releaseKey('2026-04'))),
    left: shelves.map(({ ends }) => ends),
    // The archive takes a row that is told again once.
    told: [...new Set(rowsTold(lineage).map(({ rowId }) => rowId))].sort(),
  });

  it('at any call to the outside ends as one that did not', async () => {
    const quiet = await prepared(new Mortal(0, 'before'));
    await swept(quiet.ports, NOW);
    const expected = await endOf(quiet);
    const { calls } = quiet.mortal;
    expect(calls).toBeGreaterThan(20);
    expect(expected.told.length).toBe(2 + 12);
    for (let at = 1; at <= calls; at += 1)
      for (const when of ['before', 'after'] as const) {
        const mortal = await prepared(new Mortal(at, when));
        await swept(mortal.ports, NOW);
        expect([at, when, await endOf(mortal)]).toEqual([at, when, expected]);
      }
  });
});

describe('the release of a month', () => {
  const APRIL = Date.UTC(2026, 3, 10, 12);
  const row = (person: number, id: string, at = APRIL) => ({
    ...lineageRow(id, { receivedAt: at }),
    rowRef: `ref-${person}`,
  });
  const people = eu.aggregateThreshold.value * ROW_REFS_PER_PERSON;
  const released = async ({ evidence }: ReturnType<typeof world>) =>
    JSON.parse(new TextDecoder().decode(await evidence.read(releaseKey('2026-04')))) as Release;

  it('holds cells of enough people, of that month alone, and no reference', async () => {
    const made = world([]);
    const rows = [
      ...Array.from({ length: people }, (_, person) => row(person, `april-${person}`)),
      ...Array.from({ length: people }, (_, person) => row(person, `may-${person}`, Date.UTC(2026, 4, 1))),
    ];
    await archiveWindow({ store: made.evidence }, [delivery(0, rows)]);
    expect(await releaseMonth('2026-04', eu, made.ports)).toBe('released');
    const release = await released(made);
    expect(release).toMatchObject({ month: '2026-04', jurisdiction: 'eu', threshold: 50 });
    expect(release.cells).toHaveLength(4);
    for (const cell of release.cells) expect(cell).toMatchObject({ events: people, peopleAtLeast: 50 });
    expect(JSON.stringify(release)).not.toMatch(/ref-|april-/);
  });

  it('says nothing of fewer people', async () => {
    const made = world([]);
    const rows = Array.from({ length: people - 1 }, (_, person) => row(person, `april-${person}`));
    await archiveWindow({ store: made.evidence }, [delivery(0, rows)]);
    await releaseMonth('2026-04', eu, made.ports);
    expect((await released(made)).cells).toEqual([]);
  });

  it('is the only one: what changed since cannot be had by difference', async () => {
    const made = world([]);
    const rows = Array.from({ length: people + 1 }, (_, person) => row(person, `april-${person}`));
    await archiveWindow({ store: made.evidence }, [delivery(0, rows.slice(1))]);
    await releaseMonth('2026-04', eu, made.ports);
    const first = await released(made);
    await archiveWindow({ store: made.evidence }, [delivery(9, rows.slice(0, 1))]);
    expect(await releaseMonth('2026-04', eu, made.ports)).toBe('already-released');
    expect(await released(made)).toEqual(first);
    expect((await beginSweep(made.ports, NOW)).months).not.toContain('2026-04');
  });
});

describe('an object of the archive has to be gone', () => {
  const { retention } = eu;
  const day = Date.UTC(2026, 2, 5);

  it('when the class of its rows is over, counted from the day of receipt, though it was written anew since', () => {
    const key = 'v1/signals/event_class=behaviour/dt=2026-03-05/hh=14/x.parquet';
    const end = day + DAY_MS + retention.behaviour.value.maxDays * DAY_MS;
    expect(evidenceEnd(key, day + 40 * DAY_MS, retention)).toBe(end);
  });

  it('never, if nobody is in it', () => {
    for (const key of ['v1/windows/a', 'v1/rollups/2026-03.json', 'v1/retention/x.json', 'v1/log/1'])
      expect(evidenceEnd(key, day, retention)).toBeNull();
  });
});
