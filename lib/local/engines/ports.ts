import { createServer, type Server } from 'node:net';
import { EngineError } from './engine.ts';

export const LOOPBACK = '127.0.0.1';

/** The error for a port that something else listens on. */
export const portTaken = (port: number, cause?: unknown): EngineError =>
  new EngineError(`port ${port} is taken`, 'stop what listens there or pass --port', { cause });

const isAddressInUse = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';

/** Makes `server` listen on 127.0.0.1.
 * @param port 0 for any free port.
 * @returns the port it listens on.
 * @throws EngineError when the port is taken. */
export function listenOnLoopback(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(isAddressInUse(cause) ? portTaken(port, cause) : cause);
    server.once('error', fail);
    server.listen({ port, host: LOOPBACK }, () => {
      server.off('error', fail);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => server.close((cause) => (cause ? reject(cause) : resolve())));

/** A port that was free a moment ago, for a program that cannot be given port 0. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await closeServer(server);
  return port;
}

/** Checks that each port can be listened on.
 * @throws EngineError naming the first one that is taken. */
export async function requireFreePorts(...ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    await listenOnLoopback(server, port);
    await closeServer(server);
  }
}
