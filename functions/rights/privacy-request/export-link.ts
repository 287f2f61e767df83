import { createHash, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../kernel/time.ts';
import { csvFiles } from './csv.ts';
import { saved, tell } from './evidence.ts';
import { openExport } from './export.ts';
import type { PrivacyPolicy } from './policy.ts';
import type { DoorPorts } from './ports.ts';
import { type Answered, CLOSED, type Refusal, UNKNOWN } from './request-view.ts';

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** `POST …/link`: a link that works once. @param token 32 random bytes, base64url; only its hash is kept */
export async function link(
  requestId: string,
  token: string,
  ports: Pick<DoorPorts, 'requests'>,
  now: EpochMs,
): Promise<Answered<{ readonly token: string; readonly expiresAt: string }>> {
  const request = await ports.requests.find(requestId);
  if (request === null) return UNKNOWN;
  const { exported } = request;
  if (exported === null || exported.expiresAt <= now) return CLOSED;
  const next = { ...request, link: { tokenHash: hashOf(token).toString('hex'), redeemedAt: null } };
  await saved(next, ports);
  return { answer: { token, expiresAt: new Date(exported.expiresAt).toISOString() } };
}

const GONE: { readonly refusal: Refusal } = {
  refusal: {
    status: 410,
    title: 'Link used or expired',
    detail: 'A link works once, for seven days at most, and not after an erasure. Ask for a new one.',
  },
};

/** `POST /v1/privacy-exports`: hands the export over, once per link. @throws TransientError, ThrottledError */
export async function redeem(
  requestId: string,
  token: string,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'requests' | 'exports' | 'keyring' | 'lineage'>,
  now: EpochMs,
): Promise<Answered<{ readonly requestId: string; readonly json: object; readonly csv: object }>> {
  const request = await ports.requests.find(requestId);
  const kept = request?.link ?? null;
  if (request === null || kept === null || kept.redeemedAt !== null) return GONE;
  if (!timingSafeEqual(Buffer.from(kept.tokenHash, 'hex'), hashOf(token))) return GONE;
  const exported = await openExport(request, ports, now);
  if (exported === null) return GONE;
  // Used before it is handed over: of two who come at once, one gets it.
  const used = await ports.requests.save({ ...request, link: { ...kept, redeemedAt: now } });
  if (used === null) return GONE;
  await tell(
    request,
    [{ kind: 'export-fetched', reasons: `version:${used.version}`, at: now }],
    policy,
    ports,
  );
  return { answer: { requestId, json: exported, csv: csvFiles(exported) } };
}
