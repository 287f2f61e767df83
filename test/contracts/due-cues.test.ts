import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dueCues } from '../../functions/adapters/aws/due-cues.ts';
import { MemoryDueCues } from '../../functions/adapters/memory/due-cues.ts';
import { asSubjectId } from '../../functions/contracts/ids.ts';
import { HOUR_MS, MINUTE_MS } from '../../functions/kernel/time.ts';
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
async function fallen(cues: Cues, now: number): Promise<FallenDue[]> {
  const found: FallenDue[] = [];
  for await (const page of cues.due(now)) found.push(...page);
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
