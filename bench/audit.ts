/** How fast the archive is verified: `npx node bench/audit.ts [rows]`. Rows as an archive has them: signals with a sealed payload
 * of 220 bytes, 20,000 to an object. */
import { randomBytes } from 'node:crypto';
import { memoryEvidenceStore } from '../functions/adapters/memory/evidence-store.ts';
import { memorySigner } from '../functions/adapters/memory/signer.ts';
import type { SignalRow } from '../functions/contracts/lineage.ts';
import { archiveWindow } from '../functions/evidence/archive/archive.ts';
import { verifyArchive } from '../functions/evidence/audit/verify.ts';
import { checkpoint } from '../functions/evidence/log/checkpoint.ts';
import { publicKeyOf } from '../functions/evidence/log/note.ts';

const OBJECT_ROWS = 20_000;
const rows = Number(process.argv[2] ?? 200_000);
const at = Date.UTC(2026, 2, 5, 14);

const signal = (): SignalRow => ({
  table: 'signals',
  rowId: randomBytes(16).toString('base64url'),
  rowRef: randomBytes(16).toString('base64url'),
  eventClass: 'transaction',
  receivedAt: at,
  policyVersion: 'pipeline@1',
  payload: randomBytes(220).toString('base64'),
  sourceId: 'shop',
  signalName: 'Order Completed',
  purposes: 'service,profiling',
  occurredDate: '2026-03-05',
  latencyMs: Math.floor(Math.random() * 900),
});

const ports = { evidence: memoryEvidenceStore(), checkpoints: memoryEvidenceStore(), signer: memorySigner() };
const begunWriting = performance.now();
for (let from = 0; from < rows; from += OBJECT_ROWS)
  await archiveWindow({ store: ports.evidence }, [
    {
      shardId: 'shardId-000000000000',
      sequenceNumber: String(from),
      values: Array.from({ length: Math.min(OBJECT_ROWS, rows - from) }, signal),
    },
  ]);
await checkpoint({ origin: 'rapport/bench/evidence', expiresOn: () => null }, ports, at);
const written = performance.now();
const cpuBefore = process.cpuUsage();
const report = await verifyArchive(ports, {
  origin: null,
  keys: [publicKeyOf(await ports.signer.publicKey())],
  now: at,
  checkpointAgeMsMax: null,
  includes: () => true,
  reads: () => true,
});
const seconds = (performance.now() - written) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
const perSecond = (count: number, of: number): string => Math.round(count / of).toLocaleString('en');
process.stdout.write(
  `${report.rows.toLocaleString('en')} rows in ${report.objects} objects, ${(report.bytes / 1e6).toFixed(1)} MB, ${report.findings.length} findings\n` +
    `archived with its log  ${perSecond(report.rows, (written - begunWriting) / 1_000)} rows/s\n` +
    `verified               ${perSecond(report.rows, seconds)} rows/s, ${perSecond(report.rows, cpuSeconds)} rows a second of CPU\n`,
);
