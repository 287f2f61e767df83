import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runDemo } from '../../lib/demo/demo.ts';
import { purposesIn } from '../../lib/demo/play.ts';
import { printReport } from '../../lib/demo/print-report.ts';
import { progressOn } from '../../lib/demo/progress.ts';
import { addsUp } from '../../lib/demo/report.ts';
import { BASE_PORT } from '../../lib/local/regions.ts';
import { defaultContext } from '../../lib/settings.ts';
import { codesIn, limitIn, portIn, wholeNumber } from '../arguments.ts';
import { verifyRegionArchives } from '../audit/verify-region-archives.ts';
import { onStopRequest } from '../stop-signal.ts';

export const name = 'demo';
export const summary = 'runs the stacks, plays a retailer through them and prints a report';
export const usage = `Usage: npm run demo [-- options]      (or: npx rapport demo [options])

Starts the stacks of the EU and the UK on this machine, plays an invented retailer ("the town") through their HTTP
APIs, or real order lines, waits until everything is applied, and prints a report. The archive stays for
npx rapport query. Exits 1 when the sums of the report do not add up.

  --orders FILE           order lines in the UCI Online Retail format, plain or gzip, instead of the town
  --limit N               only the first N lines
  --assume-consent LIST   purposes every customer of the file is taken to allow (default
                          personalisation,profiling), or none
  --jurisdictions LIST    codes, comma-separated (default eu,uk)
  --report FILE           also write the report as JSON here
  --seed N                another town (default 1)
  --data-dir DIR          where the state lies (default .rapport); wiped at the start
  --port BASE             first port (default ${BASE_PORT}; ten for each jurisdiction), 0 for any free ones
`;

/** @throws UserError, TemplateError or EngineError for what the user can put right. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      orders: { type: 'string' },
      limit: { type: 'string' },
      'assume-consent': { type: 'string', default: 'personalisation,profiling' },
      jurisdictions: { type: 'string', default: String(defaultContext.jurisdictions) },
      report: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'data-dir': { type: 'string', default: '.rapport' },
      port: { type: 'string', default: String(BASE_PORT) },
    },
  });
  const progress = progressOn();
  const stop = new AbortController();
  onStopRequest(() => stop.abort());
  const orders = values.orders;
  try {
    const report = await runDemo({
      jurisdictions: codesIn(values.jurisdictions),
      dataDir: values['data-dir'],
      basePort: portIn(values.port),
      seed: wholeNumber('--seed', values.seed, 0),
      ...(orders === undefined
        ? {}
        : {
            orders: {
              file: orders,
              ...limitIn(values.limit),
              assumeConsent: purposesIn(values['assume-consent']),
            },
          }),
      progress,
      verifyArchives: verifyRegionArchives,
      say: (line) => {
        progress.end();
        process.stderr.write(`  ${line}\n`);
      },
      stopped: stop.signal,
    });
    if (values.report !== undefined)
      writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
    process.stdout.write(printReport(report));
    return addsUp(report) ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write('  stopped\n');
    return 130;
  } finally {
    progress.end();
  }
}
