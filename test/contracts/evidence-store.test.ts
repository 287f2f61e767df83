import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { memoryEvidenceStore } from '../../functions/adapters/memory/evidence-store.ts';
import { archiveWindow } from '../../functions/evidence/archive/archive.ts';
import type { EvidenceStore } from '../../functions/evidence/archive/ports.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { type S3Engine, startS3 } from '../../lib/local/engines/s3.ts';
import { archivedRows, Crash, delivery, dyingAt, lineageRow } from '../evidence/archive/rows.ts';

let directory = '';
let engine: S3Engine;
let buckets = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-evidence-'));
  engine = await startS3({
    directory: join(directory, 's3'),
    versionsDirectory: join(directory, 'versions'),
  });
  process.env.AWS_REGION = 'eu-central-1';
  process.env.AWS_ACCESS_KEY_ID = 'local';
  process.env.AWS_SECRET_ACCESS_KEY = 'local';
  process.env.AWS_ENDPOINT_URL_S3 = engine.url;
});
afterAll(async () => {
  await engine.stop();
  await rm(directory, { recursive: true });
});

async function s3Store(): Promise<EvidenceStore> {
  buckets += 1;
  const bucket = `evidence-${buckets}`;
  await engine.createBucket(bucket, { versioned: true });
  return evidenceStore(bucket);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (read: Uint8Array): string => new TextDecoder().decode(read);

describe.each([
  ['memory', async () => memoryEvidenceStore()],
  ['S3', s3Store],
])('an evidence store (%s)', (_, open) => {
  it('writes an object once and keeps what was first', async () => {
    const store = await open();
    expect(await store.putOnce('v1/signals/hh=01/a', bytes('first'))).toBe('written');
    expect(await store.putOnce('v1/signals/hh=01/a', bytes('second'))).toBe('present');
    expect(text(await store.read('v1/signals/hh=01/a'))).toBe('first');
  });

  it('writes an object once when two try at the same time', async () => {
    const store = await open();
    const attempts = await Promise.allSettled(
      [1, 2, 3, 4].map((at) => store.putOnce('v1/a', bytes(`${at}`))),
    );
    const written = attempts.filter((one) => one.status === 'fulfilled' && one.value === 'written');
    expect(written).toHaveLength(1);
  });

  it('lists keys under a prefix in order, and from a place on', async () => {
    const store = await open();
    for (const key of ['v1/w/3', 'v1/w/1', 'v1/x/1', 'v1/w/2_1']) await store.putOnce(key, bytes(key));
    expect(await store.keys('v1/w/')).toEqual(['v1/w/1', 'v1/w/2_1', 'v1/w/3']);
    expect(await store.keys('v1/w/', 'v1/w/2')).toEqual(['v1/w/2_1', 'v1/w/3']);
    expect(await store.keys('v1/w/', 'v1/w/3')).toEqual([]);
    expect(await store.keys('v1/none/')).toEqual([]);
  });

  it('lists more keys than one page holds', { timeout: 60_000 }, async () => {
    const store = await open();
    const keys = Array.from({ length: 1_003 }, (_, at) => `v1/w/${String(at).padStart(4, '0')}`);
    for (let from = 0; from < keys.length; from += 50) {
      await Promise.all(keys.slice(from, from + 50).map((key) => store.putOnce(key, bytes(key))));
    }
    expect(await store.keys('v1/w/')).toEqual(keys);
    expect(await store.keys('v1/w/', 'v1/w/0001')).toEqual(keys.slice(2));
  });

  it('fails for the time being to read what is not there', async () => {
    const store = await open();
    await expect(store.read('v1/none')).rejects.toMatchObject({ name: 'TransientError' });
  });

  it('holds each row once however often the archive dies', async () => {
    const store = await open();
    const window = [
      delivery(1, [lineageRow('a'), lineageRow('b', { table: 'effects' })]),
      delivery(2, [lineageRow('a', { redelivered: true }), lineageRow('c', { eventClass: 'service' })]),
    ];
    for (let call = 0; call < 8; call += 1) {
      for (const when of ['before', 'after'] as const) {
        await archiveWindow({ store: dyingAt(store, call, when) }, window).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
      }
    }
    await archiveWindow({ store }, [
      ...window,
      delivery(3, [lineageRow('c', { eventClass: 'service', redelivered: true })]),
    ]);
    expect((await archivedRows(store)).map((row) => row.split(' ')[1]).sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('evidence store on S3', () => {
  it('leaves files that SQL reads', async () => {
    const store = await s3Store();
    await archiveWindow({ store }, [
      delivery(1, [lineageRow('a'), lineageRow('b', { eventClass: 'service' })]),
    ]);
    const archive = await openArchive({ eu: join(directory, 's3', `evidence-${buckets}`) });
    const rows = await archive.query('SELECT row_id, event_class, hh FROM signals ORDER BY row_id');
    archive.close();
    expect(rows).toEqual([
      { row_id: 'a', event_class: 'transaction', hh: 14 },
      { row_id: 'b', event_class: 'service', hh: 14 },
    ]);
  });

  it('fails for the time being when there is no bucket', async () => {
    const store = evidenceStore('evidence-of-nobody');
    await expect(store.putOnce('v1/a', bytes('a'))).rejects.toMatchObject({ name: 'TransientError' });
    await expect(store.keys('v1/')).rejects.toMatchObject({ name: 'TransientError' });
  });
});
