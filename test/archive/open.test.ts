import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { columnsOf, PARTITIONS } from '../../functions/contracts/archive-columns.ts';
import { ARCHIVE_TABLES, type LineageRow } from '../../functions/contracts/lineage.ts';
import { HOUR_MS } from '../../functions/kernel/time.ts';
import { type Archive, openArchive } from '../../lib/archive/open.ts';
import { HOUR_14, lineageRow } from '../evidence/archive/rows.ts';
import { evidenceBucket, writeDataFolder } from './data-folder.ts';

let directory = '';
let open: Archive[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-archive-'));
});
afterEach(async () => {
  for (const archive of open) archive.close();
  open = [];
  await rm(directory, { recursive: true });
});

async function opened(rowsByJurisdiction: Readonly<Record<string, readonly LineageRow[]>>): Promise<Archive> {
  const archive = await openArchive(await writeDataFolder(directory, rowsByJurisdiction));
  open.push(archive);
  return archive;
}

const twelve = Array.from({ length: 12 }, (_, at) =>
  lineageRow(`row-${at}`, at % 2 === 0 ? {} : { eventClass: 'service', receivedAt: HOUR_14 + HOUR_MS }),
);

describe('the archive in SQL', () => {
  it('has every row with every column, in the types of the catalogue', async () => {
    const archive = await opened({ eu: [lineageRow('a')] });
    expect(await archive.query('SELECT * FROM signals')).toEqual([
      {
        jurisdiction: 'eu',
        row_id: 'a',
        row_ref: 'ref-a',
        payload: null,
        policy_version: 'pipeline@1',
        source_id: 'shop',
        signal_name: 'Order Completed',
        purposes: 'service,profiling',
        occurred_date: '2026-03-05',
        latency_ms: 412,
        event_class: 'transaction',
        dt: '2026-03-05',
        hh: 14,
      },
    ]);
  });

  it.each(ARCHIVE_TABLES)('describes %s the same with and without rows', async (table) => {
    const archive = await opened({ eu: [lineageRow('a', { table })] });
    const empty = await openArchive({ eu: join(directory, 'nothing') });
    open.push(empty);
    const columns = await archive.query<{ column_name: string; column_type: string }>(`DESCRIBE ${table}`);
    expect(await empty.query(`DESCRIBE ${table}`)).toEqual(columns);
    const sqlTypes = { string: 'VARCHAR', int32: 'INTEGER', date: 'DATE', bytes: 'BLOB' };
    expect(columns.map(({ column_name, column_type }) => [column_name, column_type])).toEqual([
      ['jurisdiction', 'VARCHAR'],
      ...columnsOf[table].map(({ name, type }) => [name, sqlTypes[type]]),
      ...Object.entries(PARTITIONS).map(([name, type]) => [name, sqlTypes[type]]),
    ]);
    expect(await empty.query(`SELECT * FROM ${table}`)).toEqual([]);
  });

  it('spans objects, partitions and jurisdictions', async () => {
    const archive = await opened({ eu: twelve, 'us-ca': twelve.slice(0, 3), ch: [] });
    expect(
      await archive.query(
        'SELECT jurisdiction, event_class, hh, count(*) AS n FROM signals GROUP BY ALL ORDER BY ALL',
      ),
    ).toEqual([
      { jurisdiction: 'eu', event_class: 'service', hh: 15, n: 6 },
      { jurisdiction: 'eu', event_class: 'transaction', hh: 14, n: 6 },
      { jurisdiction: 'us-ca', event_class: 'service', hh: 15, n: 1 },
      { jurisdiction: 'us-ca', event_class: 'transaction', hh: 14, n: 2 },
    ]);
  });

  it('is written in zstd', async () => {
    const archive = await opened({ eu: twelve });
    const files = join(directory, 's3', evidenceBucket('eu'), 'v1/signals/**/*.parquet');
    expect(await archive.query(`SELECT DISTINCT compression FROM parquet_metadata('${files}')`)).toEqual([
      { compression: 'ZSTD' },
    ]);
  });

  it('keeps letters of every script, quotes and empty texts', async () => {
    const reasons = 'Zürich, "東京" \'\u{1F600}\'';
    const row = { ...lineageRow('a', { table: 'effects' }), reasons, name: '', rowRef: null } as LineageRow;
    const archive = await opened({ eu: [row] });
    expect(await archive.query('SELECT reasons, name, row_ref FROM effects')).toEqual([
      { reasons, name: '', row_ref: null },
    ]);
  });

  it('has a refusal once that came twice at different times', async () => {
    const late = HOUR_14 + HOUR_MS;
    const refusal = (receivedAt: number) => lineageRow('a', { table: 'refusals', receivedAt });
    const others = twelve.slice(0, 5);
    const archive = await opened({ eu: [refusal(HOUR_14), ...others, refusal(late)] });
    expect(await archive.query('SELECT row_id, hh FROM refusals')).toEqual([{ row_id: 'a', hh: 14 }]);
  });

  it('gives counts as numbers and what is too large for a number as text', async () => {
    const archive = await opened({ eu: [] });
    expect(
      await archive.query(
        'SELECT sum(x) AS small, max(x)::HUGEINT * 9007199254740993 AS large FROM range(3) r(x)',
      ),
    ).toEqual([{ small: 3, large: '18014398509481986' }]);
  });
});

describe('the archive is found', () => {
  it('in a folder with a relative path', async () => {
    await writeDataFolder(directory, { eu: twelve });
    const archive = await openArchive(relative(process.cwd(), directory));
    open.push(archive);
    expect(await archive.query('SELECT count(*) AS n FROM signals')).toEqual([{ n: 12 }]);
  });

  it('in a folder whose name has quotes and brackets', async () => {
    const odd = join(directory, "it's [here] *");
    await writeDataFolder(odd, { eu: twelve });
    const archive = await openArchive(odd);
    open.push(archive);
    expect(await archive.query('SELECT count(*) AS n FROM signals')).toEqual([{ n: 12 }]);
  });
});

describe('the archive refuses', () => {
  it.each([
    ['INSERT INTO signals SELECT * FROM signals', 'Catalog Error'],
    ['CREATE TABLE t (a INT)', 'read-only'],
    ['DROP VIEW signals', 'read-only'],
    ["ATTACH 'x.db'", 'read-only'],
    ['SET enable_external_access = true', 'read-only'],
    ['EXPLAIN ANALYZE SELECT 1', 'read-only'],
    ['SELECT 1; SELECT 2', 'one statement'],
    ['  ', 'empty'],
    ['SELEC 1', 'syntax error'],
    ['SELECT * FROM nothing', 'does not exist'],
    ["SELECT * FROM read_text('/etc/hostname')", 'disabled by configuration'],
    ["SELECT * FROM read_csv('https://example.com/x.csv')", 'disabled'],
  ])('%s', async (sql, reason) => {
    const archive = await opened({ eu: [lineageRow('a')] });
    const failure = await archive.ask(sql).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'UserError', message: expect.stringContaining(reason) });
    expect((failure as Error).message).not.toContain('\n');
  });

  it('to write files, even beside its own', async () => {
    const archive = await opened({ eu: [lineageRow('a')] });
    const bucket = join(directory, 's3', evidenceBucket('eu'));
    const before = await readdir(bucket, { recursive: true });
    await expect(archive.ask(`COPY (SELECT 1) TO '${join(bucket, 'x.csv')}'`)).rejects.toThrow('read-only');
    expect(await readdir(bucket, { recursive: true })).toEqual(before);
  });

  it('to open a folder without a region, saying what to do', async () => {
    await expect(openArchive(join(directory, 'empty'))).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('npm run demo'),
    });
  });
});
