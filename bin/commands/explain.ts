import { parseArgs } from 'node:util';
import type { ExplanationView } from '../../functions/contracts/evidence-api.ts';
import { UserError } from '../../lib/local/errors.ts';
import { readReady } from '../arguments.ts';
import type { Command } from '../command.ts';
import { askOperations, regionsIn } from '../operations-client.ts';

const usage = `Usage: npx rapport explain LINEAGE_ID [--day YYYY-MM-DD] [--jurisdiction CODE] [--data-dir DIR] [--json]

Derives one row of the archive again, from the archived signals and the definitions that the row names, and compares it
bit for bit. LINEAGE_ID is the row's row_id, as rapport query shows it:

  npx rapport query "SELECT row_id, kind, name, reasons FROM effects LIMIT 5"

  --day YYYY-MM-DD     UTC day of receipt (column dt): only that day is searched for the row
  --jurisdiction CODE  ask only this jurisdiction
  --data-dir DIR       where the region wrote ready.json (default .rapport)
  --json               machine-readable

The exit code is 1 when the row is there and does not come out the same.
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withIdLast(args),
    allowPositionals: true,
    options: {
      day: { type: 'string' },
      jurisdiction: { type: 'string' },
      'data-dir': { type: 'string', default: '.rapport' },
      json: { type: 'boolean', default: false },
    },
  });
  const [lineageId] = positionals;
  if (lineageId === undefined || positionals.length > 1)
    throw new UserError('explain takes one LINEAGE_ID; see --help');
  const { jurisdictions } = readReady(values['data-dir']);
  const question = { lineageId, ...(values.day === undefined ? {} : { day: values.day }) };
  for (const [code, region] of regionsIn(jurisdictions, values.jurisdiction)) {
    const found = await askOperations<ExplanationView>(code, region, '/v1/evidence/explain', question);
    if (found === null) continue;
    process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : asText(code, found));
    return found.verdict === 'different' ? 1 : 0;
  }
  throw new UserError(`no archive here has a row ${lineageId} (the newest rows are archived a window later)`);
}

/** An id may begin with a hyphen, and is no option for that. */
const LINEAGE_ID = /^[\w-]{22}(\.[\da-z]{1,7})?$/;
const withIdLast = (args: readonly string[]): string[] => {
  const ids = args.filter((arg) => LINEAGE_ID.test(arg));
  return [...args.filter((arg) => !LINEAGE_ID.test(arg)), '--', ...ids];
};

function asText(code: string, found: ExplanationView): string {
  const pairs = (of: Readonly<Record<string, string | number | null>>): string =>
    Object.entries(of)
      .map(([name, value]) => `    ${name.padEnd(16)} ${value ?? '-'}\n`)
      .join('');
  return [
    `${code}: ${found.verdict}: ${found.meaning}\n`,
    `  row of ${found.table}, by ${found.policyVersion}${found.at === null ? '' : `, judged at ${found.at}`}\n`,
    `  recorded\n${pairs(found.recorded)}`,
    found.derived === null ? '' : `  derived again\n${pairs(found.derived)}`,
    found.from.length === 0
      ? ''
      : `  from ${found.from.length} archived signals, ${found.from.slice(0, 3).join(', ')}${found.from.length > 3 ? ', …' : ''}\n`,
  ].join('');
}

export const command: Command = {
  name: 'explain',
  summary: 'derives an effect again from the archive and compares',
  usage,
  run,
};
