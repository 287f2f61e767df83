import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LargeArchive, startLargeArchive } from './large-archive.ts';

let archive: LargeArchive;
beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  archive = await startLargeArchive();
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await archive?.stop();
});

// A million rows are archived, erased and verified by `npm run bench -- --only erasure`: that takes a minute.
describe('an erasure over DynamoDB, S3, KMS and Step Functions', () => {
  it('makes as many calls for 100,000 archived rows as for ten, and leaves an archive that verifies', async () => {
    const few = await archive.erase(10);
    const many = await archive.erase(100_000);
    expect(few).toMatchObject({ state: 'key-deleted', readableBefore: 10, readableAfter: 0 });
    expect(many).toMatchObject({ state: 'key-deleted', readableBefore: 100_000, readableAfter: 0 });
    expect(few.calls).toBeGreaterThan(20);
    expect(many.calls).toBe(few.calls);
    const { report } = await archive.verify();
    expect(report.rows).toBeGreaterThan(100_010);
    expect(report.findings).toEqual([]);
  }, 120_000);
});
