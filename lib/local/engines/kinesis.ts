import { mkdir } from 'node:fs/promises';
import kinesalite from 'kinesalite';
import type { Engine } from './engine.ts';
import { LOOPBACK, listenOnLoopback } from './ports.ts';

export type KinesisOptions = {
  /** Folder for the streams; absent, they are kept in memory and gone at stop. */
  readonly directory?: string;
  readonly port?: number;
  /** How long a stream stays CREATING, ms. */
  readonly createStreamMs?: number;
  /** Shards over all streams before CreateStream answers LimitExceededException. */
  readonly shardsMax?: number;
};

/** Starts Kinesis: kinesalite in this process. It has no KMS, on-demand mode, StreamARN or enhanced fan-out, and
 * its clients must speak HTTP/1.1 (`requestHandler: new NodeHttpHandler()`).
 * @throws EngineError when the port is taken. */
export async function startKinesis(options: KinesisOptions = {}): Promise<Engine> {
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const quickMs = options.createStreamMs ?? 5;
  const server = kinesalite({
    createStreamMs: quickMs,
    deleteStreamMs: quickMs,
    updateStreamMs: quickMs,
    shardLimit: options.shardsMax ?? 1_000,
    ...(options.directory === undefined ? {} : { path: options.directory }),
  });
  const port = await listenOnLoopback(server, options.port ?? 0);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= new Promise((resolve, reject) => {
      server.close((cause) => (cause ? reject(cause) : resolve()));
      server.closeAllConnections();
    });
    return stopped;
  };
  return { url: `http://${LOOPBACK}:${port}`, port, stop };
}
