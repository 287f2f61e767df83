import { createHash } from 'node:crypto';
import type { PrivacyRequest } from '../../contracts/privacy-requests.ts';
import { invariant } from '../../kernel/invariant.ts';
import { notReturned } from './erase.ts';
import { eraseStep } from './erase-step.ts';
import { eventOf, recipientsEvents, saved, tell } from './evidence.ts';
import type { ErasePorts } from './ports.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a certificate says was done in each store, or why nothing had to be. */
export const ERASED_STORES = [
  'profiles:deleted',
  'subjects:deleted',
  'rebuilt-profiles:deleted',
  'alerts:deleted',
  'due-cues:deleted',
  'quarantine:deleted-in-all-versions',
  'records:deleted',
  'subject-keys:deleted',
  'candidates:deleted',
  'identity-reviews:deleted',
  'exports:unreadable-without-the-key',
  'archive:unreadable-without-the-key',
  'streams:suppressed-on-reading',
  'given-up-records:suppressed-on-replay',
] as const;

/**
 * Fourth step: one signed certificate, in the evidence log. Everything in it follows from the request, so that a repetition
 * after a crash finds the first one and adds none.
 * @throws TransientError, ThrottledError; InvariantError when a key is still there
 */
export const certify = eraseStep(async (request, policy, ports) => {
  const { requestId, located: found, deletedAt, pitrClearAt } = request;
  invariant(found !== null && deletedAt !== null && pitrClearAt !== null, 'a certificate before its erasure');
  const statement = {
    requestId,
    jurisdiction: policy.jurisdiction.code,
    keyRefs: found.atoms.map((atom) => sha256(`${requestId}\u0000${atom}`)),
    deletedAt: new Date(deletedAt).toISOString(),
    pitrClearAt: new Date(pitrClearAt).toISOString(),
    stores: ERASED_STORES,
    failedDecryptSample: await failedDecryptSample(request, ports),
  };
  const signature = await ports.signer.sign(Buffer.from(JSON.stringify(statement)));
  await ports.log.append({
    id: requestId,
    body: { statement, signature: Buffer.from(signature).toString('base64') },
  });
  await tell(
    request,
    [{ kind: 'privacy-request-completed', reasons: 'key-deleted', at: deletedAt }],
    policy,
    ports,
  );
  await ports.events.publish([
    ...recipientsEvents(request, 'erasure', policy, deletedAt),
    eventOf(request, 'Privacy Request Closed', 'key-deleted', deletedAt),
  ]);
  await saved({ ...request, state: 'key-deleted' }, ports);
});

/** Tries to open what was sealed before the key went. Null when nothing was ever sealed for the person. */
async function failedDecryptSample(
  { canary }: PrivacyRequest,
  ports: Pick<ErasePorts, 'keyring' | 'subjects'>,
): Promise<Readonly<Record<string, string>> | null> {
  if (canary === null) return null;
  const [gone] = await notReturned([canary.atomId], ports);
  const keys = gone === undefined ? new Map() : await ports.keyring.read([gone], { fresh: true });
  invariant(keys.size === 0, 'a destroyed key is still there');
  return { sealedSha256: sha256(canary.sealed), result: 'no-key' };
}
