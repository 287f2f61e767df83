import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BASE_PORT, type Ready, startRegions } from '../../lib/local/regions.ts';
import { defaultContext } from '../../lib/settings.ts';
import { codesIn, portIn } from '../arguments.ts';
import { onStopRequest } from '../stop-signal.ts';

export const name = 'start';
export const summary = 'runs the stacks of one or more jurisdictions on this machine and stays up';
export const usage = `Usage: npm start -- [options]      (or: npx rapport start [options])

Synthesizes the CDK app and runs the stack of each jurisdiction on 127.0.0.1, until Ctrl-C.

  --jurisdictions LIST  codes, comma-separated (default eu,uk)
  --ready-file FILE     also write the URLs, write keys and token here
  --data-dir DIR        where the state lies (default .rapport); wiped at each start
  --keep                go on with the state of the last run instead
  --origins LIST        origins whose pages may send from a browser: http://localhost:3000 (default none)
  --port BASE           first port (default ${BASE_PORT}; ten for each jurisdiction), 0 for any free ones

When it is ready it writes DATA_DIR/ready.json: collect and operations URL, write key of each source, and a token for
the operations API, by jurisdiction. S3 objects are plain files under DATA_DIR/s3/<bucket>/<key>, and what each
function logs is in DATA_DIR/logs/<jurisdiction>/<function>.log.
`;

/** Longest that stopping may take, ms. */
const STOP_MS_MAX = 5_000;
/** Rows reach the archive within this time, seconds: short, since somebody is looking. */
const ARCHIVE_WINDOW_SECONDS = 20;

/** @throws UserError, TemplateError or EngineError for what the user can put right. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jurisdictions: { type: 'string', default: String(defaultContext.jurisdictions) },
      'ready-file': { type: 'string' },
      'data-dir': { type: 'string', default: '.rapport' },
      keep: { type: 'boolean', default: false },
      origins: { type: 'string', default: 'none' },
      port: { type: 'string', default: String(BASE_PORT) },
    },
  });
  const until = new Promise<void>((resolve) => onStopRequest(resolve));
  const began = performance.now();
  const starting = startRegions({
    jurisdictions: codesIn(values.jurisdictions),
    dataDir: values['data-dir'],
    keep: values.keep,
    basePort: portIn(values.port),
    browserOrigins: values.origins,
    archiveWindowSeconds: ARCHIVE_WINDOW_SECONDS,
    tuning: { eager: true },
    onProgress: (line) => process.stderr.write(`  ${line}\n`),
  });
  const regions = await Promise.race([starting, until.then(() => undefined)]);
  if (regions === undefined) {
    // Stopped while starting: what has come up so far goes down when the start ends, or with this process.
    endSoon();
    await starting.then((late) => late.stop());
    return 0;
  }
  try {
    const readyFile = values['ready-file'];
    if (readyFile !== undefined)
      writeFileSync(readyFile, `${JSON.stringify(regions.ready, undefined, 2)}\n`, { mode: 0o600 });
    process.stdout.write(announce(regions.ready, regions.dataDir, (performance.now() - began) / 1_000));
    await until;
  } finally {
    process.stderr.write('  stopping\n');
    endSoon();
    await regions.stop();
  }
  return 0;
}

/** What does not end by itself is ended: nothing may be left running. */
const endSoon = (): void => void setTimeout(() => process.exit(1), STOP_MS_MAX).unref();

function announce(ready: Ready, dataDir: string, seconds: number): string {
  const lines = Object.entries(ready.jurisdictions).map(
    ([code, { collectUrl, operationsUrl }]) =>
      `  ${code.padEnd(6)} collect ${collectUrl}   operations ${operationsUrl}`,
  );
  return `Ready after ${seconds.toFixed(1)} s\n${lines.join('\n')}\n  write keys and token: ${dataDir}/ready.json\n  Ctrl-C stops.\n`;
}
