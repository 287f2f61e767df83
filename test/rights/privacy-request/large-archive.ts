import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { archiveReader } from '../../../functions/adapters/aws/archive-reader.ts';
import { kms, stepFunctions } from '../../../functions/adapters/aws/clients.ts';
import { evidenceStore } from '../../../functions/adapters/aws/evidence-store.ts';
import { logStore } from '../../../functions/adapters/aws/log-store.ts';
import { jurisdictionSecrets } from '../../../functions/adapters/aws/secrets.ts';
import { kmsSigner } from '../../../functions/adapters/aws/signer.ts';
import { subjectKeyring } from '../../../functions/adapters/aws/subject-keys.ts';
import type { SignalRow } from '../../../functions/contracts/lineage.ts';
import type { PrivacyRequestView } from '../../../functions/contracts/privacy-requests-api.ts';
import { rowRef, type SubjectKey, seal, unseal } from '../../../functions/contracts/subject-keys.ts';
import { archiveWindow } from '../../../functions/evidence/archive/archive.ts';
import { type AuditReport, verifyArchive } from '../../../functions/evidence/audit/verify.ts';
import { checkpoint } from '../../../functions/evidence/log/checkpoint.ts';
import { originOf, publicKeyOf } from '../../../functions/evidence/log/note.ts';
import { handler as privacy } from '../../../functions/rights/privacy-request/api-handler.ts';
import { handler as privacyErase } from '../../../functions/rights/privacy-request/erase-handler.ts';
import { handler as privacyExport } from '../../../functions/rights/privacy-request/export-handler.ts';
import { handler as privacyStep } from '../../../functions/rights/privacy-request/step-handler.ts';
import { bucketFolder } from '../../../lib/audit/bucket-folder.ts';
import { context } from '../../faults/deliver.ts';
import { startEngines } from '../../faults/engines.ts';
import { FaultyClients } from '../../faults/faulty-clients.ts';
import { startMachines } from '../../faults/machines.ts';
import { known, tokensOf } from '../../faults/people.ts';

/** Rows of a large object: some 30 MB. */
const OBJECT_ROWS = 100_000;
const PAYLOAD_BYTES = 200;

export interface Erased {
  /** Calls to AWS from the receipt of the request to the certificate, and their time. */
  readonly calls: number;
  readonly ms: number;
  readonly state: string;
  /** Rows of one object that the key in the table opens. */
  readonly readableBefore: number;
  readonly readableAfter: number;
}

export interface Verified {
  readonly report: AuditReport;
  readonly ms: number;
  /** Of this process, all threads. */
  readonly cpuMs: number;
}

/** A stack's stores on their engines, with an archive that can be made large. */
export interface LargeArchive {
  /** Archives rows of a new person and erases them. */
  erase(rows: number): Promise<Erased>;
  /** Signs the log and verifies the whole archive as the command does: from files. */
  verify(): Promise<Verified>;
  stop(): Promise<void>;
}

export async function startLargeArchive(): Promise<LargeArchive> {
  const engines = await startEngines();
  const faults = new FaultyClients([kms(), stepFunctions()]);
  const machines = await startMachines({ privacyStep, privacyErase, privacyExport }, faults);
  const secrets = await jurisdictionSecrets();
  const folder = await engines.freshArchive('evidence');
  const ports = {
    evidence: logStore('evidence'),
    checkpoints: evidenceStore('evidence-checkpoints'),
    signer: kmsSigner(),
  };
  const keyring = subjectKeyring(secrets, { function: 'understand', purpose: 'understand' });
  const ask = async (routeKey: string, body: object, requestId?: string): Promise<PrivacyRequestView> => {
    const pathParameters = requestId === undefined ? undefined : { requestId };
    const event = { routeKey, isBase64Encoded: false, body: JSON.stringify(body), pathParameters };
    const { statusCode, body: text } = await privacy(event as unknown as APIGatewayProxyEventV2, context);
    if (statusCode !== 200) throw new Error(`${routeKey}: ${statusCode} ${text}`);
    return JSON.parse(text ?? '') as PrivacyRequestView;
  };
  /** Carries a request from its receipt to where nothing is left to do but wait. */
  const request = async (person: string): Promise<string> => {
    const { requestId } = await ask('POST /v1/privacy-requests', {
      type: 'erase',
      requester: 'person',
      identifiers: [{ type: 'userId', value: person }],
    });
    const verified = { by: 'desk', identity: { outcome: 'verified', method: 'signed-in' } };
    await ask('POST /v1/privacy-requests/{requestId}/verification', verified, requestId);
    await machines.settled();
    return requestId;
  };
  let people = 0;
  const stranger = async (): Promise<string> => {
    people += 1;
    await known([`large-${people}`], secrets, engines, faults);
    return `large-${people}`;
  };
  // The first calls of functions are for their secrets.
  await request(await stranger());
  return {
    erase: async (rows) => {
      const person = await stranger();
      const [atom] = tokensOf(person, secrets);
      const keyNow = async () => (await keyring.read([atom], { fresh: true })).get(atom);
      const key = await keyNow();
      if (key === undefined) throw new Error(`${person} has no key`);
      const now = Date.now();
      const written = await archiveRows(rows, key, now, ports.evidence);
      const readable = async (): Promise<number> => {
        const current = await keyNow();
        const found = (await archiveReader('evidence').rows(written, new Set([rowRef(key, now)]))) ?? [];
        return found.filter(
          ({ rowId, payload }) =>
            current !== undefined && payload !== null && unseal(current, payload, rowId) !== null,
        ).length;
      };
      const readableBefore = await readable();
      faults.begin([]);
      const began = performance.now();
      const requestId = await request(person);
      const [calls, ms] = [faults.calls.length, performance.now() - began];
      const { state } = await ask('GET /v1/privacy-requests/{requestId}', {}, requestId);
      return { calls, ms, state, readableBefore, readableAfter: await readable() };
    },
    verify: async () => {
      const now = Date.now();
      await checkpoint({ origin: originOf('eu'), expiresOn: () => null }, ports, now);
      const keys = [publicKeyOf(await ports.signer.publicKey())];
      const [began, before] = [performance.now(), process.cpuUsage()];
      const report = await verifyArchive(
        { evidence: bucketFolder(folder), checkpoints: bucketFolder(`${folder}-checkpoints`) },
        {
          origin: originOf('eu'),
          keys,
          now,
          checkpointAgeMsMax: null,
          includes: () => true,
          reads: () => true,
        },
      );
      const { user, system } = process.cpuUsage(before);
      return { report, ms: performance.now() - began, cpuMs: (user + system) / 1_000 };
    },
    stop: async () => {
      await machines.states.stop();
      await engines.stop();
    },
  };
}

/** Writes rows that are sealed under a key, as the archive writes them. @returns the key of one of their objects */
async function archiveRows(
  count: number,
  key: SubjectKey,
  receivedAt: number,
  store: Parameters<typeof archiveWindow>[0]['store'],
): Promise<string> {
  const [ref, before] = [rowRef(key, receivedAt), new Set(await store.keys('v1/signals/'))];
  const rowOf = (): SignalRow => {
    const rowId = randomBytes(16).toString('base64url');
    return {
      table: 'signals',
      rowId,
      rowRef: ref,
      eventClass: 'feedback',
      receivedAt,
      policyVersion: 'pipeline@1',
      payload: Buffer.from(seal(key, randomBytes(PAYLOAD_BYTES / 2).toString('hex'), rowId)).toString(
        'base64',
      ),
      sourceId: 'crm',
      signalName: 'Survey Answered',
      purposes: 'service',
      occurredDate: new Date(receivedAt).toISOString().slice(0, 10),
      latencyMs: Math.floor(Math.random() * 900),
    };
  };
  for (let from = 0; from < count; from += OBJECT_ROWS) {
    const values = Array.from({ length: Math.min(OBJECT_ROWS, count - from) }, rowOf);
    const place = { shardId: `shardId-${ref}`, sequenceNumber: String(from).padStart(56, '0') };
    await archiveWindow({ store }, [{ ...place, values }]);
  }
  const [written = ''] = (await store.keys('v1/signals/')).filter((name) => !before.has(name));
  return written;
}
