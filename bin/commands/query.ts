import { parseArgs } from 'node:util';
import { queries } from '../../functions/registry/queries/index.ts';
import type { QueryDefinition } from '../../functions/registry/query-definition.ts';
import { type EvidenceFolders, evidenceFolders } from '../../lib/archive/evidence-folders.ts';
import { askNamed } from '../../lib/archive/named.ts';
import { type Answer, openArchive } from '../../lib/archive/open.ts';
import { asCsv, asJson, asTable } from '../../lib/archive/print.ts';
import { UserError } from '../../lib/local/errors.ts';
import { settings } from '../arguments.ts';
import type { Command } from '../command.ts';

const usage = `Usage: npx rapport query NAME [--param NAME=VALUE]... [--data-dir DIR] [--jurisdiction CODE] [--json | --csv]
       npx rapport query "SQL" [--data-dir DIR] [--jurisdiction CODE] [--json | --csv]
       npx rapport query --list

Asks the local archive (DuckDB, read-only): a question by its name, the same text that lies ready in Athena, or your own
SQL. Views, over all jurisdictions that are there:
  signals    one row per applied signal
  refusals   one row per event that ended any other way
  effects    one row per merge, refused link, segment move, alert and step of an erasure
Columns: DESCRIBE signals. Rows of one customer within a month share row_ref.

  --list                the questions that have a name, with their parameters
  --param NAME=VALUE    a parameter of the question; may come several times
  --data-dir DIR        where the region keeps its state (default .rapport)
  --jurisdiction CODE   only this jurisdiction's archive
  --json, --csv         machine-readable instead of a table

Examples: npx rapport query withheld --param from=2026-11-01
          npx rapport query "SELECT jurisdiction, signal_name, count(*) AS n FROM signals GROUP BY ALL ORDER BY n DESC"
`;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      param: { type: 'string', multiple: true, default: [] },
      'data-dir': { type: 'string', default: '.rapport' },
      jurisdiction: { type: 'string' },
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    process.stdout.write(queries.map(described).join('\n'));
    return 0;
  }
  const [wanted] = positionals;
  if (wanted === undefined || positionals.length > 1)
    throw new UserError('query takes the name of a question or one SQL statement, in quotes; see --help');
  if (values.json && values.csv) throw new UserError('--json or --csv, not both');

  const parameters = settings('--param', values.param);
  const folders = chosen(evidenceFolders(values['data-dir']), values.jurisdiction);
  const answer = await (NAME.test(wanted)
    ? askNamed(questionOf(wanted), parameters, folders, today())
    : askSql(wanted, parameters, folders));
  process.stdout.write(values.json ? asJson(answer) : values.csv ? asCsv(answer) : asTable(answer));
  return 0;
}

/** One word: no SQL statement is. */
const NAME = /^[a-z][a-z-]*$/;

const today = (): string => new Date().toISOString().slice(0, 10);

function questionOf(name: string): QueryDefinition {
  const found = queries.find((query) => query.name === name);
  if (found === undefined)
    throw new UserError(
      `no question is called ${name}; there are: ${queries.map((query) => query.name).join(', ')}`,
    );
  return found;
}

async function askSql(
  sql: string,
  parameters: Readonly<Record<string, string>>,
  folders: EvidenceFolders,
): Promise<Answer> {
  if (Object.keys(parameters).length > 0)
    throw new UserError('--param is for questions with a name; write the values into your SQL');
  const archive = await openArchive(folders);
  try {
    return await archive.ask(sql);
  } finally {
    archive.close();
  }
}

const described = ({ name, question, parameters }: QueryDefinition): string =>
  [
    `${name}\n  ${question}`,
    ...Object.entries(parameters).map(([parameter, { meaning }]) => `    ${parameter}: ${meaning}`),
    '',
  ].join('\n');

function chosen(folders: EvidenceFolders, code: string | undefined): EvidenceFolders {
  if (code === undefined) return folders;
  const folder = folders[code];
  if (folder === undefined)
    throw new UserError(`no archive of ${code} here; there are: ${Object.keys(folders).join(', ')}`);
  return { [code]: folder };
}

export const command: Command = { name: 'query', summary: 'ask the local archive with SQL', usage, run };
