import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Engine } from './engine.ts';
import { LOOPBACK, listenOnLoopback } from './ports.ts';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Serves HTTP on 127.0.0.1. A handler that throws ends its request with a plain 500.
 * @throws EngineError when the port is taken. */
export async function serveLoopback(handle: RequestHandler, port = 0): Promise<Engine> {
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (request, response) => {
    handle(request, response).catch((cause: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': 'text/plain' }).end(String(cause));
    });
  });
  const bound = await listenOnLoopback(server, port);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopped;
  };
  return { url: `http://${LOOPBACK}:${bound}`, port: bound, stop };
}

/** The whole body of a request.
 * @throws RangeError when it is longer than `bytesMax`. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.from(chunk);
    length += bytes.length;
    if (length > bytesMax) throw new RangeError(`the body is longer than ${bytesMax} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}
