import { awsJsonHandler } from './aws-json.ts';
import type { Engine } from './engine.ts';
import { type KeyRequest, type KeySpec, KeyStore } from './kms/key-store.ts';
import { kmsOperations } from './kms/operations.ts';
import { serveLoopback } from './loopback-server.ts';

export type { KeyRequest, KeySpec } from './kms/key-store.ts';

export type KmsOptions = {
  /** Key material is kept here, one file per key, mode 0600. */
  readonly directory: string;
  /** Region and account in the ARN of a key made without one. */
  readonly region?: string;
  readonly accountId?: string;
  readonly port?: number;
  /** Clock, epoch ms; `Date.now` unless given. */
  readonly now?: () => number;
};

export type KmsEngine = Engine & {
  /** Makes a key. A key of the same ARN from an earlier run is kept, with its material. */
  createKey(
    request: KeyRequest,
  ): Promise<{ readonly keyId: string; readonly arn: string; readonly spec: KeySpec }>;
};

/** Starts KMS: MACs, symmetric encryption, data keys and P-256 signatures. Signatures of requests are not checked.
 * @throws EngineError when the port is taken. */
export async function startKms(options: KmsOptions): Promise<KmsEngine> {
  const arnPrefix = `arn:aws:kms:${options.region ?? 'us-east-1'}:${options.accountId ?? '000000000000'}:key/`;
  const keys = await KeyStore.open(options.directory, arnPrefix);
  const engine = await serveLoopback(awsJsonHandler('TrentService', kmsOperations(keys)), options.port);
  return {
    ...engine,
    createKey: async (request) => {
      const { keyId, arn, spec } = await keys.create(request, (options.now ?? Date.now)());
      return { keyId, arn, spec };
    },
  };
}
