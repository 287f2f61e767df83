import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { type EpochMs, utcDate } from '../kernel/time.ts';
import type { AtomId } from './ids.ts';
import type { JurisdictionSecrets } from './tokens.ts';

/** Random bytes of an atom's secret. It is kept in the table of subject keys and nowhere else: without it nothing that
 * was sealed for the atom can be read, and its archive rows no longer belong together (law 8). */
export const SUBJECT_SECRET_BYTES = 32;

/** What an atom's secret and the jurisdiction's own make together. Neither is enough alone. */
export interface SubjectKey {
  /** Seals payloads. */
  readonly payloads: KeyObject;
  /** Makes the nonce of a sealed payload. */
  readonly nonces: KeyObject;
  /** Makes references to archive rows. */
  readonly rowRefs: KeyObject;
}

/** HKDF-SHA-256 (RFC 5869) of the atom's secret, salted with the jurisdiction's; a label for each use. */
export function subjectKeyOf(secrets: JurisdictionSecrets, secret: Uint8Array): SubjectKey {
  const extracted = createSecretKey(createHmac('sha256', secrets.subjectKeys).update(secret).digest());
  // One block of the expansion is as long as the key that is wanted.
  const expand = (label: string): KeyObject =>
    createSecretKey(createHmac('sha256', extracted).update(`rapport/${label}/v1\u0001`).digest());
  return { payloads: expand('payloads'), nonces: expand('nonces'), rowRefs: expand('row-refs') };
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals text for one atom: nonce, ciphertext, tag (AES-256-GCM, NIST SP 800-38D). The nonce is a keyed hash of text and
 * context, so that chance has no part in it (law 9) and only the same text in the same place is sealed to the same bytes.
 * @param context what the text belongs to, such as a row id; opening it elsewhere fails
 */
export function seal(key: SubjectKey, text: string, context: string): Uint8Array {
  const nonce = createHmac('sha256', key.nonces)
    .update(context)
    .update('\u0000')
    .update(text)
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.payloads, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what {@link seal} made.
 * @returns null when it was sealed with another key, for another context, or was changed since. */
export function unseal(key: SubjectKey, sealed: Uint8Array, context: string): string | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key.payloads, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const body = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

/** The newest reference of each key: rows of one atom come together, and mostly in one month. */
const rowRefsMade = new WeakMap<KeyObject, { readonly month: string; readonly ref: string }>();

/** Joins archive rows of one atom within a UTC month, and no further; and once its secret is gone, not even that. */
export function rowRef({ rowRefs }: SubjectKey, at: EpochMs): string {
  const month = utcDate(at).slice(0, 7);
  const made = rowRefsMade.get(rowRefs);
  if (made?.month === month) return made.ref;
  const ref = createHmac('sha256', rowRefs).update(month).digest('base64url').slice(0, 22);
  rowRefsMade.set(rowRefs, { month, ref });
  return ref;
}

/** Where subject keys come from. */
export interface SubjectKeyring {
  /** Keys of the atoms that have one. What was read within the last five minutes may be answered from memory, unless
   * `fresh`.
   * @throws TransientError, ThrottledError */
  read(
    atomIds: readonly AtomId[],
    options?: { readonly fresh: boolean },
  ): Promise<ReadonlyMap<AtomId, SubjectKey>>;
  /** Gives every atom that has none a new random secret; of two writers at once one wins, and both get its key. A secret that
   * was about to be forgotten, since nothing was known of its atom, is in use again.
   * @throws TransientError, ThrottledError */
  create(atomIds: readonly AtomId[]): Promise<ReadonlyMap<AtomId, SubjectKey>>;
  /** Every atom that has a secret, in pages.
   * @throws TransientError, ThrottledError */
  all(): AsyncIterable<ReadonlyMap<AtomId, SubjectKey>>;
  /** Forgets the secrets for good. Repeating it changes nothing.
   * @throws TransientError, ThrottledError */
  destroy(atomIds: readonly AtomId[]): Promise<void>;
}
