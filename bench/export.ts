/** How fast one person's rows are found in the archive: `npx node bench/export.ts [rows] [rows of the person]`. Real adapters over
 * the local S3, which works in the same process: signals with a sealed payload of 220 bytes, 50,000 customers, 10,000 rows to an
 * object; then the same archive put together, as compaction does, into objects of 250,000 rows. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { archiveReader } from '../functions/adapters/aws/archive-reader.ts';
import type { SignalRow } from '../functions/contracts/lineage.ts';
import { rowRef, type SubjectKey, seal } from '../functions/contracts/subject-keys.ts';
import { writeParquet } from '../functions/evidence/archive/parquet.ts';
import { startS3 } from '../lib/local/engines/s3.ts';

const OBJECT_ROWS = 10_000;
const LARGE_OBJECT_ROWS = 250_000;
const READS_AT_ONCE = 8;
const rows = Number(process.argv[2] ?? 1_000_000);
const own = Number(process.argv[3] ?? 1_000);
const at = Date.UTC(2026, 2, 5, 14);

const secret = () => createSecretKey(randomBytes(32));
const key: SubjectKey = { payloads: secret(), nonces: secret(), rowRefs: secret() };
const ref = rowRef(key, at);
const others = Array.from({ length: 50_000 }, () => randomBytes(17).toString('base64url').slice(0, 22));

function signal(index: number): SignalRow {
  const isOwn = index % Math.floor(rows / own) === 0;
  const rowId = randomBytes(16).toString('base64url');
  return {
    table: 'signals',
    rowId,
    rowRef: isOwn ? ref : (others[index % others.length] ?? null),
    eventClass: 'transaction',
    receivedAt: at,
    policyVersion: 'pipeline@1',
    payload: (isOwn ? Buffer.from(seal(key, '[1]', rowId)) : randomBytes(220)).toString('base64'),
    sourceId: 'shop',
    signalName: 'Order Completed',
    purposes: 'service,profiling',
    occurredDate: '2026-03-05',
    latencyMs: index % 900,
  };
}

async function measured(bucket: string): Promise<string> {
  const archive = archiveReader(bucket);
  const wanted = new Set([ref]);
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  let [found, peak] = [0, 0];
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);
  const keys = (await archive.folders('')).flatMap((folder) => folder.keys);
  for (let from = 0; from < keys.length; from += READS_AT_ONCE) {
    const read = keys.slice(from, from + READS_AT_ONCE).map((object) => archive.rows(object, wanted));
    found += (await Promise.all(read)).reduce((sum, each) => sum + (each?.length ?? 0), 0);
  }
  clearInterval(sampler);
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return `${found} of ${rows.toLocaleString('en')} rows in ${keys.length} objects: ${seconds.toFixed(1)} s, ${Math.round(rows / seconds).toLocaleString('en')} rows/s, ${((user + system) / 1e6).toFixed(1)} s of CPU, ${Math.round(peak / 2 ** 20)} MB resident at most\n`;
}

const directory = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
const engine = await startS3({
  directory: join(directory, 's3'),
  versionsDirectory: join(directory, 'versions'),
});
Object.assign(process.env, {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_S3: engine.url,
});
const client = new S3Client({ forcePathStyle: true });
for (const [bucket, objectRows] of [
  ['windows', OBJECT_ROWS],
  ['compacted', LARGE_OBJECT_ROWS],
] as const) {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  for (let from = 0; from < rows; from += objectRows) {
    const part = Array.from({ length: Math.min(objectRows, rows - from) }, (_, row) => signal(from + row));
    const hour = String(Math.floor((from / rows) * 24)).padStart(2, '0');
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: `v1/signals/event_class=transaction/dt=2026-03-05/hh=${hour}/${from}.parquet`,
        Body: writeParquet('signals', part).bytes,
      }),
    );
  }
  process.stdout.write(`${bucket.padEnd(10)} ${await measured(bucket)}`);
}
client.destroy();
await engine.stop();
rmSync(directory, { recursive: true });
