import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler } from '../../../functions/evidence/archive/handler.ts';
import { pack } from '../../../functions/kernel/codec.ts';
import { type Archive, openArchive } from '../../../lib/archive/open.ts';
import { type S3Engine, startS3 } from '../../../lib/local/engines/s3.ts';
import { HOUR_14, lineageRow, sequenceNumber } from './rows.ts';

let directory = '';
let engine: S3Engine;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-archive-handler-'));
  engine = await startS3({
    directory: join(directory, 's3'),
    versionsDirectory: join(directory, 'versions'),
  });
  await engine.createBucket('evidence', { versioned: true });
  process.env.AWS_REGION = 'eu-central-1';
  process.env.AWS_ACCESS_KEY_ID = 'local';
  process.env.AWS_SECRET_ACCESS_KEY = 'local';
  process.env.AWS_ENDPOINT_URL_S3 = engine.url;
  process.env.EVIDENCE_BUCKET = 'evidence';
});
afterAll(async () => {
  await engine.stop();
  await rm(directory, { recursive: true });
});

const eventOf = (from: number, ...records: readonly (readonly unknown[])[]) => ({
  Records: records.map((values, at) => ({
    eventID: `shardId-000000000000:${sequenceNumber(from + at)}`,
    kinesis: {
      data: Buffer.from(pack(values)).toString('base64'),
      partitionKey: 'b00',
      sequenceNumber: sequenceNumber(from + at),
      approximateArrivalTimestamp: HOUR_14 / 1_000,
    },
  })),
});
// A Lambda context of which the shell reads nothing.
const context = {} as Parameters<typeof handler>[1];

async function rowIds(): Promise<string[]> {
  const archive: Archive = await openArchive({ eu: join(directory, 's3', 'evidence') });
  const rows = await archive.query<{ row_id: string }>('SELECT row_id FROM signals ORDER BY row_id');
  archive.close();
  return rows.map((row) => row.row_id);
}

describe('archive function', () => {
  it('turns stream events into rows that SQL reads, each once though it is delivered again', async () => {
    const window = eventOf(1, [lineageRow('a'), lineageRow('b')], [lineageRow('c')]);
    expect(await handler(window, context)).toEqual({ batchItemFailures: [] });
    await handler(window, context);
    await handler(eventOf(3, [lineageRow('c', { redelivered: true }), lineageRow('d')]), context);
    expect(await rowIds()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('fails the window when the bucket cannot be written, so that it comes again', async () => {
    process.env.EVIDENCE_BUCKET = 'gone';
    const window = eventOf(9, [lineageRow('e')]);
    await expect(handler(window, context)).rejects.toMatchObject({
      name: 'BatchFailure',
      message: 'archive: TransientError',
    });
    process.env.EVIDENCE_BUCKET = 'evidence';
    await handler(window, context);
    expect(await rowIds()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
