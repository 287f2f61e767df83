import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultProvider } from '../../functions/runtime/execution-credentials.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the credentials of a function', () => {
  it('are those that Lambda gives it', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'session');
    const expected = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'session' };
    await expect(defaultProvider()()).resolves.toEqual(expected);
    vi.stubEnv('AWS_SESSION_TOKEN', undefined);
    await expect(defaultProvider()()).resolves.toEqual({ accessKeyId: 'key', secretAccessKey: 'secret' });
  });

  it('are missed by name', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', '');
    await expect(defaultProvider()()).rejects.toThrow(/AWS_SECRET_ACCESS_KEY is not set/);
  });
});
