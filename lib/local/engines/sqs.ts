import { mkdir } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { buildApp } from 'fauxqs';
import { type Engine, EngineError } from './engine.ts';
import { LOOPBACK, requireFreePorts } from './ports.ts';

export type SqsOptions = {
  /** Folder for the queues; absent, they are kept in memory and gone at stop. */
  readonly directory?: string;
  readonly port?: number;
};

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type Persistence = {
  loadSqsAndSns(sqs: Stores['sqsStore'], sns: Stores['snsStore']): void;
  close(): void;
  readonly db: DatabaseSync;
};
type Kept = { readonly stores: Stores; readonly persistence: Persistence };

/** Modules of fauxqs that its entry does not export: `startFauxqs`, which puts them together, listens on all
 * interfaces, whatever its options say. */
async function openKept(directory: string): Promise<Kept> {
  const entry = import.meta.resolve('fauxqs');
  const load = (path: string): Promise<{ readonly [name: string]: unknown }> =>
    import(new URL(path, entry).href);
  try {
    const [{ PersistenceManager }, { SqsStore }, { SnsStore }, { S3Store }] = await Promise.all([
      load('persistence.js'),
      load('sqs/sqsStore.js'),
      load('sns/snsStore.js'),
      load('s3/s3Store.js'),
    ]);
    const make = <T>(build: unknown, ...options: readonly unknown[]): T =>
      Reflect.construct(build as new (...options: readonly unknown[]) => T, options);
    const persistence = make<Persistence>(PersistenceManager, directory);
    const sqsStore = make<Stores['sqsStore']>(SqsStore);
    const snsStore = make<Stores['snsStore']>(SnsStore);
    // Its own sets the receive count to NULL, which the table refuses: ChangeMessageVisibility to 0 lost the message.
    const release = persistence.db.prepare(
      'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?',
    );
    Object.assign(persistence, { updateMessageReady: (messageId: string) => void release.run(messageId) });
    persistence.loadSqsAndSns(sqsStore, snsStore);
    Object.assign(sqsStore, { persistence });
    for (const queue of sqsStore.allQueues()) Object.assign(queue, { persistence });
    return { stores: { sqsStore, snsStore, s3Store: make<Stores['s3Store']>(S3Store) }, persistence };
  } catch (cause) {
    throw new EngineError(`SQS cannot open ${directory}`, 'remove that folder, or run npm ci', { cause });
  }
}

/** Starts SQS: fauxqs in this process. Its clients need an explicit `endpoint`; it has no StartMessageMoveTask.
 * @throws EngineError when the port is taken, or the folder is not one of its own. */
export async function startSqs(options: SqsOptions = {}): Promise<Engine> {
  const port = options.port ?? 0;
  if (port !== 0) await requireFreePorts(port);
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const kept = options.directory === undefined ? undefined : await openKept(options.directory);
  const app = buildApp({ logger: false, ...(kept === undefined ? {} : { stores: kept.stores }) });
  const url = await app.listen({ port, host: LOOPBACK });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      app.server.closeAllConnections();
      await app.close();
      kept?.persistence.close();
    })();
    return stopped;
  };
  return { url, port: Number(new URL(url).port), stop };
}
