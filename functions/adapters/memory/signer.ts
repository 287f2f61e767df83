import { generateKeyPairSync, sign } from 'node:crypto';
import type { Signer } from '../../evidence/log/ports.ts';

/** A signing key in memory, for unit tests. */
export function memorySigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: async () => String(publicKey.export({ format: 'pem', type: 'spki' })),
    sign: async (message) => sign('sha256', message, privateKey),
  };
}
