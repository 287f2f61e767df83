import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { asIdentifierToken, asMessageToken, type IdentifierToken, type MessageToken } from './ids.ts';
import type { IdentifierType } from './signal.ts';

/** The secrets of one jurisdiction, derived in memory from its KMS HMAC key (`GenerateMac` over a fixed label) and
 * stored nowhere. KeyObjects, since raw buffers make an HMAC seven times slower on Node 24. */
export interface JurisdictionSecrets {
  readonly identifiers: KeyObject;
  readonly messages: KeyObject;
  readonly writeKeys: KeyObject;
  /** Seals what events state of a person on their way over the signals stream (`person.ts`). */
  readonly attributesInTransit: KeyObject;
  /** With an atom's own secret it makes the atom's key. */
  readonly subjectKeys: KeyObject;
}

/** Labels under which the secrets are derived. A change of a label is a change of every token: never edit one. */
export const SECRET_LABELS: Readonly<Record<keyof JurisdictionSecrets, string>> = {
  identifiers: 'rapport/identifiers/v1',
  messages: 'rapport/messages/v1',
  writeKeys: 'rapport/write-keys/v1',
  attributesInTransit: 'rapport/attributes-in-transit/v1',
  subjectKeys: 'rapport/subject-keys/v1',
};

/** 128 bits of HMAC-SHA-256, base64url, 22 characters. */
const mac = (key: KeyObject, text: string): string =>
  createHmac('sha256', key).update(text).digest('base64url').slice(0, 22);

const candidateSecrets = new WeakMap<KeyObject, KeyObject>();

/** Keyed hash under which records are found by what they say of a person. From a secret of its own, so that it joins no
 * identifier's token: the key is HMAC-SHA-256 of a label under the identifiers' secret, worked out once. */
export function candidateToken({ identifiers }: JurisdictionSecrets, text: string): string {
  let secret = candidateSecrets.get(identifiers);
  if (secret === undefined) {
    secret = createSecretKey(createHmac('sha256', identifiers).update('rapport/candidates/v1').digest());
    candidateSecrets.set(identifiers, secret);
  }
  return mac(secret, text);
}

/** Token of one normalised identifier value. */
export const identifierToken = (
  secrets: JurisdictionSecrets,
  type: IdentifierType,
  normalised: string,
): IdentifierToken => asIdentifierToken(`${type}.${mac(secrets.identifiers, `${type}\u0000${normalised}`)}`);

/** The identifier type a token was made from. */
export const typeOfToken = (token: IdentifierToken): IdentifierType =>
  token.slice(0, token.indexOf('.')) as IdentifierType;

/** Token of a client's message id: the dedupe key. */
export const messageToken = (secrets: JurisdictionSecrets, messageId: string): MessageToken =>
  asMessageToken(mac(secrets.messages, messageId));

/** The write key of a source: `<sourceId>_<keyVersion>_<mac>`. */
export const writeKeyOf = (
  secrets: JurisdictionSecrets,
  source: { readonly id: string; readonly keyVersion: number },
): string =>
  `${source.id}_${source.keyVersion}_${mac(secrets.writeKeys, `${source.id}\u0000${source.keyVersion}`)}`;

/** Whether `candidate` is the write key of `source`, in constant time. */
export function isWriteKeyOf(
  secrets: JurisdictionSecrets,
  source: { readonly id: string; readonly keyVersion: number },
  candidate: string,
): boolean {
  const expected = Buffer.from(writeKeyOf(secrets, source));
  const given = Buffer.from(candidate);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
