import { parseArgs } from 'node:util';
import { type Endpoints, playOrders, purposesIn } from '../../lib/demo/play.ts';
import { printReceipts } from '../../lib/demo/print-receipts.ts';
import { progressOn } from '../../lib/demo/progress.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { Ready } from '../../lib/local/regions.ts';
import { limitIn, readReady, under } from '../arguments.ts';

export const name = 'import';
export const summary = 'sends a file of order lines to running regions';
export const usage = `Usage: npx rapport import orders FILE [options]

Reads order lines in the UCI Online Retail format (InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,
CustomerID,Country; plain or gzip) and sends one Order Completed an invoice, and one Order Refunded a cancellation,
to the jurisdiction of its country. Importing a file again changes nothing: each order is then a duplicate.

  --limit N               only the first N lines
  --assume-consent LIST   purposes every customer is taken to allow (default personalisation,profiling), or none
  --jurisdictions LIST    only these of the running regions
  --data-dir DIR          where the regions wrote ready.json (default .rapport)
`;

/** @throws UserError for what the user can put right. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      limit: { type: 'string' },
      'assume-consent': { type: 'string', default: 'personalisation,profiling' },
      jurisdictions: { type: 'string' },
      'data-dir': { type: 'string', default: '.rapport' },
    },
  });
  const [what, file, ...rest] = positionals;
  if (what !== 'orders' || file === undefined || rest.length > 0)
    throw new UserError('import takes: orders FILE; see --help');
  const progress = progressOn();
  try {
    const played = await playOrders({
      file,
      ...limitIn(values.limit),
      assumeConsent: purposesIn(values['assume-consent']),
      endpoints: chosen(readReady(values['data-dir']), values.jurisdictions),
      now: Date.now(),
      progress,
    });
    process.stdout.write(printReceipts(played));
  } finally {
    progress.end();
  }
  return 0;
}

function chosen({ jurisdictions }: Ready, list: string | undefined): Endpoints {
  if (list === undefined) return jurisdictions;
  return Object.fromEntries(
    list.split(',').map((word) => {
      const code = word.trim().toLowerCase();
      const region = under(jurisdictions, code);
      if (region === undefined) {
        throw new UserError(
          `${code} is not running here; there are: ${Object.keys(jurisdictions).join(', ')}`,
        );
      }
      return [code, region];
    }),
  );
}
