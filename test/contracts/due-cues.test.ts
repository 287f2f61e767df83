import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dueCues } from '../../functions/adapters/aws/due-cues.ts';
import { MemoryDueCues } from '../../functions/adapters/memory/due-cues.ts';
import { asSubjectId } from '../../functions/contracts/ids.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../functions/kernel/time.ts';
import type { EffectPorts, FallenDue, SweepPorts } from '../../functions/pipeline/understand/ports.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

/** Cues expire by the clock on the wall, so these tests live in its present. */
const NOW = Date.now();
type Cues = SweepPorts['cues'] & EffectPorts['dueCues'];

let tables: LocalTables;
beforeAll(async () => {
  tables = await startTables();
}, 60_000);
afterAll(() => tables?.stop());

async function inDynamoDb(): Promise<Cues> {
  const table = await tables.fresh('dueCues');
  return dueCues(table);
}

const cue = (name: string, dueAt: number) => ({ subjectId: asSubjectId(`s.userId.${name}`), dueAt });
async function fallen(cues: Cues, now: number, isInTime: () => boolean = () => true): Promise<FallenDue[]> {
  const found: FallenDue[] = [];
  for await (const page of cues.due(now, isInTime)) found.push(...page);
  return found;
}
const names = (cues: readonly FallenDue[]) => cues.map(({ subjectId }) => subjectId.split('.').at(-1)).sort();

describe.each([
  ['in memory', async (): Promise<Cues> => new MemoryDueCues()],
  ['in DynamoDB', inDynamoDb],
])('absence cues %s', (_name, make) => {
  it('fall due at their moment and not before', async () => {
    const cues = await make();
    await cues.arm([cue('past', NOW - 20 * MINUTE_MS), cue('present', NOW), cue('future', NOW + HOUR_MS)]);
    expect(names(await fallen(cues, NOW))).toEqual(['past', 'present']);
    expect(names(await fallen(cues, NOW + HOUR_MS))).toContain('future');
  });

  it('are one, however often the same is armed', async () => {
    const cues = await make();
    await cues.arm([cue('twice', NOW), cue('twice', NOW)]);
    await cues.arm([cue('twice', NOW)]);
    expect(await fallen(cues, NOW)).toHaveLength(1);
  });

  it('come again until they are forgotten', async () => {
    const cues = await make();
    await cues.arm([cue('kept', NOW - MINUTE_MS), cue('done', NOW - MINUTE_MS)]);
    const first = await fallen(cues, NOW);
    await cues.forget(first.filter(({ subjectId }) => subjectId.endsWith('done')));
    expect(names(await fallen(cues, NOW + MINUTE_MS))).toEqual(['kept']);
  });

  it('come again however long ago they fell due, as long as they are left', async () => {
    const cues = await make();
    await cues.arm([cue('left', NOW - 40 * MINUTE_MS), cue('done', NOW - 40 * MINUTE_MS)]);
    for (let sweep = 0; sweep < 3; sweep += 1) {
      const found = await fallen(cues, NOW + sweep * 10 * MINUTE_MS);
      expect(names(found)).toContain('left');
      await cues.forget(found.filter(({ subjectId }) => subjectId.endsWith('done')));
    }
    await cues.forget(await fallen(cues, NOW + 30 * MINUTE_MS));
    expect(await fallen(cues, NOW + 40 * MINUTE_MS)).toEqual([]);
  });

  it('are found by the hundreds, each with the time it was due', async () => {
    const cues = await make();
    const many = Array.from({ length: 430 }, (_, at) => cue(`c${at}`, NOW - (at % 50) * MINUTE_MS));
    await cues.arm(many);
    const found = await fallen(cues, NOW);
    expect(names(found)).toEqual(many.map(({ subjectId }) => subjectId.split('.').at(-1)).sort());
    expect(
      new Map(found.map(({ subjectId, dueAt }) => [subjectId, dueAt])).get(
        many[7]?.subjectId ?? many[0]?.subjectId ?? asSubjectId(''),
      ),
    ).toBe(many[7]?.dueAt);
  });
});

describe('after a week in which nobody swept', () => {
  const WEEK_AGO = NOW - 7 * DAY_MS;
  /** A table with cues of every hour of the week, and a sweep before it. */
  async function neglected(): Promise<Cues> {
    const cues = await inDynamoDb();
    await fallen(cues, WEEK_AGO);
    const hourly = Array.from({ length: 7 * 24 }, (_, hour) => hour);
    await cues.arm(
      hourly.flatMap((hour) =>
        Array.from({ length: 15 }, (_, at) =>
          cue(`h${hour}-${at}`, WEEK_AGO + (hour + 1) * HOUR_MS - MINUTE_MS),
        ),
      ),
    );
    await cues.arm([cue('to-come', NOW + HOUR_MS)]);
    return cues;
  }

  it('one sweep finds all that fell due, in a few calls, and the next goes on minute by minute', async () => {
    const cues = await neglected();
    let looks = 0;
    const found = await fallen(cues, NOW, () => {
      looks += 1;
      return true;
    });
    expect(new Set(names(found)).size).toBe(7 * 24 * 15);
    expect(looks).toBeLessThanOrEqual(4);
    await cues.forget(found);
    expect(await fallen(cues, NOW + MINUTE_MS)).toEqual([]);
    expect(names(await fallen(cues, NOW + HOUR_MS))).toEqual(['to-come']);
  });

  it('sweeps that have time for one look each find all together, whatever one of them leaves', async () => {
    const cues = await neglected();
    const found: FallenDue[] = [];
    for (let sweep = 0; sweep < 6; sweep += 1) {
      let looks = 0;
      const own = await fallen(cues, NOW + sweep * MINUTE_MS, () => looks++ === 0);
      found.push(...own);
      await cues.forget(own);
    }
    expect(names(found)).toEqual([...new Set(names(found))]);
    expect(found).toHaveLength(7 * 24 * 15);
  });

  it('a sweep that dies is repeated from where it stood', async () => {
    const cues = await neglected();
    for await (const page of cues.due(NOW, () => true)) if (page.length > 0) break;
    expect(new Set(names(await fallen(cues, NOW))).size).toBe(7 * 24 * 15);
  });
});
