import { open } from 'node:fs/promises';
import type { ChecksumAlgorithm } from './checksums.ts';
import { type RunningChecksum, startChecksum } from './checksums.ts';
import { S3Error } from './s3-error.ts';

/** What the sender says about a body. Values may be known only when the body has ended (trailers), hence functions. */
export type BodyClaims = {
  /** Base64, by algorithm. */
  readonly checksum: () => { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
  /** Algorithm to compute although its value comes last, or was not given at all. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** Base64. */
  readonly md5: string | undefined;
  /** Hexadecimal. */
  readonly sha256: string | undefined;
  readonly length: number | undefined;
};

export type WrittenBody = {
  readonly size: number;
  readonly md5: Buffer;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly bytes: Buffer };
};

const badDigest = (name: string): S3Error =>
  new S3Error('BadDigest', 400, `The ${name} you specified did not match the calculated checksum.`);

function requireHonest(claims: BodyClaims, body: WrittenBody, sha256: RunningChecksum | undefined): void {
  if (claims.length !== undefined && claims.length !== body.size)
    throw new S3Error(
      'IncompleteBody',
      400,
      'You did not provide the number of bytes specified by the length header.',
    );
  if (claims.md5 !== undefined && claims.md5 !== body.md5.toString('base64')) throw badDigest('Content-MD5');
  const claimed = claims.checksum();
  if (claimed !== undefined && claimed.value !== body.checksum?.bytes.toString('base64'))
    throw badDigest(claimed.algorithm);
  if (claims.sha256 !== undefined && claims.sha256 !== sha256?.digest().toString('hex'))
    throw new S3Error(
      'XAmzContentSHA256Mismatch',
      400,
      'The provided x-amz-content-sha256 does not match what was computed.',
    );
}

/** Writes a body to a new file while it comes in, and checks it against the sender's claims.
 * @throws S3Error BadDigest, IncompleteBody, XAmzContentSHA256Mismatch; the caller removes the file. */
export async function writeBody(
  path: string,
  source: AsyncIterable<Buffer>,
  claims: BodyClaims,
): Promise<WrittenBody> {
  const md5 = startChecksum('MD5');
  const sha256 = claims.sha256 === undefined ? undefined : startChecksum('SHA256');
  const asked = claims.algorithm === undefined ? undefined : startChecksum(claims.algorithm);
  let size = 0;
  const file = await open(path, 'wx');
  try {
    for await (const bytes of source) {
      size += bytes.length;
      md5.update(bytes);
      sha256?.update(bytes);
      asked?.update(bytes);
      await file.writeFile(bytes);
    }
  } finally {
    await file.close();
  }
  const checksum =
    claims.algorithm === undefined || asked === undefined
      ? {}
      : { checksum: { algorithm: claims.algorithm, bytes: asked.digest() } };
  const body: WrittenBody = { size, md5: md5.digest(), ...checksum };
  requireHonest(claims, body, sha256);
  return body;
}
