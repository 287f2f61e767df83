import { createECDH, createPrivateKey, randomBytes } from 'node:crypto';

/** Order of P-256's base point (SEC 2, section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const SCALAR_BYTES = 32;

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
const toBytes = (value: bigint): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * SCALAR_BYTES, '0'), 'hex');
const modulo = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;

function inverse(value: bigint): bigint {
  let [low, high, lowFactor, highFactor] = [modulo(value), ORDER, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [lowFactor, highFactor] = [highFactor - quotient * lowFactor, lowFactor];
  }
  return modulo(lowFactor);
}

/** x coordinate of `scalar` times the base point, modulo the order. */
function multipleX(scalar: bigint): bigint {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(toBytes(scalar));
  return modulo(toNumber(curve.getPublicKey().subarray(1, 1 + SCALAR_BYTES)));
}

function privateScalar(pkcs8: Buffer): bigint {
  const { d } = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  return toNumber(Buffer.from(String(d), 'base64url'));
}

/** An ASN.1 INTEGER that is not negative. */
function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const signed = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(2, signed.length), signed]);
}

function readDer(signature: Uint8Array): [bigint, bigint] | undefined {
  const rLength = signature[3] ?? 0;
  const sAt = 4 + rLength;
  const sLength = signature[sAt + 1] ?? 0;
  const wellFormed =
    signature[0] === 0x30 &&
    signature[1] === signature.length - 2 &&
    signature[2] === 2 &&
    signature[sAt] === 2;
  if (!wellFormed || sAt + 2 + sLength !== signature.length) return undefined;
  return [toNumber(signature.subarray(4, sAt)), toNumber(signature.subarray(sAt + 2))];
}

/** ECDSA (FIPS 186-5, section 6.4.1) over a digest made by the caller, which node:crypto cannot sign: it always hashes
 * first. DER, as KMS answers. */
export function signDigest(pkcs8: Buffer, digest: Uint8Array): Buffer {
  const secret = privateScalar(pkcs8);
  for (;;) {
    const nonce = modulo(toNumber(randomBytes(SCALAR_BYTES + 8)));
    if (nonce === 0n) continue;
    const r = multipleX(nonce);
    const s = modulo(inverse(nonce) * (toNumber(digest) + r * secret));
    if (r === 0n || s === 0n) continue;
    const body = Buffer.concat([derInteger(r), derInteger(s)]);
    return Buffer.concat([Buffer.of(0x30, body.length), body]);
  }
}

/** Verifies with the private key at hand: u1·G + u2·Q is (u1 + u2·d)·G. */
export function verifyDigest(pkcs8: Buffer, digest: Uint8Array, signature: Uint8Array): boolean {
  const [r = 0n, s = 0n] = readDer(signature) ?? [];
  if (r <= 0n || r >= ORDER || s <= 0n || s >= ORDER) return false;
  const scalar = modulo((toNumber(digest) + r * privateScalar(pkcs8)) * inverse(s));
  return scalar !== 0n && multipleX(scalar) === r;
}
