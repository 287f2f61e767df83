/** Runs inside a worker thread: loads one unchanged function bundle and calls its handler, one event at a time. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { countAwsCalls } from './aws-calls.ts';
import type { FunctionError, InvokeMessage, WorkerMessage, WorkerStart } from './protocol.ts';
import { tellRegionTime } from './region-time.ts';

type Handler = (event: unknown, context: unknown) => unknown;

const start = workerData as WorkerStart;
// Time limits are real time; what the function asks for is the region's.
const realNow = Date.now;
tellRegionTime(start.ahead);
const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread only');
if (start.sourceMaps) process.setSourceMapsEnabled(true);
const takeReport = countAwsCalls(start.servicesByPort);
const say = (message: WorkerMessage): void => port.postMessage(message);

const describe = (error: unknown): FunctionError =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message }
    : { errorType: 'Error', errorMessage: String(error) };

async function load(): Promise<Handler> {
  const dot = start.handler.lastIndexOf('.');
  const [file, name] = [start.handler.slice(0, dot), start.handler.slice(dot + 1)];
  const path = ['.mjs', '.js', '.cjs']
    .map((extension) => join(start.bundleFolder, `${file}${extension}`))
    .find(existsSync);
  if (path === undefined) throw new Error(`no ${file}.mjs, .js or .cjs in the bundle`);
  const loaded = (await import(pathToFileURL(path).href)) as Record<string, unknown> & {
    default?: Record<string, unknown>;
  };
  const handler = loaded[name] ?? loaded.default?.[name];
  if (typeof handler !== 'function') throw new Error(`${file} exports no function ${name}`);
  return handler as Handler;
}

function contextOf(message: InvokeMessage): object {
  return {
    functionName: start.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: start.functionArn,
    memoryLimitInMB: String(start.memoryMb),
    awsRequestId: message.requestId,
    logGroupName: `/aws/lambda/${start.functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, message.deadlineMs - realNow()),
  };
}

try {
  const handler = await load();
  port.on('message', (message: InvokeMessage) => {
    Promise.resolve()
      .then(() => handler(JSON.parse(message.event), contextOf(message)))
      .then(
        (response) => say({ kind: 'done', response: JSON.stringify(response), report: takeReport() }),
        (error: unknown) => {
          process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
          say({ kind: 'failed', error: describe(error), report: takeReport() });
        },
      );
  });
  say({ kind: 'ready', report: takeReport() });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  say({ kind: 'unusable', error: describe(error) });
}
