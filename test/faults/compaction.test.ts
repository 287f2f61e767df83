import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kms } from '../../functions/adapters/aws/clients.ts';
import { evidenceStore } from '../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../functions/adapters/aws/log-store.ts';
import { kmsSigner } from '../../functions/adapters/aws/signer.ts';
import { readRowIds } from '../../functions/evidence/archive/parquet.ts';
import { handler as compact } from '../../functions/evidence/compact/handler.ts';
import { isCompacted, partitionIn } from '../../functions/evidence/log/keys.ts';
import type { CheckpointPorts } from '../../functions/evidence/log/ports.ts';
import { HOUR_MS } from '../../functions/kernel/time.ts';
import { lineageRow } from '../evidence/archive/rows.ts';
import { archived, audited, signed } from '../evidence/log/logged-archive.ts';
import { type Engines, startEngines } from './engines.ts';
import { type Death, deathsThatDiffer, FaultyClients } from './faulty-clients.ts';
import { type Machines, startMachines } from './machines.ts';

let engines: Engines;
let faults: FaultyClients;
let machines: Machines;
let runs = 0;

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  engines = await startEngines();
  faults = new FaultyClients([kms()]);
  machines = await startMachines({ compact }, faults);
}, 60_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await machines?.states.stop();
  await engines?.stop();
});

/** An archive of its own, on S3 and KMS. */
async function freshPorts(): Promise<CheckpointPorts> {
  runs += 1;
  const bucket = `compaction-${runs}`;
  await engines.freshArchive(bucket);
  return {
    evidence: logStore(bucket),
    checkpoints: evidenceStore(`${bucket}-checkpoints`),
    signer: kmsSigner(),
  };
}

/** Signs the log, however often the one who signs dies. */
async function signedAtLast(ports: CheckpointPorts, at: number): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await faults.revive();
    if (await signed(ports, at).then(() => true, isDeath)) return;
  }
  throw new Error('never signed');
}
const isDeath = (error: unknown): false => {
  expect(error).toMatchObject({ name: 'TransientError' });
  return false;
};

/** Five hours ago there were three windows, of two classes. They are put together, that is signed, and an hour and more
 * later the old objects go; a function dies at some calls of all that. */
async function play(deaths: readonly Death[]) {
  const ports = await freshPorts();
  const now = Date.now();
  const receivedAt = now - 5 * HOUR_MS;
  faults.begin([]);
  for (const at of [1, 2, 3])
    await archived(
      ports,
      at,
      lineageRow(`a-${at}`, { receivedAt }),
      lineageRow(`b-${at}`, { receivedAt, eventClass: 'service' }),
    );
  await signed(ports, now - 4 * HOUR_MS);
  faults.begin(deaths);
  const first = await machines.run('compaction');
  await signedAtLast(ports, now - 2 * HOUR_MS);
  const second = await machines.run('compaction');
  const calls = [...faults.calls];
  faults.begin([]);
  const objects = (await ports.evidence.keys('v1/')).filter((key) => partitionIn(key) !== null);
  const rows = await Promise.all(objects.map(async (key) => readRowIds(await ports.evidence.read(key))));
  const { findings, waiting, replaced } = await audited(ports, now - 2 * HOUR_MS);
  return {
    calls,
    left: {
      statuses: [first.status, second.status],
      objects: objects.length,
      compacted: objects.filter(isCompacted).length,
      rows: rows.flat().sort(),
      findings,
      waiting,
      replaced,
    },
  };
}

const END = {
  statuses: ['SUCCEEDED', 'SUCCEEDED'],
  objects: 2,
  compacted: 2,
  rows: ['a-1', 'a-2', 'a-3', 'b-1', 'b-2', 'b-3'],
  findings: [],
  waiting: 0,
  replaced: 6,
};

describe('the machine of compaction, on S3, KMS and Step Functions', () => {
  it('leaves one object for each hour, every row once and a log that verifies, after or between whatever writes it dies', async () => {
    const { calls, left } = await play([]);
    expect(left).toEqual(END);
    expect(new Set(calls)).toEqual(
      new Set([
        'GetPublicKeyCommand',
        'SignCommand',
        'ListObjectsV2Command',
        'GetObjectCommand',
        'HeadObjectCommand',
        'PutObjectCommand',
        'DeleteObjectCommand',
      ]),
    );
    for (const death of deathsThatDiffer(calls))
      expect([death, calls[death.call - 1], (await play([death])).left]).toEqual([
        death,
        calls[death.call - 1],
        END,
      ]);
  }, 60_000);
});
