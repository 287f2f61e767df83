import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AwsError, type JsonObject } from '../aws-json.ts';
import type { Key } from './key-store.ts';

/** Layout of a ciphertext: version, length of the key's ARN, ARN, 12-byte nonce, 16-byte tag, AES-256-GCM bytes. */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The encryption context as bytes that do not depend on the order of its names. */
function contextBytes(context: unknown): Buffer {
  if (context === undefined || context === null) return Buffer.alloc(0);
  const entries = Object.entries(context as JsonObject).sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(entries));
}

/** Encrypts under the key; `context` must be given again to decrypt. */
export function seal(key: Key, plaintext: Uint8Array, context: unknown): Buffer {
  const arn = Buffer.from(key.arn);
  const head = Buffer.concat([Buffer.of(VERSION, arn.length), arn]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), nonce);
  cipher.setAAD(Buffer.concat([head, contextBytes(context)]));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([head, nonce, cipher.getAuthTag(), body]);
}

const invalid = (): AwsError => new AwsError('InvalidCiphertextException', 'The ciphertext is not valid.');

/** ARN of the key that a ciphertext was made with.
 * @throws AwsError InvalidCiphertextException */
export function sealedUnder(ciphertext: Buffer): string {
  const arnLength = ciphertext[1] ?? 0;
  if (ciphertext[0] !== VERSION || ciphertext.length < 2 + arnLength + NONCE_BYTES + TAG_BYTES)
    throw invalid();
  return ciphertext.subarray(2, 2 + arnLength).toString('utf8');
}

/** Reverse of {@link seal}.
 * @throws AwsError InvalidCiphertextException when the bytes or the context are not those of `seal`. */
export function unseal(key: Key, ciphertext: Buffer, context: unknown): Buffer {
  const headLength = 2 + (ciphertext[1] ?? 0);
  const tagAt = headLength + NONCE_BYTES;
  const bodyAt = tagAt + TAG_BYTES;
  const nonce = ciphertext.subarray(headLength, tagAt);
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key.material, 'base64'), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(ciphertext.subarray(tagAt, bodyAt));
  decipher.setAAD(Buffer.concat([ciphertext.subarray(0, headLength), contextBytes(context)]));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(bodyAt)), decipher.final()]);
  } catch {
    throw invalid();
  }
}
