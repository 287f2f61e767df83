import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { jurisdictionSecrets } from '../../functions/adapters/aws/secrets.ts';
import { TransientError } from '../../functions/kernel/invariant.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('makes no secret of an answer of KMS that holds none', async () => {
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/x-amz-json-1.1').end('{"KeyId":"key"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await expect(jurisdictionSecrets('key')).rejects.toThrow(TransientError);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
