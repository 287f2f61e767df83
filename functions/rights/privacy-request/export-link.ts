import { createHash, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../kernel/time.ts';
import { csvFiles } from './csv.ts';
import { saved, tell } from './evidence.ts';
import { openPart } from './export-parts.ts';
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
): Promise<Answered<{ readonly token: string; readonly parts: number; readonly expiresAt: string }>> {
  const request = await ports.requests.find(requestId);
  if (request === null) return UNKNOWN;
  const { exported } = request;
  if (exported === null || exported.expiresAt <= now) return CLOSED;
  await saved({ ...request, link: { tokenHash: hashOf(token).toString('hex'), fetched: 0 } }, ports);
  const expiresAt = new Date(exported.expiresAt).toISOString();
  return { answer: { token, parts: exported.parts.length, expiresAt } };
}

const GONE: { readonly refusal: Refusal } = {
  refusal: {
    status: 410,
    title: 'Link used or expired',
    detail: 'A link works once, for seven days at most, and not after an erasure. Ask for a new one.',
  },
};

/** What is handed over at once: one part of an export. */
export interface HandedOver {
  readonly requestId: string;
  /** Which one, from 1. */
  readonly part: number;
  readonly parts: number;
  readonly json: object;
  readonly csv: object;
}

/** `POST /v1/privacy-exports`: hands the next part of an export over. A link has each part once, one after another, and is
 * used up with the last. @throws TransientError, ThrottledError */
export async function redeem(
  requestId: string,
  token: string,
  policy: PrivacyPolicy,
  ports: Pick<DoorPorts, 'requests' | 'exports' | 'keyring' | 'lineage'>,
  now: EpochMs,
): Promise<Answered<HandedOver>> {
  const request = await ports.requests.find(requestId);
  const kept = request?.link ?? null;
  if (request === null || kept === null) return GONE;
  if (!timingSafeEqual(Buffer.from(kept.tokenHash, 'hex'), hashOf(token))) return GONE;
  const part = await openPart(request, kept.fetched, ports, now);
  if (part === null) return GONE;
  // Used before it is handed over: of two who come at once, one gets it.
  const fetched = kept.fetched + 1;
  const used = await ports.requests.save({ ...request, link: { ...kept, fetched } });
  if (used === null) return GONE;
  await tell(
    request,
    [{ kind: 'export-fetched', reasons: `version:${used.version}`, at: now }],
    policy,
    ports,
  );
  const parts = request.exported?.parts.length ?? 0;
  return { answer: { requestId, part: fetched, parts, json: part, csv: csvFiles(part) } };
}
