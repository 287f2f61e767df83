import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../functions/adapters/aws/log-store.ts';
import { kmsSigner } from '../../functions/adapters/aws/signer.ts';
import { readEntries } from '../../functions/evidence/log/entries.ts';
import { evidenceLog } from '../../functions/evidence/log/keep.ts';
import type { CheckpointPorts } from '../../functions/evidence/log/ports.ts';
import { DAY_MS, HOUR_MS } from '../../functions/kernel/time.ts';
import { type KmsEngine, startKms } from '../../lib/local/engines/kms.ts';
import { type S3Engine, startS3 } from '../../lib/local/engines/s3.ts';
import { Crash, HOUR_14, lineageRow } from '../evidence/archive/rows.ts';
import { archived, audited, dyingPorts, loggedArchive, signed } from '../evidence/log/logged-archive.ts';

let directory = '';
let s3: S3Engine;
let kms: KmsEngine;
let buckets = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rapport-evidence-log-'));
  s3 = await startS3({
    directory: join(directory, 's3'),
    versionsDirectory: join(directory, 'versions'),
    now: () => HOUR_14,
  });
  kms = await startKms({ directory: join(directory, 'kms') });
  await kms.createKey({ keyId: 'signing', spec: 'ECC_NIST_P256' });
  process.env.AWS_REGION = 'eu-central-1';
  process.env.AWS_ACCESS_KEY_ID = 'local';
  process.env.AWS_SECRET_ACCESS_KEY = 'local';
  process.env.AWS_ENDPOINT_URL_S3 = s3.url;
  process.env.AWS_ENDPOINT_URL_KMS = kms.url;
});
afterAll(async () => {
  await s3.stop();
  await kms.stop();
  await rm(directory, { recursive: true });
});

async function onAws(): Promise<CheckpointPorts> {
  buckets += 1;
  await s3.createBucket(`evidence-${buckets}`, { versioned: true });
  await s3.createBucket(`checkpoints-${buckets}`, {
    objectLock: true,
    defaultRetention: { mode: 'COMPLIANCE', days: 1_825 },
  });
  return {
    evidence: logStore(`evidence-${buckets}`),
    checkpoints: evidenceStore(`checkpoints-${buckets}`),
    signer: kmsSigner('signing'),
  };
}

/** The leaves of a log, byte for byte. */
async function leaves({ evidence }: CheckpointPorts): Promise<readonly string[]> {
  const segments = await Promise.all((await evidence.keys('log/entries/')).map((key) => evidence.read(key)));
  return segments.flatMap((bytes) => readEntries(bytes).map(({ text }) => text));
}
const keysIn = async (ports: CheckpointPorts): Promise<readonly string[]> =>
  (await leaves(ports)).map((text) => (JSON.parse(text) as { key: string }).key);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each([
  ['memory', async () => loggedArchive()],
  ['S3 and KMS', onAws],
])('the evidence log (%s)', (_, open) => {
  it('logs each archived object once, signs it, and verifies', async () => {
    const ports = await open();
    await archived(ports, 1, lineageRow('a'), lineageRow('b', { eventClass: 'service' }));
    expect(await signed(ports)).toMatchObject({ number: 0, size: 2, added: 2, waiting: 0 });
    await archived(ports, 2, lineageRow('c'), lineageRow('d', { table: 'effects' }));
    expect(await signed(ports, HOUR_14 + HOUR_MS)).toMatchObject({ number: 1, size: 4, added: 2 });
    expect(await ports.evidence.keys('log/pending/')).toEqual([]);
    expect(await audited(ports)).toMatchObject({
      checkpoints: 2,
      entries: 4,
      objects: 4,
      rows: 4,
      waiting: 0,
      findings: [],
    });
  });

  it('signs every hour, also when nothing was archived', async () => {
    const ports = await open();
    await signed(ports);
    await signed(ports, HOUR_14 + HOUR_MS);
    const { newest, entries, findings } = await audited(ports);
    expect({ newest: newest?.number, at: newest?.at, entries, findings }).toEqual({
      newest: 1,
      at: HOUR_14 + HOUR_MS,
      entries: 0,
      findings: [],
    });
  });

  it('has the same log after a death at any call of archive and checkpoint, and a second attempt', async () => {
    const rows = [
      lineageRow('a'),
      lineageRow('b', { table: 'effects' }),
      lineageRow('c', { eventClass: 'service' }),
    ];
    const calm = await open();
    await archived(calm, 1, lineageRow('z'));
    await signed(calm);
    await archived(calm, 2, ...rows);
    await signed(calm);
    for (const when of ['before', 'after'] as const) {
      for (let call = 0, died = true; died; call += 1) {
        const ports = await open();
        await archived(ports, 1, lineageRow('z'));
        await signed(ports);
        const dying = dyingPorts(ports, call, when);
        died = await archived(dying, 2, ...rows)
          .then(() => signed(dying))
          .then(() => false, survivable);
        await archived(ports, 2, ...rows);
        await signed(ports);
        await signed(ports);
        expect([...(await keysIn(ports))].sort()).toEqual([...(await keysIn(calm))].sort());
        expect(new Set(await leaves(ports))).toEqual(new Set(await leaves(calm)));
        expect(await ports.evidence.keys('log/pending/')).toEqual([]);
        expect(await audited(ports)).toMatchObject({ waiting: 0, findings: [] });
      }
    }
  }, 120_000);

  it('logs a certificate once, however often it is appended', async () => {
    const ports = await open();
    const log = evidenceLog(ports.evidence);
    expect(await log.append({ id: 'erasure-1', body: { rows: 3 } })).toBe('written');
    await signed(ports);
    expect(await log.append({ id: 'erasure-1', body: { rows: 4 } })).toBe('present');
    await signed(ports);
    expect(await keysIn(ports)).toEqual(['v1/certificates/erasure-1.json']);
    const kept = new TextDecoder().decode(await ports.evidence.read('v1/certificates/erasure-1.json'));
    expect(JSON.parse(kept)).toEqual({ id: 'erasure-1', rows: 3 });
  });

  it('knows the hash and time of an object, and removes it', async () => {
    const { evidence } = await open();
    await evidence.putOnce('v1/a', bytes('abc'));
    expect(await evidence.stat('v1/a')).toEqual({
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      at: HOUR_14,
    });
    await evidence.remove('v1/a');
    await evidence.remove('v1/a');
    expect(await evidence.stat('v1/a')).toBeNull();
    expect(await evidence.keys('v1/')).toEqual([]);
  });

  it('waits for an object that was announced and is not there, and forgets it after two days', async () => {
    const ports = await open();
    const dying = dyingPorts(ports, 3, 'before'); // marks, mark, announcement, then the object
    await expect(archived(dying, 1, lineageRow('a'))).rejects.toBeInstanceOf(Crash);
    expect(await signed(ports)).toMatchObject({ size: 0, waiting: 1, dropped: 0 });
    expect(await signed(ports, HOUR_14 + 3 * DAY_MS)).toMatchObject({ size: 0, waiting: 0, dropped: 1 });
    expect(await ports.evidence.keys('log/pending/')).toEqual([]);
    // The stream forgets later than that; what comes then is announced again.
    await archived(ports, 1, lineageRow('a'));
    expect(await signed(ports)).toMatchObject({ size: 1 });
  });

  it('does not extend a log whose last checkpoint it cannot trust', async () => {
    const ports = await open();
    await archived(ports, 1, lineageRow('a'));
    await signed(ports);
    const other = await open();
    const stranger = { ...ports, signer: loggedArchive().signer };
    await expect(signed(stranger)).rejects.toMatchObject({ name: 'InvariantError' });
    await expect(signed({ ...ports, evidence: other.evidence })).rejects.toMatchObject({
      name: 'InvariantError',
    });
  });
});

describe('what somebody with rights on the bucket does to it', () => {
  const client = () => new S3Client({ forcePathStyle: true });
  const attacked = async (): Promise<{ ports: CheckpointPorts; bucket: string; key: string }> => {
    const ports = await onAws();
    await archived(ports, 1, lineageRow('a'), lineageRow('b'));
    await signed(ports);
    const [key = ''] = await ports.evidence.keys('v1/signals/');
    return { ports, bucket: `evidence-${buckets}`, key };
  };
  const found = async (ports: CheckpointPorts) =>
    (await audited(ports)).findings.map(({ kind, where }) => [kind, where]);

  it('is named: an object hidden by a delete marker, or whose version is deleted for good', async () => {
    for (const forGood of [false, true]) {
      const { ports, bucket, key } = await attacked();
      const { VersionId } = await client().send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      const version = forGood ? { VersionId } : {};
      await client().send(new DeleteObjectCommand({ Bucket: bucket, Key: key, ...version }));
      expect(await found(ports)).toEqual([['object-missing', key]]);
    }
  });

  it('is named: a version put over the one that was logged', async () => {
    const { ports, bucket, key } = await attacked();
    await client().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'other' }));
    expect(await found(ports)).toEqual([['object-changed', key]]);
  });

  it('cannot be done to a checkpoint', async () => {
    const { ports } = await attacked();
    const [key = ''] = await ports.checkpoints.keys('checkpoints/');
    const bucket = `checkpoints-${buckets}`;
    const { VersionId } = await client().send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    await expect(
      client().send(
        new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId, BypassGovernanceRetention: true }),
      ),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

function survivable(error: unknown): true {
  if (error instanceof Crash) return true;
  throw error;
}
