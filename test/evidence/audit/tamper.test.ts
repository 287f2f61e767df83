import { copyFile, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceStore } from '../../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../../functions/adapters/aws/log-store.ts';
import { kmsSigner } from '../../../functions/adapters/aws/signer.ts';
import { memorySigner } from '../../../functions/adapters/memory/signer.ts';
import { readColumns, writeColumns } from '../../../functions/evidence/archive/parquet.ts';
import type { Finding } from '../../../functions/evidence/audit/findings.ts';
import { type AuditReport, ofDays, verifyArchive } from '../../../functions/evidence/audit/verify.ts';
import { evidenceLog } from '../../../functions/evidence/log/keep.ts';
import { noteText, publicKeyOf, readNote, signedNote } from '../../../functions/evidence/log/note.ts';
import { type CellColumn, ROW_CHECK } from '../../../functions/evidence/log/rows.ts';
import { DAY_MS, HOUR_MS } from '../../../functions/kernel/time.ts';
import { bucketFolder } from '../../../lib/audit/bucket-folder.ts';
import { startKms } from '../../../lib/local/engines/kms.ts';
import { startS3 } from '../../../lib/local/engines/s3.ts';
import { HOUR_14, lineageRow } from '../archive/rows.ts';
import { archived, CONTEXT, signed } from '../log/logged-archive.ts';

/** A day after the rows, well before any of them expires. */
const NEXT_DAY = HOUR_14 + DAY_MS;
const SIGNALS = 'v1/signals/event_class=transaction/dt=2026-03-05/hh=14';

let directory = '';
let pem = '';
const copies: string[] = [];

// Four checkpoints over real files, made through the functions' own adapters.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-tamper-'));
  const s3 = await startS3({
    directory: join(directory, 'made'),
    versionsDirectory: join(directory, 'versions'),
    now: () => HOUR_14,
  });
  const kms = await startKms({ directory: join(directory, 'kms') });
  await kms.createKey({ keyId: 'signing', spec: 'ECC_NIST_P256' });
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
  });
  await s3.createBucket('evidence', { versioned: true });
  await s3.createBucket('checkpoints', { objectLock: true });
  const ports = {
    evidence: logStore('evidence'),
    checkpoints: evidenceStore('checkpoints'),
    signer: kmsSigner('signing'),
  };
  for (const at of [0, 1, 2]) {
    const rows = Array.from({ length: 40 }, (_, row) => lineageRow(`row-${at}-${row}`));
    await archived(ports, at, ...rows, lineageRow(`effect-${at}`, { table: 'effects' }));
    await signed(ports, HOUR_14 + at * HOUR_MS);
  }
  await evidenceLog(ports.evidence).append({ id: 'erasure-1', body: { rows: 3 } });
  await signed(ports, HOUR_14 + 3 * HOUR_MS);
  pem = await ports.signer.publicKey();
  await s3.stop();
  await kms.stop();
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

interface Copy {
  readonly evidence: (...path: readonly string[]) => string;
  readonly checkpoint: (number: number) => string;
  readonly verify: (options?: {
    readonly now?: number;
    readonly ageMsMax?: number;
    readonly from?: string;
    readonly to?: string;
  }) => Promise<AuditReport>;
  /** Path of one of the three objects of signals. */
  readonly object: (at: number) => Promise<string>;
}

/** The archive as it was made, to be tampered with. */
async function copy(): Promise<Copy> {
  const folder = join(directory, `copy-${copies.length}`);
  copies.push(folder);
  await cp(join(directory, 'made'), folder, { recursive: true });
  const evidence = (...path: readonly string[]): string => join(folder, 'evidence', ...path);
  return {
    evidence,
    checkpoint: (number) => join(folder, 'checkpoints', 'checkpoints', String(number).padStart(12, '0')),
    object: async (at) => evidence(SIGNALS, (await readdir(evidence(SIGNALS))).sort()[at] ?? ''),
    verify: ({ now = NEXT_DAY, ageMsMax, from, to } = {}) =>
      verifyArchive(
        {
          evidence: bucketFolder(join(folder, 'evidence')),
          checkpoints: bucketFolder(join(folder, 'checkpoints')),
        },
        {
          origin: CONTEXT.origin,
          keys: [publicKeyOf(pem)],
          now,
          checkpointAgeMsMax: ageMsMax ?? null,
          includes: ofDays(from ?? null, to ?? null),
          reads: () => true,
        },
      ),
  };
}

const kinds = (report: AuditReport): readonly string[] => report.findings.map(({ kind }) => kind);
const only = (report: AuditReport): Finding => {
  expect(report.findings).toHaveLength(1);
  return report.findings[0] ?? { kind: 'entry-invalid', where: '', what: '' };
};
const nameOf = (path: string): string => path.slice(path.indexOf('v1/'));

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0x01;
  await writeFile(path, bytes);
}

describe('verification of an archive that nobody touched', () => {
  it('finds nothing, and says how much it looked at', async () => {
    expect(await (await copy()).verify()).toMatchObject({
      checkpoints: 4,
      entries: 7,
      objects: 7,
      rows: 123,
      expired: 0,
      waiting: 0,
      findings: [],
    });
  });
});

describe('verification names', () => {
  it('the object of a flipped byte, wherever it is, and the rows it is about', async () => {
    const archive = await copy();
    const path = await archive.object(1);
    const original = await readFile(path);
    const footerAt = original.length - 8 - original.readUInt32LE(original.length - 8);
    let rowsNamed = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(original.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(original);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        await writeFile(path, bytes);
        const { kind, where, what, rows } = only(await archive.verify());
        expect([kind, where]).toEqual(['object-changed', nameOf(path)]);
        if (rows === undefined)
          expect(what).toMatch(/all its 40 rows are affected|its rows are still those that were logged/);
        else if (at < footerAt) rowsNamed += 1;
      }),
      { numRuns: 1500 },
    );
    expect(rowsNamed).toBeGreaterThan(20);
  });

  it('exactly the row in which one value was rewritten, by somebody who can write Parquet', async () => {
    const archive = await copy();
    const path = await archive.object(2);
    const columns = await readColumns(await readFile(path));
    const rewritten = columns.map((column) =>
      column.name === 'latency_ms'
        ? { ...column, cells: column.cells.map((cell, at) => (at === 17 ? 1 : cell)) }
        : column,
    );
    await writeFile(path, withOldChecks(rewritten, await readFile(path)));
    const finding = only(await archive.verify());
    expect(finding).toMatchObject({ kind: 'object-changed', where: nameOf(path), rows: ['row-2-17'] });
    expect(finding.what).toMatch(/1 of its 40 rows are not what they were/);
  });

  it('an object that was exchanged for one that is well-formed in itself', async () => {
    const archive = await copy();
    const path = await archive.object(0);
    const columns = (await readColumns(await readFile(path))).filter(({ name }) => name !== ROW_CHECK);
    await writeFile(path, writeColumns(columns.map((one) => ({ ...one, cells: one.cells.slice(1) }))).bytes);
    expect(only(await archive.verify())).toMatchObject({
      kind: 'object-changed',
      where: nameOf(path),
      what: 'was replaced by another file: 39 rows, where 40 others were logged',
    });
  });

  it('both objects when two are exchanged for each other', async () => {
    const archive = await copy();
    const [one, other] = [await archive.object(0), await archive.object(1)];
    await rename(one, `${one}.away`);
    await rename(other, one);
    await rename(`${one}.away`, other);
    expect((await archive.verify()).findings.map(({ where }) => where)).toEqual([nameOf(one), nameOf(other)]);
  });

  it('an object that is gone, with the number of its rows', async () => {
    const archive = await copy();
    const path = await archive.object(0);
    await rm(path);
    const finding = only(await archive.verify());
    expect(finding).toMatchObject({ kind: 'object-missing', where: nameOf(path) });
    expect(finding.what).toMatch(/with its 40 rows.*to be kept until 2029-02-22/);
  });

  it('a certificate that was changed, and one that is gone though nothing ever expires it', async () => {
    const archive = await copy();
    const path = archive.evidence('v1/certificates/erasure-1.json');
    await flip(path, 5);
    expect(only(await archive.verify())).toMatchObject({ kind: 'object-changed', where: nameOf(path) });
    await rm(path);
    expect(only(await archive.verify({ now: NEXT_DAY + 9_000 * DAY_MS }))).toMatchObject({
      kind: 'object-missing',
      where: nameOf(path),
    });
  });

  it('an object that nobody logged', async () => {
    const archive = await copy();
    const path = await archive.object(0);
    const stray = join(dirname(path), 'shardId-000000000009_1_2.parquet');
    await copyFile(path, stray);
    expect(only(await archive.verify())).toMatchObject({ kind: 'object-unlogged', where: nameOf(stray) });
  });

  it('the entries at the end that are gone, by line or by segment', async () => {
    const archive = await copy();
    const last = archive.evidence('log/entries/000000000006.ndjson');
    await rm(last);
    expect((await archive.verify()).findings).toEqual([
      expect.objectContaining({ kind: 'log-truncated', where: 'entries 6 to 6' }),
      expect.objectContaining({ kind: 'object-unlogged', where: 'v1/certificates/erasure-1.json' }),
    ]);
    const before = archive.evidence('log/entries/000000000004.ndjson');
    await writeFile(before, `${(await readFile(before, 'utf8')).split('\n')[0]}\n`);
    expect((await archive.verify()).findings[0]).toMatchObject({
      kind: 'log-truncated',
      where: 'entries 5 to 6',
    });
  });

  it('the tail that is gone with its checkpoint, by the objects that stay behind, or by age', async () => {
    const archive = await copy();
    await rm(archive.evidence('log/entries/000000000004.ndjson'));
    await rm(archive.evidence('log/entries/000000000006.ndjson'));
    await rm(archive.checkpoint(2));
    await rm(archive.checkpoint(3));
    expect(kinds(await archive.verify())).toEqual(['object-unlogged', 'object-unlogged', 'object-unlogged']);
    await rm(await archive.object(2));
    await rm(archive.evidence('v1/certificates'), { recursive: true });
    const effects = archive.evidence(SIGNALS.replace('signals', 'effects'));
    await rm(join(effects, (await readdir(effects)).sort()[2] ?? ''));
    expect(kinds(await archive.verify())).toEqual([]);
    expect(only(await archive.verify({ ageMsMax: 3 * HOUR_MS }))).toMatchObject({ kind: 'checkpoint-stale' });
  });

  it('entries that are gone from the middle, and still compares the rest', async () => {
    const archive = await copy();
    await rm(archive.evidence('log/entries/000000000002.ndjson'));
    await flip(await archive.object(2), 200);
    const { findings } = await archive.verify();
    expect(findings.map(({ kind, where }) => [kind, where.replace(/.*\//, '')])).toEqual([
      ['log-gap', 'entries 2 to 3'],
      ['object-unlogged', expect.anything()],
      ['object-unlogged', expect.anything()],
      ['object-changed', nameOf(await archive.object(2)).replace(/.*\//, '')],
    ]);
  });

  it('the entries among which one was rewritten, though the object agrees with it', async () => {
    const archive = await copy();
    const segment = archive.evidence('log/entries/000000000002.ndjson');
    await writeFile(
      segment,
      (await readFile(segment, 'utf8')).replace('"expires":"2029-02-22"', '"expires":"2026-03-06"'),
    );
    expect(only(await archive.verify())).toMatchObject({
      kind: 'log-rewritten',
      where: 'entries 2 to 3',
      what: expect.stringMatching(/checkpoint 1 signs/),
    });
  });

  it('a line of the log that is no entry', async () => {
    const archive = await copy();
    const segment = archive.evidence('log/entries/000000000006.ndjson');
    await writeFile(segment, '{"kind":"other"}\n');
    expect(kinds(await archive.verify())).toEqual(['entry-invalid', 'log-rewritten', 'object-unlogged']);
  });
});

describe('of the checkpoints, verification names', () => {
  it('two that were exchanged for each other', async () => {
    const archive = await copy();
    await rename(archive.checkpoint(1), archive.checkpoint(99));
    await rename(archive.checkpoint(2), archive.checkpoint(1));
    await rename(archive.checkpoint(99), archive.checkpoint(2));
    expect((await archive.verify()).findings).toEqual([
      expect.objectContaining({ kind: 'checkpoint-misplaced', what: expect.stringMatching(/checkpoint 2:/) }),
      expect.objectContaining({ kind: 'checkpoint-misplaced', what: expect.stringMatching(/checkpoint 1:/) }),
    ]);
  });

  it('an old one that is replayed as the newest, or over a newer one', async () => {
    const archive = await copy();
    await copyFile(archive.checkpoint(1), archive.checkpoint(4));
    expect(only(await archive.verify())).toMatchObject({
      kind: 'checkpoint-misplaced',
      where: 'checkpoints/000000000004',
      what: expect.stringMatching(/replayed/),
    });
    await rm(archive.checkpoint(4));
    await copyFile(archive.checkpoint(1), archive.checkpoint(3));
    expect(kinds(await archive.verify())).toContain('checkpoint-misplaced');
  });

  it('one that is gone between others', async () => {
    const archive = await copy();
    await rm(archive.checkpoint(2));
    expect(only(await archive.verify())).toMatchObject({
      kind: 'checkpoint-missing',
      where: 'checkpoints 2 to 2',
    });
  });

  it('one with a changed byte anywhere', async () => {
    const archive = await copy();
    const original = await readFile(archive.checkpoint(2));
    await fc.assert(
      fc.asyncProperty(fc.nat(original.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(original);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        await writeFile(archive.checkpoint(2), bytes);
        // The last character of base64 has bits that mean nothing; the next checkpoint's hash of the file still tells.
        expect((await archive.verify()).findings[0]?.where).toMatch(/^checkpoints\/00000000000[23]$/);
      }),
      { numRuns: 80 },
    );
  });

  it('one that another key signed', async () => {
    const archive = await copy();
    const real = readNote(await readFile(archive.checkpoint(3)), [publicKeyOf(pem)]);
    if (typeof real === 'string') throw new Error(real);
    const forger = memorySigner();
    const text = noteText({ ...real, at: real.at + 1 });
    const signature = await forger.sign(new TextEncoder().encode(text));
    const key = publicKeyOf(await forger.publicKey());
    await writeFile(archive.checkpoint(3), signedNote(text, real.origin, key, signature));
    expect(kinds(await archive.verify())).toContain('checkpoint-invalid');
  });

  it('one of another log', async () => {
    const archive = await copy();
    const forger = memorySigner();
    const key = publicKeyOf(await forger.publicKey());
    const real = readNote(await readFile(archive.checkpoint(0)), [publicKeyOf(pem)]);
    if (typeof real === 'string') throw new Error(real);
    const text = noteText({ ...real, origin: 'rapport/uk/evidence' });
    const note = signedNote(
      text,
      'rapport/uk/evidence',
      key,
      await forger.sign(new TextEncoder().encode(text)),
    );
    await writeFile(archive.checkpoint(0), note);
    const report = await verifyArchive(
      {
        evidence: bucketFolder(archive.evidence()),
        checkpoints: bucketFolder(dirname(dirname(archive.checkpoint(0)))),
      },
      {
        origin: CONTEXT.origin,
        keys: [publicKeyOf(pem), key],
        now: NEXT_DAY,
        checkpointAgeMsMax: null,
        includes: () => true,
        reads: () => true,
      },
    );
    expect(report.findings[0]).toMatchObject({
      kind: 'checkpoint-misplaced',
      what: expect.stringMatching(/uk/),
    });
  });
});

describe('retention', () => {
  // EU: 1,095 days for transactions, less 7 in which they could be brought back and 3 for compaction.
  const expiry = Date.UTC(2026, 2, 5) + 1_085 * DAY_MS;

  it('that removed an object on its day is no finding', async () => {
    const archive = await copy();
    await rm(await archive.object(0));
    expect(await archive.verify({ now: expiry })).toMatchObject({ expired: 1, findings: [] });
  });

  it('does not excuse an object that is gone a day early', async () => {
    const archive = await copy();
    await rm(await archive.object(0));
    expect(kinds(await archive.verify({ now: expiry - 1 }))).toEqual(['object-missing']);
  });
});

describe('verification of some days', () => {
  it('looks at the objects of those days only, and always at the log', async () => {
    const archive = await copy();
    await flip(await archive.object(0), 100);
    expect(await archive.verify({ from: '2026-03-06' })).toMatchObject({ rows: 0, findings: [] });
    expect(kinds(await archive.verify({ from: '2026-03-05', to: '2026-03-05' }))).toEqual(['object-changed']);
    await rm(archive.evidence('log/entries/000000000006.ndjson'));
    expect(kinds(await archive.verify({ from: '2026-03-06' }))).toContain('log-truncated');
  });
});

/** Columns as a file that keeps the checks it came with, and the schema. */
function withOldChecks(columns: readonly CellColumn[], original: Uint8Array): Uint8Array {
  const { schema } = parquetMetadata(original.slice().buffer);
  const columnData = columns.map(({ name, cells }) => ({ name, data: [...cells] }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema }));
}
