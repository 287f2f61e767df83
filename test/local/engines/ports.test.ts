import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../../lib/local/engines/engine.ts';
import { freePort, listenOnLoopback, requireFreePorts } from '../../../lib/local/engines/ports.ts';
import { listenersOf } from './listeners.ts';

describe('ports', () => {
  const server = createServer();
  let port = 0;

  beforeAll(async () => {
    port = await listenOnLoopback(server, 0);
  });

  afterAll(() => void server.close());

  it('listens on 127.0.0.1 only', async () => {
    expect(await listenersOf(port)).toEqual(['127.0.0.1']);
  });

  it('names the port that is taken and says what to do', async () => {
    const refused = requireFreePorts(await freePort(), port);
    await expect(refused).rejects.toBeInstanceOf(EngineError);
    await expect(refused).rejects.toMatchObject({
      message: `port ${port} is taken: stop what listens there or pass --port`,
      remedy: 'stop what listens there or pass --port',
    });
    await expect(listenOnLoopback(createServer(), port)).rejects.toBeInstanceOf(EngineError);
  });

  it('gives a port that can be listened on', async () => {
    await expect(requireFreePorts(await freePort(), await freePort())).resolves.toBeUndefined();
  });
});
