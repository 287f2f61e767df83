import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { AwsError, type JsonObject, type Operation } from '../aws-json.ts';
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import { seal, sealedUnder, unseal } from './envelope.ts';
import type { Key, KeySpec, KeyStore } from './key-store.ts';

const MESSAGE_BYTES_MAX = 4_096;
const RANDOM_BYTES_MAX = 1_024;
const DIGEST_BYTES = 32;
const MAC_ALGORITHM = 'HMAC_SHA_256';
const SIGNING_ALGORITHM = 'ECDSA_SHA_256';

const USAGE: { readonly [spec in KeySpec]: string } = {
  SYMMETRIC_DEFAULT: 'ENCRYPT_DECRYPT',
  HMAC_256: 'GENERATE_VERIFY_MAC',
  ECC_NIST_P256: 'SIGN_VERIFY',
};
const ALGORITHMS: { readonly [spec in KeySpec]: JsonObject } = {
  SYMMETRIC_DEFAULT: { EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'] },
  HMAC_256: { MacAlgorithms: [MAC_ALGORITHM] },
  ECC_NIST_P256: { SigningAlgorithms: [SIGNING_ALGORITHM] },
};

const refuse = (message: string): AwsError => new AwsError('ValidationException', message);

function bytesOf(input: JsonObject, name: string, bytesMin: number, bytesMax: number): Buffer {
  const value = input[name];
  if (typeof value !== 'string') throw refuse(`'${name}' must not be null`);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length < bytesMin || bytes.length > bytesMax)
    throw refuse(`'${name}' must have a length from ${bytesMin} to ${bytesMax}`);
  return bytes;
}

function keyFor(keys: KeyStore, input: JsonObject, spec: KeySpec): Key {
  if (typeof input.KeyId !== 'string') throw refuse("'keyId' must not be null");
  const key = keys.find(input.KeyId);
  if (key.spec !== spec)
    throw new AwsError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${USAGE[key.spec]} which is not valid here.`,
    );
  return key;
}

function requireAlgorithm(input: JsonObject, name: string, supported: string): void {
  if (input[name] !== supported)
    throw new AwsError('InvalidKeyUsageException', `'${name}' must be ${supported}`);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function macOperations(keys: KeyStore): { readonly [name: string]: Operation } {
  const macOf = (input: JsonObject): { key: Key; mac: Buffer } => {
    const key = keyFor(keys, input, 'HMAC_256');
    requireAlgorithm(input, 'MacAlgorithm', MAC_ALGORITHM);
    const message = bytesOf(input, 'Message', 1, MESSAGE_BYTES_MAX);
    return { key, mac: createHmac('sha256', Buffer.from(key.material, 'base64')).update(message).digest() };
  };
  return {
    GenerateMac: (input) => {
      const { key, mac } = macOf(input);
      return { KeyId: key.arn, Mac: base64(mac), MacAlgorithm: MAC_ALGORITHM };
    },
    VerifyMac: (input) => {
      const { key, mac } = macOf(input);
      const given = bytesOf(input, 'Mac', 1, RANDOM_BYTES_MAX);
      if (given.length !== mac.length || !timingSafeEqual(given, mac))
        throw new AwsError('KMSInvalidMacException', 'The MAC is not valid.');
      return { KeyId: key.arn, MacValid: true, MacAlgorithm: MAC_ALGORITHM };
    },
  };
}

function dataKeyBytes(input: JsonObject): number {
  const { KeySpec: spec, NumberOfBytes: count } = input;
  if ((spec === undefined) === (count === undefined)) throw refuse('Give either KeySpec or NumberOfBytes');
  if (spec === 'AES_256') return 32;
  if (spec === 'AES_128') return 16;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= RANDOM_BYTES_MAX)
    return count;
  throw refuse(`NumberOfBytes must be from 1 to ${RANDOM_BYTES_MAX}, KeySpec AES_256 or AES_128`);
}

function encryptionOperations(keys: KeyStore): { readonly [name: string]: Operation } {
  const dataKey = (input: JsonObject): { key: Key; plaintext: Buffer; sealed: Buffer } => {
    const key = keyFor(keys, input, 'SYMMETRIC_DEFAULT');
    const plaintext = randomBytes(dataKeyBytes(input));
    return { key, plaintext, sealed: seal(key, plaintext, input.EncryptionContext) };
  };
  return {
    Encrypt: (input) => {
      const key = keyFor(keys, input, 'SYMMETRIC_DEFAULT');
      const sealed = seal(key, bytesOf(input, 'Plaintext', 1, MESSAGE_BYTES_MAX), input.EncryptionContext);
      return { KeyId: key.arn, CiphertextBlob: base64(sealed), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
    Decrypt: (input) => {
      const ciphertext = bytesOf(input, 'CiphertextBlob', 1, 6_144);
      const arn = sealedUnder(ciphertext);
      const key = keyFor(keys, { KeyId: input.KeyId ?? arn }, 'SYMMETRIC_DEFAULT');
      if (key.arn !== arn)
        throw new AwsError(
          'IncorrectKeyException',
          'The key ID in the request does not identify the CMK that encrypted.',
        );
      const plaintext = unseal(key, ciphertext, input.EncryptionContext);
      return { KeyId: key.arn, Plaintext: base64(plaintext), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
    GenerateDataKey: (input) => {
      const { key, plaintext, sealed } = dataKey(input);
      return { KeyId: key.arn, Plaintext: base64(plaintext), CiphertextBlob: base64(sealed) };
    },
    GenerateDataKeyWithoutPlaintext: (input) => {
      const { key, sealed } = dataKey(input);
      return { KeyId: key.arn, CiphertextBlob: base64(sealed) };
    },
  };
}

function signingOperations(keys: KeyStore): { readonly [name: string]: Operation } {
  const ask = (input: JsonObject): { key: Key; pkcs8: Buffer; message: Buffer; isDigest: boolean } => {
    const key = keyFor(keys, input, 'ECC_NIST_P256');
    requireAlgorithm(input, 'SigningAlgorithm', SIGNING_ALGORITHM);
    const isDigest = input.MessageType === 'DIGEST';
    const message = bytesOf(
      input,
      'Message',
      isDigest ? DIGEST_BYTES : 1,
      isDigest ? DIGEST_BYTES : MESSAGE_BYTES_MAX,
    );
    return { key, pkcs8: Buffer.from(key.material, 'base64'), message, isDigest };
  };
  const privateKey = (pkcs8: Buffer) => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return {
    Sign: (input) => {
      const { key, pkcs8, message, isDigest } = ask(input);
      const signature = isDigest ? signDigest(pkcs8, message) : sign('sha256', message, privateKey(pkcs8));
      return { KeyId: key.arn, Signature: base64(signature), SigningAlgorithm: SIGNING_ALGORITHM };
    },
    Verify: (input) => {
      const { key, pkcs8, message, isDigest } = ask(input);
      const signature = bytesOf(input, 'Signature', 1, 6_144);
      const valid = isDigest
        ? verifyDigest(pkcs8, message, signature)
        : verify('sha256', message, createPublicKey(privateKey(pkcs8)), signature);
      if (!valid) throw new AwsError('KMSInvalidSignatureException', 'The signature is not valid.');
      return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: SIGNING_ALGORITHM };
    },
    GetPublicKey: (input) => {
      const key = keyFor(keys, input, 'ECC_NIST_P256');
      const spki = createPublicKey(privateKey(Buffer.from(key.material, 'base64'))).export({
        format: 'der',
        type: 'spki',
      });
      return {
        KeyId: key.arn,
        PublicKey: base64(spki),
        KeySpec: key.spec,
        KeyUsage: USAGE[key.spec],
        ...ALGORITHMS[key.spec],
      };
    },
  };
}

function describeKey(keys: KeyStore, input: JsonObject): JsonObject {
  if (typeof input.KeyId !== 'string') throw refuse("'keyId' must not be null");
  const key = keys.find(input.KeyId);
  const metadata = {
    AWSAccountId: key.arn.split(':')[4],
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt / 1_000,
    Enabled: true,
    Description: '',
    KeyUsage: USAGE[key.spec],
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    MultiRegion: false,
    ...ALGORITHMS[key.spec],
  };
  return { KeyMetadata: metadata };
}

function generateRandom(input: JsonObject): JsonObject {
  const count = input.NumberOfBytes;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > RANDOM_BYTES_MAX)
    throw refuse(`NumberOfBytes must be from 1 to ${RANDOM_BYTES_MAX}`);
  return { Plaintext: base64(randomBytes(count)) };
}

/** KMS's operations over the keys, by name. */
export const kmsOperations = (keys: KeyStore): { readonly [name: string]: Operation } => ({
  ...macOperations(keys),
  ...encryptionOperations(keys),
  ...signingOperations(keys),
  DescribeKey: (input) => describeKey(keys, input),
  GenerateRandom: generateRandom,
});
