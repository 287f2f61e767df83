import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HOUR_MS } from '../../functions/kernel/time.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { HOUR_14, lineageRow } from '../evidence/archive/rows.ts';
import {
  archived,
  compacted,
  type LoggedArchive,
  loggedArchive,
  signed,
} from '../evidence/log/logged-archive.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-compacted-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function counted({ evidence }: LoggedArchive): Promise<unknown> {
  await rm(join(directory, 'v1'), { recursive: true, force: true });
  for (const [key, bytes] of evidence.objects) {
    await mkdir(dirname(join(directory, key)), { recursive: true });
    await writeFile(join(directory, key), bytes);
  }
  const archive = await openArchive({ eu: directory });
  const [row] = await archive.query(
    `SELECT (SELECT count(*) FROM signals) AS signals, (SELECT count(DISTINCT row_id) FROM signals) AS ids,
     (SELECT count(*) FROM signals WHERE hh = 15) AS later, (SELECT count(*) FROM effects) AS effects`,
  );
  archive.close();
  return row;
}

it('SQL counts each row once before, while and after small objects are replaced, stragglers too', async () => {
  const ports = loggedArchive();
  for (const at of [0, 1, 2])
    await archived(
      ports,
      at,
      lineageRow(`a-${at}`),
      lineageRow(`b-${at}`, { receivedAt: HOUR_14 + HOUR_MS }),
      lineageRow(`a-${at}`, { table: 'effects' }),
    );
  await signed(ports);
  const all = { signals: 6, ids: 6, later: 3, effects: 3 };
  expect(await counted(ports)).toEqual(all);
  const settled = HOUR_14 + 4 * HOUR_MS;
  expect(await compacted(ports, settled)).toMatchObject({ made: 3 });
  expect(await counted(ports)).toEqual(all);
  await archived(ports, 3, lineageRow('straggler'));
  const more = { ...all, signals: 7, ids: 7 };
  expect(await counted(ports)).toEqual(more);
  await signed(ports, settled);
  expect(await compacted(ports, settled + HOUR_MS)).toMatchObject({ removed: 9 });
  expect(await counted(ports)).toEqual(more);
});
