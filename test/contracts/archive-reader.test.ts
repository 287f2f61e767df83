import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { archiveReader } from '../../functions/adapters/aws/archive-reader.ts';
import { s3 } from '../../functions/adapters/aws/clients.ts';
import type { LineageRow } from '../../functions/contracts/lineage.ts';
import { writeParquet } from '../../functions/evidence/archive/parquet.ts';
import { type S3Engine, startS3 } from '../../lib/local/engines/s3.ts';
import { lineageRow } from '../evidence/archive/rows.ts';

const BUCKET = 'evidence';
const folder = mkdtempSync(join(tmpdir(), 'rapport-archive-reader-'));
const FOLDER = 'v1/signals/event_class=transaction/dt=2026-03-05/hh=14/';
let engine: S3Engine;
/** Bytes that S3 has sent. */
let sent = 0;

beforeAll(async () => {
  engine = await startS3({ directory: join(folder, 's3'), versionsDirectory: join(folder, 'versions') });
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_S3: engine.url,
  });
  await engine.createBucket(BUCKET, { versioned: true });
  s3().middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if ('ContentLength' in result.output) sent += Number(result.output.ContentLength);
      return result;
    },
    { step: 'initialize' },
  );
}, 60_000);
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

const put = (key: string, bytes: Uint8Array) =>
  s3().send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes }));
const rowOf = (index: number, payloadBytes: number): LineageRow => ({
  ...lineageRow(`row-${index}`),
  rowRef: index % 1_000 === 7 ? 'ada' : `other-${index % 500}`,
  payload: randomBytes(payloadBytes).toString('base64'),
});

/** What storage, a tool or a person may do to an object: bits that flip, an end that is missing, a piece that is zeros or noise. The
 * first four bytes, which only say what kind of file it is, are left alone. */
const damageArbitrary = (length: number) =>
  fc.record({
    how: fc.constantFrom('flip', 'truncate', 'zeros', 'noise'),
    at: fc.oneof(
      fc.integer({ min: 4, max: length - 1 }),
      fc.integer({ min: length - 2_000, max: length - 1 }),
    ),
    size: fc.integer({ min: 1, max: 300 }),
    bit: fc.integer({ min: 0, max: 7 }),
  });
type Damage = ReturnType<typeof damageArbitrary> extends fc.Arbitrary<infer D> ? D : never;

function damaged(bytes: Uint8Array, { how, at, size, bit }: Damage): Uint8Array {
  if (how === 'truncate') return bytes.slice(0, at);
  const copy = bytes.slice();
  if (how === 'flip') copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  else
    copy.set(
      how === 'zeros'
        ? new Uint8Array(Math.min(size, bytes.length - at))
        : randomBytes(Math.min(size, bytes.length - at)),
      at,
    );
  // Zeros over zeros are no damage.
  if (Buffer.compare(copy, bytes) === 0) copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('the archive as a person’s export reads it', () => {
  it('has the rows of that person with all their columns, and of nobody else', async () => {
    await put(
      `${FOLDER}a.parquet`,
      writeParquet(
        'signals',
        Array.from({ length: 3_000 }, (_, at) => rowOf(at, 40)),
      ).bytes,
    );
    const rows = await archiveReader(BUCKET).rows(`${FOLDER}a.parquet`, new Set(['ada', 'nobody']));
    expect(rows?.map(({ rowId }) => rowId)).toEqual(['row-7', 'row-1007', 'row-2007']);
    expect(rows?.[0]).toMatchObject({
      columns: { table: 'signals', signal_name: 'Order Completed', occurred_date: '2026-03-05' },
    });
    expect(rows?.[0]?.payload).toHaveLength(40);
    expect(JSON.stringify(rows?.[0]?.columns)).not.toContain('ada');
  });

  it('takes little to see that an object has none of theirs', async () => {
    const { bytes } = writeParquet(
      'signals',
      Array.from({ length: 20_000 }, (_, at) => rowOf(at, 300)),
    );
    const [group] = parquetMetadata(bytes.slice().buffer).row_groups;
    const refs = group?.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'row_ref');
    expect(refs?.meta_data?.bloom_filter_length).toBeGreaterThan(0);
    await put(`${FOLDER}large.parquet`, bytes);
    sent = 0;
    expect(await archiveReader(BUCKET).rows(`${FOLDER}large.parquet`, new Set(['nobody']))).toEqual([]);
    expect(sent).toBeLessThan(bytes.length / 4);
  });

  it('is gone through by folders, after any of them, whatever else lies there', async () => {
    const { bytes } = writeParquet('effects', [lineageRow('e', { table: 'effects' })]);
    const effects = 'v1/effects/event_class=service/dt=2026-03-05/hh=15/';
    await put(`${effects}b.parquet`, bytes);
    await put(`${FOLDER.replace('hh=14', 'hh=15')}c.parquet`, bytes);
    await put('v1/certificates/x.json', Buffer.from('{}'));
    await put(`${FOLDER}notes.txt`, Buffer.from('x'));
    const archive = archiveReader(BUCKET);
    const all = await archive.folders('');
    expect(all.map(({ prefix, month }) => [prefix, month])).toEqual([
      [effects, '2026-03'],
      [FOLDER, '2026-03'],
      [FOLDER.replace('hh=14', 'hh=15'), '2026-03'],
    ]);
    expect(all[1]?.keys).toEqual([`${FOLDER}a.parquet`, `${FOLDER}large.parquet`]);
    expect(await archive.folders(effects)).toEqual(all.slice(1));
    expect(await archive.folders(FOLDER)).toEqual(all.slice(2));
    expect(await archive.folders(all.at(-1)?.prefix ?? '')).toEqual([]);
  });

  it('tells damage wherever it lies, at once, and never rows that are not what was written', async () => {
    const { bytes } = writeParquet(
      'signals',
      Array.from({ length: 3_000 }, (_, at) => rowOf(at, 40)),
    );
    const read = async (damaged: Uint8Array) => {
      await put(`${FOLDER}damaged.parquet`, damaged);
      const startedAt = performance.now();
      const rows = await archiveReader(BUCKET).rows(`${FOLDER}damaged.parquet`, new Set(['ada']));
      return { rows, ms: performance.now() - startedAt };
    };
    expect((await read(bytes)).rows).toHaveLength(3);
    const isNamed = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await fc.assert(
      fc.asyncProperty(damageArbitrary(bytes.length), async (damage) => {
        isNamed.mockClear();
        const { rows, ms } = await read(damaged(bytes, damage));
        expect(ms).toBeLessThan(2_000);
        expect(rows).toBeNull();
        expect(isNamed.mock.calls.join()).toMatch(/damaged\.parquet.*DamagedFileError/);
      }),
      { numRuns: 250 },
    );
    isNamed.mockRestore();
  }, 60_000);

  it('says of an object that is none of its own that it cannot be read', async () => {
    await put(`${FOLDER}cut.parquet`, randomBytes(5_000));
    expect(await archiveReader(BUCKET).rows(`${FOLDER}cut.parquet`, new Set(['ada']))).toBeNull();
    await expect(archiveReader(BUCKET).rows(`${FOLDER}gone.parquet`, new Set(['ada']))).rejects.toMatchObject(
      {
        name: 'TransientError',
      },
    );
  });
});
