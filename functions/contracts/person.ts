import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { EpochMs } from '../kernel/time.ts';
import type { MessageToken } from './ids.ts';
import type { JurisdictionSecrets } from './tokens.ts';

/** What is kept of a person: what serving them needs and matching can use. Everything else an event says of them is
 * dropped at the edge. */
export const PERSON_ATTRIBUTES = [
  'fullName',
  'givenName',
  'surname',
  'birthDate',
  'birthPlace',
  'gender',
  'email',
  'phone',
  'street',
  'streetNumber',
  'postcode',
  'city',
  'region',
  'country',
  'occupation',
  'company',
  'nationalId',
] as const;
export type PersonAttribute = (typeof PERSON_ATTRIBUTES)[number];

/** What one event states of a person, normalised. An empty text says that there is none any more: an address stated
 * without a region takes the old address's region away. */
export type PersonAttributes = Readonly<Partial<Record<PersonAttribute, string>>>;

/** Who says so. `customer`: the person · `system`: a system that logged it · `steward`: a decision between the two. */
export const ORIGINS = ['customer', 'system', 'steward'] as const;
export type Origin = (typeof ORIGINS)[number];

/** A value with where it comes from. */
export interface StatedValue {
  readonly value: string;
  /** Standing of the source and the kind of signal; the higher one survives. */
  readonly rank: number;
  /** When it was said (`occurredAt`). */
  readonly at: EpochMs;
  readonly sourceId: string;
  /** 48 bits of the message token: keeps what one event said together where rank and time are equal. */
  readonly message: string;
}

/** The best value of every attribute by who says it. Merges in any order and grouping, and twice is once (law 3). */
export type PersonState = Readonly<
  Partial<Record<PersonAttribute, Readonly<Partial<Record<Origin, StatedValue>>>>>
>;

/** Source id of a steward's decisions. No source of the registry has it, so that no write key can say it. */
export const STEWARDSHIP = 'stewardship';

/** Name of the signal by which a steward settles a conflict. It reaches the stream from the operations API alone. */
export const ATTRIBUTE_SETTLED = 'Attribute Settled';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface TransitKeys {
  readonly cipher: KeyObject;
  readonly nonces: KeyObject;
}
const transitKeys = new WeakMap<KeyObject, TransitKeys>();

/** A key for each use, worked out once for each secret. */
function keysOf({ attributesInTransit }: JurisdictionSecrets): TransitKeys {
  const known = transitKeys.get(attributesInTransit);
  if (known !== undefined) return known;
  const derive = (label: string): KeyObject =>
    createSecretKey(createHmac('sha256', attributesInTransit).update(label).digest());
  const keys = { cipher: derive('cipher'), nonces: derive('nonces') };
  transitKeys.set(attributesInTransit, keys);
  return keys;
}

/**
 * Seals what an event states for its way over the stream: base64 of nonce, ciphertext and tag (AES-256-GCM, NIST SP
 * 800-38D). The atom's own key is not known at the edge, and asking for it would cost a read for every event, so the
 * secret is the jurisdiction's and lives in memory only. The nonce is a keyed hash of text and message, so that chance has
 * no part in it and a retried request makes the same bytes.
 */
export function sealInTransit(
  secrets: JurisdictionSecrets,
  attributes: PersonAttributes,
  message: MessageToken,
): string {
  const { cipher: key, nonces } = keysOf(secrets);
  const text = JSON.stringify(attributes);
  const nonce = createHmac('sha256', nonces).update(message).update(text).digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(message));
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64',
  );
}

/** Opens what {@link sealInTransit} made.
 * @returns null when it was sealed under another secret or for another message, or was changed since */
export function unsealInTransit(
  secrets: JurisdictionSecrets,
  sealed: string,
  message: MessageToken,
): PersonAttributes | null {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, keysOf(secrets).cipher, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(message))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as PersonAttributes;
  } catch {
    return null;
  }
}
