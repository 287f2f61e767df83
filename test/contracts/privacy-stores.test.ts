import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportStore } from '../../functions/adapters/aws/export-store.ts';
import { outcomeRecords } from '../../functions/adapters/aws/outcome-records.ts';
import { quarantineStore } from '../../functions/adapters/aws/quarantine-store.ts';
import type { OutcomeRecord } from '../../functions/contracts/records.ts';
import { type S3Engine, startS3 } from '../../lib/local/engines/s3.ts';
import { messageOf, tokenOf } from '../arbitraries.ts';
import { type LocalTables, startTables } from '../local-tables.ts';

const [ada, mail, charles] = [
  tokenOf('userId', 'ada'),
  tokenOf('email', 'ada'),
  tokenOf('userId', 'charles'),
];

let tables: LocalTables;
let s3Engine: S3Engine;
const folder = mkdtempSync(join(tmpdir(), 'rapport-privacy-'));
beforeAll(async () => {
  tables = await startTables();
  s3Engine = await startS3({ directory: join(folder, 's3'), versionsDirectory: join(folder, 'versions') });
  process.env.AWS_ENDPOINT_URL_S3 = s3Engine.url;
  await s3Engine.createBucket('quarantine', { versioned: true });
  await s3Engine.createBucket('exports', { versioned: true });
}, 60_000);
afterAll(async () => {
  await tables.stop();
  await s3Engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('quarantined events of a person', () => {
  const record = (id: string, about: OutcomeRecord['about']): OutcomeRecord => ({
    messageToken: messageOf(id),
    outcome: 'quarantined',
    reason: 'schema-mismatch',
    sourceId: 'web',
    receivedAt: Date.now(),
    ...(about === undefined ? {} : { about }),
    quarantine: { key: 'v1/web/bad', line: 0 },
  });

  it('are found by any identifier they name, once, and are listed once', async () => {
    const records = outcomeRecords(await tables.fresh('records'));
    await records.put([record('1', [ada, mail]), record('2', [charles]), record('3', undefined)]);
    const found = await records.about([mail, ada]);
    expect(found.map(({ messageToken }) => messageToken)).toEqual([messageOf('1')]);
    const { records: listed } = await records.listQuarantined({ limit: 10 });
    expect(listed).toHaveLength(3);
    await records.forget(found);
    expect(await records.about([mail, ada])).toEqual([]);
    expect([...(await records.find(['1', '2', '3'].map(messageOf))).keys()].sort()).toEqual(
      [messageOf('2'), messageOf('3')].sort(),
    );
  });

  it('are taken out of their object and all its versions, and the others keep their places', async () => {
    const store = quarantineStore('quarantine');
    const lines = ['ada', 'charles', 'ada again'].map((event) => JSON.stringify({ event }));
    await store.put('v1/web/bad', lines);
    await store.put('v1/web/bad', lines);
    await store.forget('v1/web/bad', [0, 2]);
    expect(await store.get('v1/web/bad')).toEqual([{ erased: true }, { event: 'charles' }, { erased: true }]);
    const { Versions = [] } = await new S3Client({ forcePathStyle: true }).send(
      new ListObjectVersionsCommand({ Bucket: 'quarantine', Prefix: 'v1/web/bad' }),
    );
    expect(Versions.map(({ IsLatest }) => IsLatest)).toEqual([true]);
    await store.forget('v1/web/bad', [0, 2]);
    await store.forget('v1/web/gone', [0]);
    expect(await store.get('v1/web/bad')).toHaveLength(3);
  });
});

it('keeps an export until it is gone', async () => {
  const exports = exportStore('exports');
  await exports.put('v1/a', Buffer.from('sealed'));
  expect(Buffer.from((await exports.get('v1/a')) ?? []).toString()).toBe('sealed');
  expect(await exports.get('v1/b')).toBeNull();
});
