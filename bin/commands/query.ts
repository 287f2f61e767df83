import { parseArgs } from 'node:util';
import { evidenceFolders } from '../../lib/archive/evidence-folders.ts';
import { openArchive } from '../../lib/archive/open.ts';
import { asCsv, asJson, asTable } from '../../lib/archive/print.ts';
import { UserError } from '../../lib/local/errors.ts';
import type { Command } from '../command.ts';

const usage = `Usage: npx rapport query "SQL" [--data-dir DIR] [--jurisdiction CODE] [--json | --csv]

Asks the local archive with SQL (DuckDB, read-only). Views, over all jurisdictions that are there:
  signals    one row per applied signal
  refusals   one row per event that ended any other way
  effects    one row per merge, refused link, segment move and alert
Columns: DESCRIBE signals. Rows of one customer within a month share row_ref.

  --data-dir DIR        where the region keeps its state (default .rapport)
  --jurisdiction CODE   only this jurisdiction's archive
  --json, --csv         machine-readable instead of a table

Example: npx rapport query "SELECT jurisdiction, signal_name, count(*) AS n FROM signals GROUP BY ALL ORDER BY n DESC"
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string', default: '.rapport' },
      jurisdiction: { type: 'string' },
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
    },
  });
  const [sql] = positionals;
  if (sql === undefined || positionals.length > 1)
    throw new UserError('query takes one SQL statement, in quotes; see --help');
  if (values.json && values.csv) throw new UserError('--json or --csv, not both');

  const archive = await openArchive(chosen(evidenceFolders(values['data-dir']), values.jurisdiction));
  try {
    const answer = await archive.ask(sql);
    process.stdout.write(values.json ? asJson(answer) : values.csv ? asCsv(answer) : asTable(answer));
    return 0;
  } finally {
    archive.close();
  }
}

function chosen(
  folders: Readonly<Record<string, string>>,
  code: string | undefined,
): Readonly<Record<string, string>> {
  if (code === undefined) return folders;
  const folder = folders[code];
  if (folder === undefined)
    throw new UserError(`no archive of ${code} here; there are: ${Object.keys(folders).join(', ')}`);
  return { [code]: folder };
}

export const command: Command = { name: 'query', summary: 'ask the local archive with SQL', usage, run };
