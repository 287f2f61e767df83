import { createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import type { Signer } from '../../evidence/log/ports.ts';
import { TransientError } from '../../kernel/invariant.ts';
import { required } from '../../runtime/environment.ts';
import { kms } from './clients.ts';
import { translated } from './errors.ts';

/** The jurisdiction's signing key in KMS (ECC_NIST_P256). */
export const kmsSigner = (keyArn = required('SIGNING_KEY_ARN')): Signer => ({
  publicKey: () =>
    translated('kms', async () => {
      const { PublicKey } = await kms().send(new GetPublicKeyCommand({ KeyId: keyArn }));
      if (PublicKey === undefined) throw new TransientError('kms: no public key came');
      const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
      return String(key.export({ format: 'pem', type: 'spki' }));
    }),
  sign: (message) =>
    translated('kms', async () => {
      const { Signature } = await kms().send(
        new SignCommand({
          KeyId: keyArn,
          Message: message,
          MessageType: 'RAW',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      );
      if (Signature === undefined) throw new TransientError('kms: no signature came');
      return Signature;
    }),
});
