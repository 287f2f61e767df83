import { hash } from 'node:crypto';
import type { Certificate, EvidenceLog, LogDraft } from '../../contracts/evidence-log.ts';
import type { EvidenceStore } from '../archive/ports.ts';
import { draftsText } from './entries.ts';
import { certificateKey, pendingKey } from './keys.ts';

/** An object to be kept, and what the log will say of it beyond what follows from its bytes. */
export interface Keepsake {
  readonly bytes: Uint8Array;
  readonly draft: LogDraft;
}

/**
 * Writes objects so that the log will know them: first one pending file that says what they will be, then the objects, each
 * once. A crash between leaves drafts of objects that a retry writes, or that never come and are forgotten; it never
 * leaves an object that nobody logs.
 *
 * A retry must come with the same objects, or look first for what is there.
 * @throws TransientError, ThrottledError
 */
export async function keepOnce(
  store: Pick<EvidenceStore, 'putOnce'>,
  keepsakes: readonly Keepsake[],
): Promise<void> {
  if (keepsakes.length === 0) return;
  const text = draftsText(keepsakes.map(({ draft }) => draft));
  await store.putOnce(pendingKey(text), new TextEncoder().encode(text));
  for (const { draft, bytes } of keepsakes) await store.putOnce(draft.key, bytes);
}

/** A document as the log names it. */
export const documentOf = (
  kind: Exclude<LogDraft['kind'], 'rows'>,
  key: string,
  bytes: Uint8Array,
): Keepsake => ({ bytes, draft: { kind, key, sha256: hash('sha256', bytes), bytes: bytes.length } });

/** The evidence log over an evidence bucket. */
export const evidenceLog = (store: Pick<EvidenceStore, 'keys' | 'putOnce'>): EvidenceLog => ({
  append: async ({ id, body }: Certificate) => {
    const key = certificateKey(id);
    // One that is there is pending or logged, since its draft came first.
    if ((await store.keys(key)).includes(key)) return 'present';
    await keepOnce(store, [documentOf('certificate', key, certificateBytes({ id, body }))]);
    return 'written';
  },
});

const certificateBytes = ({ id, body }: Certificate): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ id, ...body })}\n`);
